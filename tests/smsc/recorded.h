/*
 * recorded.h - the SMSC's side of a trace (tests/replay), by what a gateway
 * submits.
 *
 * A gateway under test sends the recorded groups of segments again, but
 * under other references, at other times, perhaps with other words
 * (stand-ins), and perhaps not all segments of one: it may stop at a refusal
 * where the recorded gateway went on. So a group that is new, by receiver,
 * reference and number of segments, is taken for the next recorded one to
 * that receiver with as many segments, or else with any number of them (the
 * gateways may not make the same number of one push), in the order of the
 * trace, and all its segments with it. Octets that come again are the next
 * attempt of the same segment.
 *
 * Each submit of the trace takes some 100 octets of memory.
 */
#ifndef SMSC_RECORDED_H
#define SMSC_RECORDED_H

#include <stdbool.h>
#include <stdint.h>

#include "outages.h"

enum recorded_answer {
    RECORDED_UNKNOWN,           /* the trace does not say */
    RECORDED_STATUS,
    RECORDED_NONE               /* there was no answer */
};

/* Times are microseconds after the submit; of a state that is 0: none. */
struct recorded_submit {
    int64_t t;                  /* microseconds since the trace's begin */
    int64_t answer_us, receipt_us, again_us, interim_us;
    uint32_t status;
    uint32_t attempt;           /* from 1 */
    uint32_t next_attempt;      /* of the same octets; 0: there is none */
    uint8_t answer;             /* enum recorded_answer */
    uint8_t receipt, interim;   /* as PLAN_RECEIPT's value */
    bool again, intermediate;   /* two receipts; a notification is one */
    bool cancelled;
    bool unasked;               /* the gateway wanted no receipt */
};

struct recorded;

/* Reads a trace; all its times are divided by `speed`. Its outages are put
 * into `outages`. NULL if it is wrong; then `error` says why, in one line. */
struct recorded *recorded_load(const char *path, double speed,
                               struct outages *outages, char *error,
                               size_t error_size);
void recorded_free(struct recorded *recorded);          /* NULL: nothing */

/* What is known of a segment when it comes. */
struct recorded_key {
    const char *receiver;
    int reference;              /* -1: it is no part of a group */
    unsigned segment, total, attempt;
    uint64_t octets;            /* a hash of them and of the receiver */
};

/* The number in the trace of the submit that this one repeats, or 0: the
 * trace has none. */
uint32_t recorded_find(struct recorded *recorded,
                       const struct recorded_key *key);

/* Whether that there is no receipt means that there was none. */
bool recorded_has_receipts(const struct recorded *recorded);

/* By that number; NULL for 0. */
const struct recorded_submit *recorded_submit(
    const struct recorded *recorded, uint32_t number);

#endif
