/*
 * findings.h - what a PI is told of a push that it asks about
 *
 * Pure: the database's rows and the PI's document in, the answer out. Which
 * group is meant by which address, what PAP calls its state, and whether a
 * cancel of it has been decided.
 */

#ifndef CONVOY_FINDINGS_H
#define CONVOY_FINDINGS_H

#include <stdint.h>

#include "pap/pap_inquiry.h"
#include "pap/pap_write.h"
#include "store/store.h"

typedef struct {
    PapFinding *items;              /* texts are the inquiry's, the rows', or
                                     * static */
    int n;
    int64_t *to_cancel;             /* groups whose cancel is to be requested */
    int n_to_cancel;
    int undecided;                  /* those included whose cancel has been,
                                     * and that have not ended yet */
} Findings;

/*
 * `rows` are those of store_push_status(). An undecided group's finding is
 * what is true if nobody waits any longer. findings_free() frees.
 */
void findings_make(Findings *findings, const PapInquiry *inquiry,
                   const StoreStatus *rows, int n);

void findings_free(Findings *findings);

#endif
