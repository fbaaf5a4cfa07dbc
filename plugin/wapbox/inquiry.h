/*
 * inquiry.h - one status query or cancel on its way to its answer
 *
 * The PAP thread makes it, the intake's worker answers its client and frees
 * it: one owner at a time.
 */

#ifndef CONVOY_INQUIRY_H
#define CONVOY_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "gwlib/gwlib.h"

#include "mailbox.h"
#include "pap/pap_inquiry.h"

typedef struct {
    Letter letter;                  /* to the intake */
    HTTPClient *client;             /* NULL once it was answered */
    PapInquiry pap;
    char *pi;                       /* "" where PIs are trusted */

    /* The worker's, by the now_us() clock. */
    int64_t answer_by_us;           /* then it hears, whatever is known */
    int64_t decide_by_us;           /* of a cancel: longer it does not wait */
    int64_t look_at_us;             /* when the database is asked next */
    int64_t delay_us;               /* before it is asked once more */
    bool requested;                 /* of a cancel: a request is committed */
} Inquiry;

/* By the Content-Type of a request: is it one, and not a push? */
bool inquiry_is_one(const Octstr *type);

/*
 * Reads a request. Never NULL, and to be freed with inquiry_destroy(). *wrong
 * becomes NULL, or what is wrong with it, for a badmessage-response with
 * fault->code; it lives as long as `fault`.
 */
Inquiry *inquiry_read(const Octstr *type, const Octstr *body,
                      PapFault *fault, const char **wrong);

/* Its client must have been answered. NULL is allowed. */
void inquiry_destroy(Inquiry *inquiry);

#endif
