/*
 * leases.c - see leases.h
 */

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bearerbox/leases.h"
#include "bearerbox/news.h"
#include "now.h"
#include "store/store.h"

static const int64_t TTL_US = 15 * 1000000;
static const int64_t RENEW_US = 3 * 1000000;     /* a dead box's leases are
                                                  * taken within TTL + this */
static const int64_t MARGIN_US = 2 * 1000000;
static const int64_t RELEASE_WAIT_US = 2 * 1000000;

static const int64_t AGAIN_US = 500 * 1000;
static const int64_t POLL_US = 1000000;
static const int64_t SAVE_US = 1000000;

enum { MAX_ROUTES = 256, LOG_INFO_LEVEL = 1, LOG_ERROR_LEVEL = 3 };

struct Leases {
    LeasesSetup setup;
    Store *store;
    Mailbox *bell;              /* nobody mails here, everybody may ring */
    long thread;
    atomic_bool stopping, renew_all, hurry;
    pthread_mutex_t lock;
    int *yield, n_yield;        /* under the lock: to be given back */

    /* the thread's own */
    char instance[INSTANCE_SIZE], predecessor[INSTANCE_SIZE];
    int instances;              /* names used so far */
    enum { UNKNOWN, STARTED, ENDED } phase;     /* of the instance */
    bool asked;                 /* a call is unanswered */
    bool held;                  /* the queue was, when last heard of */
    int refusals;               /* renewals refused in a row */
    bool shown;                 /* does the log say that it has leases? */
    int64_t asked_us, next_us, next_save;
    int64_t not_before_us;      /* after a refusal, also for what hurries */
};

static int add_route(const char *routes[MAX_ROUTES], int n,
                     const char *route)
{
    int i;

    for (i = 0; i < n; i++) {
        if (strcmp(routes[i], route) == 0)
            return n;
    }
    routes[n] = route;
    return n + 1;
}

/*
 * The routes this bearerbox can send now: each active link's smsc-id, and
 * any. None while no link is active: what it holds then goes to boxes that
 * can send it, and stays here if there are none.
 */
static int routes_now(Leases *leases, WireLink *links,
                      const char *routes[MAX_ROUTES])
{
    int n, i, found = 0;

    n = leases->setup.wire->links(NULL, NULL, links, MAX_ROUTES - 1);
    for (i = 0; i < n; i++) {
        if (!links[i].active)
            continue;
        found = add_route(routes, found, "");
        found = add_route(routes, found, links[i].smsc_id);
    }
    return found;
}

static void tell(Leases *leases, const StoreLease *rows, int n, int64_t until)
{
    LeaseNews *news = lease_news_create(leases->instance, rows, n, until);

    tickets_fence(leases->setup.tickets, rows, n, until);
    mailbox_put(leases->setup.to, &news->head.letter);
}

static void again_later(Leases *leases)
{
    leases->next_us = leases->not_before_us = now_us() + AGAIN_US;
}

/* One line when the first comes or the last goes; the status page has the
 * number. */
static void show(Leases *leases, bool some)
{
    if (some == leases->shown)
        return;
    leases->shown = some;
    leases->setup.log(LOG_INFO_LEVEL,
                      some ? "has leases of the queue now"
                           : "has no lease of the queue any more");
}

static void new_name(Leases *leases)
{
    memcpy(leases->predecessor, leases->instance, sizeof(leases->instance));
    snprintf(leases->instance, sizeof(leases->instance), "%s/%d",
             leases->setup.box, ++leases->instances);
    leases->phase = UNKNOWN;
}

static void renewed(void *arg, StoreOutcome outcome, const StoreLease *rows,
                    int n)
{
    Leases *leases = arg;

    leases->asked = false;
    leases->refusals = outcome == STORE_FAILED ? leases->refusals + 1 : 0;
    if (outcome == STORE_DONE) {
        leases->next_us = leases->asked_us + RENEW_US;
        tell(leases, rows, n, leases->asked_us + TTL_US - MARGIN_US);
        show(leases, n > 0);
        leases->held = leases->held && n == 0;
    } else {
        again_later(leases);
        if (leases->refusals > 1) {     /* it does not know us: start anew */
            tell(leases, NULL, 0, 0);
            new_name(leases);
        }
    }
}

static void ended(void *arg, StoreOutcome outcome, const StoreLease *rows,
                  int n)
{
    Leases *leases = arg;

    (void) outcome;
    (void) rows;
    (void) n;
    leases->asked = false;
    leases->phase = ENDED;
}

static void started(void *arg, StoreOutcome outcome,
                    const StoreStarted *started)
{
    Leases *leases = arg;

    leases->asked = false;
    if (outcome != STORE_DONE) {
        again_later(leases);
        return;
    }
    leases->phase = STARTED;
    leases->next_us = 0;
    last_batch_restores(leases->setup.last_batch, started->restores);
    if (started->held && !leases->held)
        leases->setup.log(LOG_ERROR_LEVEL,
                          "the queue is held: this database is older than "
                          "what was sent; see convoyctl accept-restore");
    leases->held = started->held;
}

static void start(Leases *leases)
{
    LastBatchFact fact = last_batch_fact(leases->setup.last_batch);
    StoreLast last = { fact.instance, fact.number, fact.restores };

    leases->asked = true;
    store_instance(leases->store, leases->instance, leases->setup.deployment,
                   leases->predecessor[0] == '\0' ? NULL
                                                  : leases->predecessor,
                   fact.instance[0] == '\0' ? NULL : &last, started, leases);
}

