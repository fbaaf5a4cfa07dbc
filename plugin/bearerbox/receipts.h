/*
 * receipts.h - receipts on their way to the ledger
 *
 * A receipt for a group in memory moves it at once. One for a group that
 * only awaits receipts goes to the database, which finds its copy by
 * (smsc-id, message id) and returns the groups that it may move on. One
 * whose id nobody knows may have overtaken its submit_sm_resp: it is held
 * for a moment here, in case the answer comes, before the database (and
 * there the inbox for receipts of other instances) gets it.
 *
 * Belongs to the scheduler's thread.
 */

#ifndef CONVOY_RECEIPTS_H
#define CONVOY_RECEIPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

typedef struct Receipts Receipts;

Receipts *receipts_create(void);
void receipts_destroy(Receipts *receipts);

/* Returns false if an older one was given up for it (see receipts.c).
 * To the database with the next call; `hold`: only after a moment, unless
 * receipts_claim() takes it before. Texts are copied; ago_us is ignored. */
bool receipts_add(Receipts *receipts, const StoreReceipt *receipt,
                  int64_t at_us, bool hold);

/* Takes a held receipt with this id, if there is one. The texts of
 * `receipt` are NULL; its outcome, code and *at_us are filled in. */
bool receipts_claim(Receipts *receipts, const char *smsc_id,
                    const char *message_id, StoreReceipt *receipt,
                    int64_t *at_us);

/* Moves held ones whose moment has passed to those that go; returns when
 * the next is due (INT64_MAX: none is held). */
int64_t receipts_ripen(Receipts *receipts, int64_t now);

/* Is there anything to send, and is no call under way? */
bool receipts_ready(const Receipts *receipts);

/* Was a call lost or refused? It must be repeated before any other. */
bool receipts_lost(const Receipts *receipts);

/* Is a call not yet answered for good? */
bool receipts_waiting(const Receipts *receipts);

/* Is there none left, held, waiting or sent? */
bool receipts_empty(const Receipts *receipts);

/* Sends what there is, up to a bound, as one call, under a new number; or
 * what was lost, under the instance and the number that it had. */
void receipts_send(Receipts *receipts, Store *store, const char *instance,
                   int64_t *next_number, int64_t now, StoreGroups *done,
                   void *arg);

/* The call was answered; unless it is committed, it is sent again. */
void receipts_answered(Receipts *receipts, StoreOutcome outcome);

#endif
