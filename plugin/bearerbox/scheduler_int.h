/*
 * scheduler_int.h - what the scheduler's own files share
 */

#ifndef CONVOY_SCHEDULER_INT_H
#define CONVOY_SCHEDULER_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "bearerbox/active.h"
#include "bearerbox/batch.h"
#include "bearerbox/filter.h"
#include "bearerbox/ids.h"
#include "bearerbox/news.h"
#include "bearerbox/questions.h"
#include "bearerbox/queue.h"
#include "bearerbox/receipts.h"
#include "bearerbox/scheduler.h"

enum { LOG_LEVEL_INFO = 1, LOG_LEVEL_WARNING = 2, LOG_LEVEL_ERROR = 3 };

/* Groups that wait for one link. */
typedef struct {
    unsigned long serial;
    ActiveQueue bound;          /* the SMSC may have a part of the attempt */
    ActiveQueue unbound;        /* may take another link as well */
} LinkQueue;

/* How many groups of a route wait for a link; as of the moment `judged`, are
 * they enough? And do those that its SMSC refuses fill half of all places, by
 * the last count; the next one is due at `count_at`. */
typedef struct {
    char *route;
    int n;
    bool crowded;
    int64_t judged;
    bool half_refused;
    int64_t count_at;
} RouteWait;

struct Scheduler {
    SchedulerSetup setup;
    Store *store;
    Links *links;
    Actives *actives;
    Ids *ids;
    Filter *known;              /* message ids whose answer has been seen */
    Receipts *receipts;
    Questions *questions;

    char instance[INSTANCE_SIZE];   /* the name our batches are under */
    LeaseHeld *held;            /* leases, and until when */
    int n_held;
    bool yielding;              /* some of them are wanted elsewhere */
    int64_t held_until;

    Batch *open, *flying;
    int64_t flying_number, next_number;
    char flying_instance[INSTANCE_SIZE];
    bool flying_lost;           /* to be sent again under its number */
    bool reclaim;               /* the leases held are void; take new ones */
    bool reclaim_asked;
    bool reclaiming;            /* nothing is sent before groups in hand
                                 * have their new epochs */
    bool open_final, flying_final;  /* the batch has results in it */
    bool wake_owed;             /* and notifiers are to be told so */

    LinkQueue *queues;
    int n_queues;
    ActiveQueue stranded;       /* no link can take them now */
    int64_t look_again;         /* whether another link takes what waits */
    RouteWait *waits;
    int n_waits;

    bool woken;                 /* since the database was last asked */
    bool claiming, claim_wanted, adopting, adopt_wanted, looking_due;
    bool claim_outdated;        /* the claim under way may bring groups of
                                 * leases that are to be given back */
    int begun_since_claim;
    int64_t gather_until;       /* no claim before */
    int64_t next_claim, next_due, next_adopt, next_sweep, next_maintain;
    int64_t next_wake;
    int64_t retry_at;           /* of what the database refused */

    unsigned short dice[3];
    atomic_bool draining, drained, links_end, stopping;
    bool drain_begun;

    pthread_mutex_t figures_lock;
    SchedulerFigures figures, shown;
    SchedulerDetails details;
    int64_t next_details;
};

