/*
 * inquiries.h - status queries and cancels that are under way
 *
 * A status query is one look into the database. A cancel is requested there,
 * and then looked after until its groups have ended, for five seconds at
 * most: its PI hears 1000 only of what is cancelled for good.
 *
 * The database is asked for one inquiry at a time, so that pushes on the same
 * connection never wait for more than one of them.
 *
 * The intake's worker only.
 */

#ifndef CONVOY_INQUIRIES_H
#define CONVOY_INQUIRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"
#include "wapbox/inquiry.h"

/* Under way at once; more are answered 4001. */
#define INQUIRIES_MAX 500

typedef struct Inquiries Inquiries;

/* Never NULL. The store is borrowed for the Inquiries' life. */
Inquiries *inquiries_create(Store *store);

/* When the store is closed, and with it the call in flight. */
void inquiries_destroy(Inquiries *inquiries);

/* The store's state; it counts as coming up until it was up once. */
void inquiries_set_state(Inquiries *inquiries, StoreState state);

/* Takes over one with a client, and answers it in time. */
void inquiries_add(Inquiries *inquiries, Inquiry *inquiry, int64_t now_us);

/* No cancel waits any longer to be decided. */
void inquiries_hurry(Inquiries *inquiries, int64_t now_us);

/* Does what is due. Before store_run(). */
void inquiries_run(Inquiries *inquiries, int64_t now_us);

/* The moment by which inquiries_run() is due again; INT64_MAX: none. */
int64_t inquiries_next_time(const Inquiries *inquiries);

/* Whether a client still waits for its answer. */
bool inquiries_owe_answer(const Inquiries *inquiries);

#endif
