/*
 * notification.h - what a PI is told of a result, and what its answer means
 */

#ifndef CONVOY_NOTIFICATION_H
#define CONVOY_NOTIFICATION_H

#include <stddef.h>

#include "store/store.h"
#include "wapbox/poster.h"

/* The resultnotification-message, for pap_text_free(); NULL without memory.
 * `sender_address` is the PPG's URL, or NULL. */
char *notification_write(const StoreNote *note, const char *sender_address,
                         const char *sender_name);

/*
 * Whether the PI has heard: STORE_ACKNOWLEDGED, STORE_REFUSED or
 * STORE_MALFORMED, or NULL if it has to be told again. No rule of PAP says
 * which answers those are; a PI that says 2xx has the document, whatever it
 * thinks of it. Puts the answer in words into `answer`.
 */
const char *notification_judge(const PosterResult *result, char *answer,
                               size_t size);

#endif
