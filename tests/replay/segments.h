/*
 * segments.h - what the SMSC's side of a capture becomes: submits, their
 * answers, receipts and cancels, and which belong together.
 *
 * The same octets to the same number are further attempts; a receipt belongs
 * to the submit to that number whose answer had its message id (as it is, or
 * the same number in hexadecimal and decimal).
 *
 * Memory: attempts among the last 1,048,576 different segments, and receipts
 * of the last 1,048,576 that were accepted; what is older is not known.
 */
#ifndef SEGMENTS_H
#define SEGMENTS_H

#include <stdint.h>

#include "../smsc/smpp_pdu.h"
#include "owners.h"

struct segments;

struct segments *segments_new(struct owners *owners);
void segments_free(struct segments *segments);

/* What is known of a submit that is about to be recorded as this number. */
struct segment {
    struct udh udh;
    uint64_t number;            /* hash of the destination */
    int64_t attempt, first;     /* first: -1 if this is it */
    int64_t push;               /* -1: unknown */
};
struct segment segments_submit(struct segments *segments, int64_t submit,
                               const struct smpp_submit *sms);

/* The hash of a number by which accepted submits are found again. */
uint64_t segments_number(const char *digits);
/* It was answered with this message id. */
void segments_accepted(struct segments *segments, int64_t submit,
                       uint64_t number, const char *message_id);
/* The submit to this number that has the message id; -1 if none is known. */
int64_t segments_find(struct segments *segments, uint64_t number,
                      const char *message_id);

#endif
