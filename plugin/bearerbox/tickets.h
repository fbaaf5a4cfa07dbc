/*
 * tickets.h - segments that are with a link
 *
 * Each hand-over to a link gets a ticket: a number that travels in the
 * host's message and comes back in all news about it. The table says which
 * copy of which group it stands for, and answers the last look before the
 * write, in the link's own thread: is the lease still ours, has the group
 * been stopped meanwhile, is its deadline over (DESIGN, invariants 8 and
 * 11)? A ticket lives until its answer has come, however late, so that a
 * late message id still finds its way into the ledger.
 *
 * One leaf lock; every call is short. Owned by the scheduler.
 */

#ifndef CONVOY_TICKETS_H
#define CONVOY_TICKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/classify.h"
#include "store/store.h"

typedef struct Tickets Tickets;

typedef struct {
    int64_t group, epoch;
    int lease;                      /* held with that epoch, or no write */
    int segment, attempt, copy;     /* copy: number of the submit, from 1 */
    unsigned long link;
    Driver driver;
    char smsc_id[64];
    int64_t issued_us, written_us;  /* written_us 0: not on the wire yet */
    bool doubted;                   /* its answer time-out has passed */
} Ticket;

Tickets *tickets_create(void);
void tickets_destroy(Tickets *tickets);

/* Worker. `not_after_us` (now_us() scale): never written later than that.
 * Returns the ticket's number, never 0. */
uint64_t tickets_issue(Tickets *tickets, const Ticket *ticket,
                       int64_t not_after_us);

/* Thread of the leases: only what stands under these is written, with their
 * epochs, and nothing from `until_us` on (now_us() scale). */
void tickets_fence(Tickets *tickets, const StoreLease *leases, int n,
                   int64_t until_us);

/* Thread of the leases: nothing of these is written any more. To be called
 * before the database hears that somebody else may have them. */
void tickets_give_back(Tickets *tickets, const int *leases, int n);

/* Worker: refuse this one at the last look. Returns true if it had not been
 * written, that is: it surely will not leave. */
bool tickets_revoke(Tickets *tickets, uint64_t number);

/* Link's thread: the last look. True: write it, and it counts as written.
 * `*hungry` then tells that the scheduler waits for this link's queue to
 * empty (tickets_wait), and that it half has. */
bool tickets_may_write(Tickets *tickets, uint64_t number, bool *hungry);

/* Worker: tell once, when no more than `unwritten` are left of this link. */
void tickets_wait(Tickets *tickets, unsigned long link, int unwritten);

/* Worker: reads a ticket; false if there is none. */
bool tickets_get(Tickets *tickets, uint64_t number, Ticket *ticket);

/* Worker: the answer has come (or never will): reads it and forgets it. */
bool tickets_take(Tickets *tickets, uint64_t number, Ticket *ticket);

/* Worker: marks it as in doubt; it stays for the late answer. */
void tickets_doubt(Tickets *tickets, uint64_t number);

/* Worker: forgets doubted tickets issued before `before_us`. */
void tickets_expire(Tickets *tickets, int64_t before_us);

/* Tickets of this link that are handed over but not written. */
int tickets_unwritten(Tickets *tickets, unsigned long link);

/* Tickets of this link that are unanswered and not in doubt. */
int tickets_unanswered(Tickets *tickets, unsigned long link);

#endif
