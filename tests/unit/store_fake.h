/*
 * store_fake.h - a store in memory, for tests of what stands on the store
 *
 * It implements store.h with the meaning that sql/ gives it, and is held to
 * that by the same cases (store_cases.h). Link it instead of libstore.a. All
 * stores of a process work on one queue. A call takes effect when it is made;
 * its answer comes from store_run(), whose now_us is the only clock.
 *
 * And it does on demand what a database does at the worst moment.
 */

#ifndef STORE_FAKE_H
#define STORE_FAKE_H

#include "store/store.h"

/* An empty queue. Call it at the start and, with no store open, to forget
 * everything. */
void fake_reset(const char *deployment);

/* Every connection breaks; unanswered calls, though done, are lost. */
void fake_cut(void);

/* While true nobody gets a connection; those there are break. */
void fake_set_down(bool down);

/* The next n calls that expect an answer are refused, and not done. */
void fake_fail_next(int n);

/* The next call that expects an answer is lost with its connection, done or
 * not. */
void fake_lose_next(bool done);

/* Groups in this state, ended ones included. */
int fake_count(int state);

#endif
