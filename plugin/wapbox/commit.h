/*
 * commit.h - many pushes in one commit
 *
 * One batch is in flight while the next collects: a lone push goes at once,
 * a burst shares commits, and nothing waits for a timer. Every push given to
 * it is answered in time: after its commit 1001, or 2007 if its push-id was
 * known; 4001 when the database is gone or does not answer.
 *
 * The intake's worker only.
 */

#ifndef CONVOY_COMMIT_H
#define CONVOY_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "store/store.h"
#include "wapbox/push.h"

typedef struct Commit Commit;

/* Never NULL. Both are borrowed for the Commit's life. */
Commit *commit_create(const Config *config, Store *store);

/* When the store is closed, and with it the batch in flight. */
void commit_destroy(Commit *commit);

/* The store's state; it counts as coming up until it was up once. */
void commit_set_state(Commit *commit, StoreState state);

/* Takes over a push with a client and without a refusal. */
void commit_add(Commit *commit, Push *push);

/* Does what is due: the next batch, answers to those who waited too long,
 * the wake-up of schedulers. Before store_run(). */
void commit_run(Commit *commit, int64_t now_us);

/* The moment by which commit_run() is due again; INT64_MAX: none. */
int64_t commit_next_time(const Commit *commit, int64_t now_us);

/* The moment until which a push that comes can only wait for others; it may
 * be over already. */
int64_t commit_gathers_until(const Commit *commit);

/* Whether a client still waits for its answer. */
bool commit_owes_answer(const Commit *commit);

/* Whether there is anything left to do with the database. */
bool commit_is_busy(const Commit *commit);

#endif
