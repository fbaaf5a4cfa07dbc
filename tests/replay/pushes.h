/*
 * pushes.h - what goes to the PPG and to PIs in a capture becomes records:
 * pushes, their answers, notifications, and outcomes.
 *
 * A notification is about the push with its push-id, if there is only one of
 * the last 524,288 that was accepted. Once the PI has acknowledged it, it is
 * the outcome, too.
 */
#ifndef PUSHES_H
#define PUSHES_H

#include "http.h"
#include "owners.h"
#include "records.h"

struct pushes;

struct pushes *pushes_new(struct records *records, struct owners *owners);
void pushes_free(struct pushes *pushes);

/* A request to the PPG from this address; the number of the push, 0 if it is
 * none. */
int64_t pushes_take(struct pushes *pushes, const struct http_message *message,
                    const char *from, struct tcp_moment moment);
/* `status` and `code` are those of the record. */
void pushes_answered(struct pushes *pushes, int64_t number, int64_t status,
                     int64_t code, struct tcp_moment moment);

/* A request to a PI; the number of the notification, 0 if it is none. */
int64_t pushes_notified(struct pushes *pushes,
                        const struct http_message *message,
                        struct tcp_moment moment);
void pushes_acknowledged(struct pushes *pushes, int64_t number,
                         int64_t status, struct tcp_moment moment);

#endif
