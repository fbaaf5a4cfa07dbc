/*
 * scheduler.h - sends groups, one worker thread for one bearerbox
 *
 * The worker owns everything: the groups in memory, all timers, and the
 * connection to the database. News from links and leases comes through its
 * mailbox; what it decides goes out through Wire. Its loop never blocks but
 * in poll().
 *
 * One round of the loop (scheduler.c):
 *   news and timers move groups              answers.c, progress.c
 *   what they did goes into the open batch   batch.c
 *   one batch at a time is committed         batch.c, store.h
 *   committed groups go on: next segment     handover.c
 *   or accepted ones are taken back          asks.c
 *   free places are filled by new claims     claims.c
 */

#ifndef CONVOY_SCHEDULER_H
#define CONVOY_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "bearerbox/leases.h"
#include "bearerbox/links.h"
#include "bearerbox/tickets.h"
#include "bearerbox/wire.h"
#include "core/classify.h"
#include "core/group.h"
#include "mailbox.h"

typedef struct Scheduler Scheduler;

/* All borrowed for the scheduler's life. */
typedef struct {
    const char *conninfo;
    const GroupLimits *limits;
    const StatusOverrides *overrides;
    int64_t answer_timeout_us;
    int64_t reference_hold_us;
    bool query;                     /* ask the SMSC before UNKNOWN */
    int active_groups;              /* groups in memory at most */
    const Wire *wire;
    Mailbox *mailbox;
    Tickets *tickets;
    Leases *leases;
    LastBatch *last_batch;          /* learns what is committed */
    void (*log)(int level, const char *text);   /* level of the host */
} SchedulerSetup;

/* Figures for the status page. */
typedef struct {
    bool database_up;
    int leases, groups, waiting;
    int64_t submitted, accepted, refused, doubted, receipts, cancelled;
    int64_t claimed, finished, fenced;
} SchedulerFigures;

/* The same by route and by link, up to a quarter of a second old. */
typedef struct {
    char route[64];             /* "": any */
    int leases, waiting;        /* groups that wait for a link */
} RouteFigures;

typedef struct {
    unsigned long serial;
    char smsc_id[64];
    bool active;
    int unanswered, bound, waiting;
    double speed, held_to;      /* segments a second; 0: not held */
} LinkFigures;

enum { FIGURES_MAX = 64 };      /* routes and links at most */

typedef struct {
    RouteFigures routes[FIGURES_MAX];
    LinkFigures links[FIGURES_MAX];
    int n_routes, n_links;
} SchedulerDetails;

Scheduler *scheduler_create(const SchedulerSetup *setup);
void scheduler_destroy(Scheduler *scheduler);

/* The worker: returns after scheduler_stop(). */
void scheduler_run(Scheduler *scheduler);

/* Any thread. Drain: claim nothing more. Returns true once no group is in
 * memory and every batch is committed. */
bool scheduler_drain(Scheduler *scheduler);

/* Any thread. The links of this bearerbox are about to end for good: what
 * they still tell is put on record, but that there are none decides nothing
 * any more. The next owner goes on. */
void scheduler_links_end(Scheduler *scheduler);

void scheduler_stop(Scheduler *scheduler);
void scheduler_figures(Scheduler *scheduler, SchedulerFigures *figures);
void scheduler_details(Scheduler *scheduler, SchedulerDetails *details);

#endif
