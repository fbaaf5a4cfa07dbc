/*
 * leases.h - which part of the queue this bearerbox may send
 *
 * A lease is (route, shard) with an epoch; whoever holds it, and nobody
 * else, sends the groups in it. This file takes, renews and gives back the
 * leases on a connection and a thread of its own, so that a renewal never
 * waits behind a batch or behind a lock of the host. Only the database's
 * clock decides when a lease ends; this side stops on its own monotonic
 * clock, counted from the moment the renewal was sent, minus a margin.
 *
 * What it holds comes to the scheduler as NEWS_LEASES in its mailbox, with
 * the instance name under which it holds it: each start and each reconnect
 * of the scheduler is an instance of its own, which inherits the leases of
 * the one before under new epochs.
 */

#ifndef CONVOY_LEASES_H
#define CONVOY_LEASES_H

#include <stdbool.h>

#include "bearerbox/last_batch.h"
#include "bearerbox/links.h"
#include "mailbox.h"

typedef struct Leases Leases;

typedef struct {
    const char *conninfo, *deployment;
    const char *box;            /* unique in the cluster; borrowed */
    const Wire *wire;
    Mailbox *to;                /* the scheduler's */
    Tickets *tickets;           /* is told what may be written, until when */
    LastBatch *last_batch;      /* the database must know it */
    /* how to start and join a thread of the host */
    long (*spawn)(void (*run)(void *arg), void *arg);
    void (*join)(long thread);
    void (*log)(int level, const char *text);
} LeasesSetup;

Leases *leases_start(const LeasesSetup *setup);

/* Any thread: give all back and take anew, under a new instance name and
 * with new epochs, since a connection broke and what was in flight may still
 * commit. */
void leases_renew_all(Leases *leases);

/* Any thread: no group of these is in hand any more, and somebody else waits
 * for them (LeaseHeld.yielding). */
void leases_yield(Leases *leases, const int *ids, int n);

/* Any thread: ask now, since links came or went. */
void leases_hurry(Leases *leases);

/* Gives all back (waits up to two seconds for the answer), ends the thread,
 * frees. */
void leases_stop(Leases *leases);

#endif
