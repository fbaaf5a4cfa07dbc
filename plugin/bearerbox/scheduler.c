/*
 * scheduler.c - see scheduler.h
 *
 * The loop, one batch at a time, the connection, and what is swept up.
 */

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bearerbox/scheduler_int.h"
#include "now.h"
#include "store/store.h"

static const int64_t POLL_US = 250 * 1000;
static const int64_t WAKE_US = 5 * 1000;
static const int64_t SWEEP_US = 1000 * 1000;
static const int64_t YIELD_US = 100 * 1000;     /* sooner while others wait */
static const int64_t LINK_AWAY_US = 5000 * 1000;    /* not just a moment */
static const int64_t RETRY_US = 1000 * 1000;
static const int64_t LAST_WORDS_US = 2000 * 1000;   /* after the links end */
static const int GATHER_MS = 2;
static const int64_t PUMP_US = 20 * 1000;       /* while links are paced */
static const int64_t LATE_US = 600 * (int64_t) 1000000;

double scheduler_random(Scheduler *s)
{
    return erand48(s->dice);
}

void scheduler_log(Scheduler *s, int level, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    s->setup.log(level, text);
}

bool scheduler_holds(const Scheduler *s, int lease, int64_t epoch,
                     int64_t now)
{
    int i;

    if (now >= s->held_until)
        return false;
    for (i = 0; i < s->n_held; i++) {
        if (s->held[i].id == lease)
            return s->held[i].epoch == epoch;
    }
    return false;
}

bool scheduler_yields(const Scheduler *s, int lease)
{
    int i;

    if (atomic_load(&s->draining))
        return true;
    for (i = 0; s->yielding && i < s->n_held; i++) {
        if (s->held[i].id == lease)
            return s->held[i].yielding;
    }
    return false;
}

/* --- batches ------------------------------------------------------------- */

static void finish_batch(Scheduler *s, const int64_t *fenced, int n)
{
    Batch *batch = s->flying;
    Active **groups;
    int n_groups, i, k;

    s->flying = NULL;
    s->figures.fenced += n;
    groups = batch_groups(batch, &n_groups);
    for (i = 0; i < n_groups; i++) {
        for (k = 0; k < n && fenced[k] != groups[i]->id; k++)
            ;
        groups[i]->fenced = k < n;
        if (k < n)
            progress_drop(s, groups[i]);    /* pending: it is not freed */
    }
    report_ended(s, batch);
    for (i = 0; i < n_groups; i++)
        progress_committed(s, groups[i], batch);
    batch_destroy(batch);
    s->claim_wanted = true;
    s->wake_owed = s->wake_owed || s->flying_final;
}

/* Only after the commit: a notifier that looks before finds nothing. */
static void wake_notifiers(Scheduler *s, int64_t now)
{
    if (!s->wake_owed || now < s->next_wake)
        return;
    s->wake_owed = false;
    s->next_wake = now + WAKE_US;
    store_result_wake(s->store);
}

/* Nothing is lost: what was refused is kept and sent again. */
void scheduler_refused(Scheduler *s, StoreOutcome outcome)
{
    if (outcome == STORE_FAILED || outcome == STORE_BUSY)
        s->retry_at = now_us() + RETRY_US;
}

static void batch_done(void *arg, StoreOutcome outcome,
                       const int64_t *fenced, int n)
{
    Scheduler *s = arg;

    if (outcome == STORE_DONE) {
        last_batch_note(s->setup.last_batch, s->flying_instance,
                        s->flying_number);
        finish_batch(s, fenced, n);
        return;
    }
    s->flying_lost = true;
    scheduler_refused(s, outcome);
}

static void send_batch(Scheduler *s)
{
    s->flying_lost = false;
    batch_send(s->flying, s->store, s->flying_instance, s->flying_number,
               now_us(), batch_done, s);
}

/* At the end, when nothing is sent any more, epochs do not matter: what the
 * links have told are facts, and what is not ours any more is fenced. */
bool scheduler_may_tell(const Scheduler *s)
{
    return !s->reclaiming || atomic_load(&s->links_end);
}

static void flush(Scheduler *s)
{
    if (s->flying != NULL || batch_empty(s->open) ||
        !scheduler_may_tell(s) || s->instance[0] == '\0')
        return;
    s->flying = s->open;
    s->open = batch_create();
    s->flying_final = s->open_final;
    s->open_final = false;
    s->flying_number = s->next_number++;
    memcpy(s->flying_instance, s->instance, sizeof(s->instance));
    send_batch(s);
}

/* --- the connection ------------------------------------------------------ */