/* Gives everything back, in order. */
static void end(Leases *leases)
{
    tell(leases, NULL, 0, 0);
    leases->asked = true;
    store_lease(leases->store, leases->instance, NULL, 0, 0, NULL, 0, ended,
                leases);
}

static void renew(Leases *leases)
{
    WireLink links[MAX_ROUTES];
    const char *routes[MAX_ROUTES];
    int n = routes_now(leases, links, routes);

    leases->asked = true;
    leases->asked_us = now_us();
    pthread_mutex_lock(&leases->lock);
    tickets_give_back(leases->setup.tickets, leases->yield, leases->n_yield);
    store_lease(leases->store, leases->instance, routes, n, TTL_US,
                leases->yield, leases->n_yield, renewed, leases);
    leases->n_yield = 0;
    pthread_mutex_unlock(&leases->lock);
}

/* Asks what is due to be asked, one call at a time. */
static void step(Leases *leases)
{
    bool hurry;

    if (leases->asked || store_state(leases->store) != STORE_UP ||
        now_us() < leases->not_before_us)
        return;
    hurry = atomic_exchange(&leases->hurry, false) ||
        now_us() >= leases->next_us;
    if (leases->phase == STARTED &&
        atomic_exchange(&leases->renew_all, false)) {
        tell(leases, NULL, 0, 0);
        new_name(leases);
        hurry = true;
    }
    if (!hurry)
        return;
    if (leases->phase == STARTED)
        renew(leases);
    else
        start(leases);
}

static void poll_once(Leases *leases, int64_t until_us)
{
    struct pollfd fds[2];
    int64_t now = now_us();
    int wait, store_wait;

    fds[0].fd = mailbox_fd(leases->bell);
    fds[0].events = POLLIN;
    fds[1].fd = store_poll_fd(leases->store);
    fds[1].events = store_poll_events(leases->store);
    wait = until_us <= now ? 0 : (int) ((until_us - now) / 1000 + 1);
    store_wait = store_poll_timeout(leases->store, now);
    if (store_wait >= 0 && store_wait < wait)
        wait = store_wait;
    poll(fds, 2, wait);
    mailbox_take(leases->bell);
    store_run(leases->store, now_us());
}

static void give_back(Leases *leases)
{
    int64_t give_up = now_us() + RELEASE_WAIT_US;

    while (leases->asked && now_us() < give_up)
        poll_once(leases, give_up);
    if (store_state(leases->store) == STORE_UP && !leases->asked &&
        leases->phase == STARTED)
        end(leases);
    while (leases->asked && now_us() < give_up)
        poll_once(leases, give_up);
    tickets_fence(leases->setup.tickets, NULL, 0, 0);
}

static void save(Leases *leases)
{
    if (now_us() < leases->next_save)
        return;
    leases->next_save = now_us() + SAVE_US;
    last_batch_save(leases->setup.last_batch);
}

static void run(void *arg)
{
    Leases *leases = arg;
    int64_t next;

    new_name(leases);
    while (!atomic_load(&leases->stopping)) {
        step(leases);
        save(leases);
        next = now_us() + POLL_US;
        if (!leases->asked && store_state(leases->store) == STORE_UP &&
            leases->next_us < next)
            next = leases->next_us;
        poll_once(leases, next);
    }
    give_back(leases);
}

static void on_state(void *arg, StoreState state)
{
    Leases *leases = arg;

    if (state == STORE_UP)
        leases->next_us = 0;
}

static void log_store(void *arg, bool bad, const char *text)
{
    const Leases *leases = arg;

    leases->setup.log(bad ? LOG_ERROR_LEVEL : LOG_INFO_LEVEL, text);
}

/* Another box came, went, or gave back what may be for us. */
static void notified(void *arg, const char *channel, const char *payload)
{
    Leases *leases = arg;

    (void) channel;
    if (strcmp(payload, leases->instance) != 0)
        atomic_store(&leases->hurry, true);
}

Leases *leases_start(const LeasesSetup *setup)
{
    Leases *leases = calloc(1, sizeof(*leases));
    StoreEvents events = { .on_state = on_state, .notified = notified,
                           .log = log_store };

    if (leases == NULL)
        abort();
    leases->setup = *setup;
    events.arg = leases;
    pthread_mutex_init(&leases->lock, NULL);
    leases->bell = mailbox_create();
    leases->store = store_open(setup->conninfo, STORE_LEASES, &events);
    if (leases->bell == NULL || leases->store == NULL)
        abort();
    leases->thread = setup->spawn(run, leases);
    return leases;
}

void leases_renew_all(Leases *leases)
{
    atomic_store(&leases->renew_all, true);
    mailbox_ring(leases->bell);
}

void leases_yield(Leases *leases, const int *ids, int n)
{
    pthread_mutex_lock(&leases->lock);
    leases->yield = realloc(leases->yield, (n + 1) * sizeof(*ids));
    if (leases->yield == NULL)
        abort();
    memcpy(leases->yield, ids, n * sizeof(*ids));
    leases->n_yield = n;
    pthread_mutex_unlock(&leases->lock);
    leases_hurry(leases);
}

void leases_hurry(Leases *leases)
{
    atomic_store(&leases->hurry, true);
    mailbox_ring(leases->bell);
}

void leases_stop(Leases *leases)
{
    if (leases == NULL)
        return;
    atomic_store(&leases->stopping, true);
    mailbox_ring(leases->bell);
    leases->setup.join(leases->thread);
    store_close(leases->store);
    mailbox_destroy(leases->bell);
    pthread_mutex_destroy(&leases->lock);
    free(leases->yield);
    free(leases);
}
