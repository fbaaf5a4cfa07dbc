/*
 * core_script.h - a group's life as small scripts
 *
 * A case feeds a script and says what the group is and wants afterwards.
 * The words of a script:
 *
 *     NAME or NAME:COPY    an event, by its name in group.h
 *     !NAME:COPY           an event that must be illegal
 *     send                 hand over the segment in turn
 *     ask                  ask for the next cancel
 *     +MS                  let milliseconds pass, and tick
 *     @COPY=SECONDS        when the phone got it, says the receipt to come
 *     doubt                write down what the group itself put in doubt
 *     crash                drop the group, rebuild it from the ledger rows
 *                          that were written, and adopt it
 *
 * What it wants: "STATE aim attempt; segment to send, copy to cancel, copies
 * outstanding, milliseconds to its next time event", '-' for none.
 */
#ifndef CORE_SCRIPT_H
#define CORE_SCRIPT_H

#include "core/group.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS INT64_C(1000)
#define DEADLINE (100000 * MS)

extern const GroupLimits script_limits;

typedef struct {
    int number, segment, attempt;
    LedgerOutcome outcome;
    int64_t at;
    int done;
    int64_t arrived;
} Row;

typedef struct {
    Group g;
    GroupLimits limits;
    Row rows[64];
    int rows_len;
    int64_t now;
    const char *script;         /* for messages */
} Stage;

typedef struct {
    int segments;
    const char *script;
    const char *expected;
} Case;

/* `stage` has its limits; the caller frees its group. */
void script_run(Stage *stage, int segments, const char *text);

/* Fails the test where a group is or wants otherwise than expected. */
void script_check(const Case *cases, size_t n, const GroupLimits *limits);

#endif