static void on_state(void *arg, StoreState state)
{
    Scheduler *s = arg;

    s->figures.database_up = state == STORE_UP;
    if (state == STORE_UP) {
        s->reclaim = s->reclaiming = s->instance[0] != '\0';
        s->reclaim_asked = false;
        s->n_held = 0;
    }
}

static void log_store(void *arg, bool bad, const char *text)
{
    Scheduler *s = arg;

    s->setup.log(bad ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, text);
}

static void notified(void *arg, const char *channel, const char *payload)
{
    Scheduler *s = arg;

    (void) channel;
    s->woken = true;
    s->claim_wanted = true;
    if (strcmp(payload, STORE_CANCELS) == 0)
        s->next_due = 0;
}

/* What was in flight goes first, under the old name; then the leases are
 * taken anew, since a claim may have been committed behind our back; and
 * only when the groups in hand have their new epochs, what is open goes. */
static void reconcile(Scheduler *s)
{
    int64_t now = now_us();

    if (store_state(s->store) != STORE_UP || now < s->retry_at)
        return;
    if (s->flying != NULL && s->flying_lost)
        send_batch(s);
    if (receipts_lost(s->receipts))
        claims_send_receipts(s, now);
    if (s->reclaim && !s->reclaim_asked && s->flying == NULL &&
        !receipts_waiting(s->receipts)) {
        s->reclaim_asked = true;
        leases_renew_all(s->setup.leases);
    }
}

/* --- groups whose link or lease is gone ---------------------------------- */

enum { SWEPT_MAX = 64 };

typedef struct {
    Scheduler *s;
    Active *found[SWEPT_MAX];
    int n;
} Sweep;

static void find_lost(Active *active, void *arg)
{
    Sweep *sweep = arg;
    Scheduler *s = sweep->s;
    int i;

    if (sweep->n == SWEPT_MAX)
        return;
    for (i = 0; i < s->n_held; i++) {
        if (s->held[i].id == active->lease)
            return;
    }
    sweep->found[sweep->n++] = active;
}

/*
 * Does it wait for a link while none here serves its route, and nothing of
 * it is under way? Then it goes on as it is where there are links, as after
 * a crash: sooner, and with less sent again, than after a rollback here.
 */
static bool waits_in_vain(const Scheduler *s, const Active *active)
{
    return active->group.state == GROUP_SENDING && active->ticket == 0 &&
        active->pending == 0 && active->batch == NULL &&
        active->stuck_since != 0 &&
        now_us() - active->stuck_since >= LINK_AWAY_US &&
        !links_serve(s->links, active->route);
}

static void mark_in_use(Active *active, void *arg)
{
    Scheduler *s = arg;
    int i;

    if (waits_in_vain(s, active))
        return;
    for (i = 0; i < s->n_held; i++) {
        if (s->held[i].id == active->lease)
            s->held[i].in_use = true;
    }
}

/* Lets go of what others wait for, once nothing of it is in hand. */
static void yield_leases(Scheduler *s)
{
    int *ids = malloc((s->n_held + 1) * sizeof(*ids));
    int i, n = 0;

    if (ids == NULL)
        abort();
    for (i = 0; i < s->n_held; i++)
        s->held[i].in_use = false;
    actives_each(s->actives, mark_in_use, s);
    for (i = 0; i < s->n_held; i++) {
        if (s->held[i].yielding && !s->held[i].in_use)
            ids[n++] = s->held[i].id;
    }
    if (n > 0 && !s->claim_outdated)
        leases_yield(s->setup.leases, ids, n);
    free(ids);
}

/* Forgets groups whose lease went to somebody else. */
static void sweep(Scheduler *s, int64_t now)
{
    Sweep found = { .s = s };
    int i;

    if (now < s->next_sweep)
        return;
    s->next_sweep = now + (s->yielding ? YIELD_US : SWEEP_US);
    tickets_expire(s->setup.tickets, now - LATE_US);
    if (now >= s->held_until || s->reclaiming)
        return;
    actives_each(s->actives, find_lost, &found);
    for (i = 0; i < found.n; i++)
        progress_drop(s, found.found[i]);
    yield_leases(s);
}

/* --- the loop ------------------------------------------------------------ */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int wait_ms(Scheduler *s, int64_t now)
{
    const Active *first = actives_first(s->actives);
    int64_t until = earlier(s->next_claim, earlier(s->next_due,
                                                   s->next_sweep));
    int store_wait = store_poll_timeout(s->store, now);
    int ms;

    if (s->woken)
        return 0;
    if (until < now)
        until = now + POLL_US;      /* it only waits for something else */
    if (first != NULL)
        until = earlier(until, first->when);
    until = earlier(until, s->look_again);
    if (now < s->held_until)
        until = earlier(until, questions_next_time(s->questions, now));
    if (s->claim_wanted && now < s->gather_until)
        until = earlier(until, s->gather_until);
    if (s->wake_owed && store_state(s->store) == STORE_UP)
        until = earlier(until, s->next_wake);
    until = earlier(until, receipts_ripen(s->receipts, now));
    if (handover_waiting(s))
        until = earlier(until, now + PUMP_US);
    ms = until <= now ? 0 : (int) ((until - now + 999) / 1000);
    return store_wait >= 0 && store_wait < ms ? store_wait : ms;
}

