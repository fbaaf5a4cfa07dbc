/*
 * held.h - pushes between the PPG and their datagram
 *
 * The PPG hands over a push twice: first its client, on the PAP thread, then
 * its datagram, from another thread, under the PPG's own number. Between the
 * two the push is held here. The pipeline between may lose it, so a push
 * that waits too long is taken out to be answered; its number then stays as
 * a tombstone, so that a datagram that comes after all is swallowed and not
 * sent the stock way, behind the back of a PI that was told it was not.
 *
 * Any thread; one short lock inside, a leaf.
 */

#ifndef CONVOY_HELD_H
#define CONVOY_HELD_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Held Held;

/* A tombstone is kept this long; the pipeline works within milliseconds. */
#define HELD_TOMBSTONE_US (600 * INT64_C(1000000))

Held *held_create(void);

/* Does not free the pushes that are left. */
void held_destroy(Held *held);

/* Holds `push` (not NULL) under a number not in use, from `now_us` on.
 * Returns true if no other push was held: the earliest one changed. */
bool held_add(Held *held, long number, void *push, int64_t now_us);

/*
 * The datagram of `number` is here. Returns false if the number is unknown:
 * then it is none of ours. Else true, and *push is the push, now the
 * caller's; or NULL if it was answered already. The number is forgotten.
 */
bool held_take(Held *held, long number, void **push);

/* Takes out one push held since `since_us` or earlier, leaving a tombstone;
 * NULL if there is none. Also forgets old tombstones. */
void *held_expire(Held *held, int64_t since_us, int64_t now_us);

/* Since when the oldest push is held; false if there is none. */
bool held_oldest(Held *held, int64_t *since_us);

#endif