double scheduler_random(Scheduler *s);
void scheduler_log(Scheduler *s, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Is this lease held now, with this epoch? */
bool scheduler_holds(const Scheduler *s, int lease, int64_t epoch,
                     int64_t now);

/* Does somebody else wait for this lease, or for all since the box ends? */
bool scheduler_yields(const Scheduler *s, int lease);

/* Whether what the links have told may go to the database now. */
bool scheduler_may_tell(const Scheduler *s);

/* If a call was refused nothing is asked for a moment: what is kept is to be
 * tried again. (The store has told the operator.) */
void scheduler_refused(Scheduler *s, StoreOutcome outcome);

/* --- figures.c: what it shows of itself ---------------------------------- */

void figures_show(Scheduler *s, int64_t now);

/* --- answers.c: what links and leases tell ------------------------------- */

void answers_take(Scheduler *s, News *news);

/* --- asks.c: cancels and queries ----------------------------------------- */

/* Cancels the copies that a rollback takes back. True: the group changed. */
bool asks_cancel(Scheduler *s, Active *active, int64_t now);
/* Queries a group before it ends UNKNOWN, where that is wanted. True: it has
 * to wait for answers. */
bool asks_query(Scheduler *s, Active *active, int64_t now);
void asks_answered(Scheduler *s, const LinkNews *news);
void asks_pump(Scheduler *s, int64_t now);

/* --- claims.c: what is taken from the database --------------------------- */

/* Asks for what is wanted and not under way. */
void claims_ask(Scheduler *s, int64_t now);
void claims_send_receipts(Scheduler *s, int64_t now);

/* --- progress.c: what happens to groups ---------------------------------- */

void progress_timers(Scheduler *s, int64_t now);
/* An event about a copy: its ledger row, then the state machine. */
void progress_event(Scheduler *s, Active *active, GroupEvent what, int copy,
                    const Ticket *about, const char *message_id, int code,
                    const char *text, int64_t at_us);
/* A receipt as a row of the ledger has it, and back; `code` as in
 * StoreLedgerRow. `text`: the receipt's, or NULL. */
GroupEvent progress_receipt_event(LedgerOutcome outcome, int code);
int progress_receipt_code(GroupEvent what, const char *text);
/* A row about a copy, also of a group that is not in hand. */
void progress_row(Scheduler *s, const Ticket *about, LedgerOutcome outcome,
                  const char *message_id, int code, const char *text,
                  int64_t at_us);
/* What the ledger says of a copy of a group in hand. */
Ticket progress_about(const Active *active, int copy);
/* Time has passed for it. May free it. */
void progress_tick(Scheduler *s, Active *active, int64_t now);
/* The group changed: record its doubts and state, set its timer. May free
 * it. */
void progress_touch(Scheduler *s, Active *active, int64_t now);
/* Is its state another than what was last put into a batch? */
bool progress_differs(const Active *active);
/* Puts its state into the open batch; `due` as for batch_set_state(). */
void progress_store(Scheduler *s, Active *active, int64_t due);
/* One batch with news of this group has been answered. */
void progress_committed(Scheduler *s, Active *active, Batch *batch);
/* Takes a segment back that its link has not written yet; false: it has. */
bool progress_take_back(Scheduler *s, Active *active, int64_t now);
/* Not ours any more: forget it as soon as nothing refers to it. */
void progress_drop(Scheduler *s, Active *active);

/* --- report.c: what a PI has an smsbox told ------------------------------ */

/* The batch is committed: reports on the groups that ended with it. */
void report_ended(Scheduler *s, const Batch *batch);

/* --- giveback.c: what goes back to the queue -------------------------- */

/* Could the group go back, and is its lease wanted elsewhere? */
bool giveback_is_due(const Scheduler *s, const Active *active);
/* Gives back all of which that is true. */
void giveback_all_due(Scheduler *s, int64_t now);

/* --- handover.c: groups wait for links, links get segments --------------- */

/* This group has a segment to hand over now. */
void handover_queue(Scheduler *s, Active *active, int64_t now);
void handover_pump(Scheduler *s, int64_t now);
void handover_link_down(Scheduler *s, unsigned long serial, int64_t now);
/* Those that found no link, or whose link takes nothing now (or all that are
 * not bound to one), look again. */
void handover_look_again(Scheduler *s, bool all, int64_t now);
/* Do enough groups of this route wait, and none of its links idles, or do
 * those that its SMSC refuses fill half of all places? */
bool handover_crowded(Scheduler *s, const char *route, int64_t now);
/* Groups that wait for a link and are not bound to one. */
int handover_unbound(const Scheduler *s);
/* How many of this route, and how many for this link. */
int handover_of_route(Scheduler *s, const char *route);
const LinkQueue *handover_of_link(Scheduler *s, unsigned long serial);
void handover_destroy(Scheduler *s);
/* Is there work that only waits for a link to be ready? */
bool handover_waiting(const Scheduler *s);

#endif