/* While a batch is on its way news can only fill the next one: it is let
 * gather for a moment, or each answer would cost a round of its own. */
static void wait_for_news(Scheduler *s)
{
    bool gather = s->flying != NULL && !s->flying_lost;
    int wait = wait_ms(s, now_us());
    struct pollfd fds[2];

    fds[0].fd = gather ? -1 : mailbox_fd(s->setup.mailbox);
    fds[0].events = POLLIN;
    fds[1].fd = store_poll_fd(s->store);
    fds[1].events = store_poll_events(s->store);
    poll(fds, 2, gather && wait > GATHER_MS ? GATHER_MS : wait);
}

/* Does the database know everything that the links have told? */
static bool all_told(const Scheduler *s)
{
    return s->flying == NULL && batch_empty(s->open) &&
           receipts_empty(s->receipts);
}

static void round_once(Scheduler *s)
{
    Letter *letter, *next;
    int64_t now;

    for (letter = mailbox_take(s->setup.mailbox); letter != NULL;
         letter = next) {
        next = letter->next;
        answers_take(s, (News *) letter);
        news_free((News *) letter);
    }
    store_run(s->store, now_us());
    reconcile(s);
    now = now_us();
    progress_timers(s, now);
    if (now >= s->look_again)
        handover_look_again(s, false, now);
    if (atomic_load(&s->draining) && !s->drain_begun) {
        s->drain_begun = true;
        giveback_all_due(s, now);
    }
    handover_pump(s, now);
    asks_pump(s, now);
    if (store_state(s->store) == STORE_UP) {
        wake_notifiers(s, now);
        flush(s);
    }
    s->woken = false;
    claims_ask(s, now);
    sweep(s, now);
    store_run(s->store, now_us());
    figures_show(s, now);
    atomic_store(&s->drained, actives_count(s->actives) == 0 &&
                 !s->claiming && all_told(s));
}

void scheduler_run(Scheduler *s)
{
    int64_t until;

    while (!atomic_load(&s->stopping)) {
        round_once(s);
        wait_for_news(s);
    }
    until = now_us() + LAST_WORDS_US;
    while (!all_told(s) && store_state(s->store) == STORE_UP &&
           now_us() < until) {
        round_once(s);
        wait_for_news(s);
    }
}

/* --- life ---------------------------------------------------------------- */

Scheduler *scheduler_create(const SchedulerSetup *setup)
{
    Scheduler *s = calloc(1, sizeof(*s));
    StoreEvents events = {
        .on_state = on_state, .notified = notified, .log = log_store
    };

    if (s == NULL)
        abort();
    s->setup = *setup;
    events.arg = s;
    s->store = store_open(setup->conninfo, STORE_SCHEDULER, &events);
    s->links = links_create(setup->wire, setup->tickets);
    s->actives = actives_create();
    s->ids = ids_create();
    s->known = filter_create();
    s->receipts = receipts_create();
    s->questions = questions_create(setup->wire);
    s->open = batch_create();
    s->next_number = 1;
    s->dice[0] = (unsigned short) now_us();
    s->dice[1] = (unsigned short) (now_us() >> 16);
    pthread_mutex_init(&s->figures_lock, NULL);
    s->look_again = INT64_MAX;
    return s;
}

void scheduler_destroy(Scheduler *s)
{
    if (s == NULL)
        return;
    store_close(s->store);
    batch_destroy(s->open);
    batch_destroy(s->flying);
    actives_destroy(s->actives);
    receipts_destroy(s->receipts);
    questions_destroy(s->questions);
    filter_destroy(s->known);
    ids_destroy(s->ids);
    links_destroy(s->links);
    pthread_mutex_destroy(&s->figures_lock);
    handover_destroy(s);
    free(s->held);
    free(s);
}

bool scheduler_drain(Scheduler *s)
{
    atomic_store(&s->draining, true);
    mailbox_ring(s->setup.mailbox);
    return atomic_load(&s->drained);
}

void scheduler_links_end(Scheduler *s)
{
    atomic_store(&s->links_end, true);
}

void scheduler_stop(Scheduler *s)
{
    atomic_store(&s->stopping, true);
    mailbox_ring(s->setup.mailbox);
}
