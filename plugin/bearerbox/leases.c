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
static const int64_t RENEW_US = 5 * 1000000;
static const int64_t MARGIN_US = 2 * 1000000;
static const int64_t RELEASE_WAIT_US = 2 * 1000000;

static const int64_t AGAIN_US = 500 * 1000;
static const int64_t POLL_US = 1000000;

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
    char instance[INSTANCE_SIZE];
    int instances;              /* names used so far */
    enum { ENDED, STARTED } phase;
    bool asked;                 /* a call is unanswered */
    int refusals;               /* renewals refused in a row */
    int64_t asked_us, next_us;
    int64_t not_before_us;      /* after a refusal, also for what hurries */
};

/*
 * The routes this bearerbox can send now: any, and each active link's
 * smsc-id; those of all links while none is active, so that a box whose
 * SMSC is away for a moment does not let go of everything.
 */
static int routes_now(Leases *leases, WireLink *links,
                      const char *routes[MAX_ROUTES])
{
    int n, i, k, found = 1;
    bool any_active = false;

    n = leases->setup.wire->links(NULL, NULL, links, MAX_ROUTES - 1);
    for (i = 0; i < n; i++)
        any_active = any_active || links[i].active;
    routes[0] = "";
    for (i = 0; i < n; i++) {
        if (any_active && !links[i].active)
            continue;
        for (k = 0; k < found; k++) {
            if (strcmp(routes[k], links[i].smsc_id) == 0)
                break;
        }
        if (k == found)
            routes[found++] = links[i].smsc_id;
    }
    return found;
}

static void tell(Leases *leases, const StoreLease *rows, int n, int64_t until)
{
    LeaseNews *news = lease_news_create(leases->instance, rows, n, until);

    tickets_fence(leases->setup.tickets, until);
    mailbox_put(leases->setup.to, &news->head.letter);
}

static void again_later(Leases *leases)
{
    leases->next_us = leases->not_before_us = now_us() + AGAIN_US;
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
    } else {
        again_later(leases);
        if (leases->refusals > 1)
            leases->phase = ENDED;      /* it does not know us: start anew */
    }
}

static void ended(void *arg, StoreOutcome outcome, const StoreLease *rows,
                  int n)
{
    Leases *leases = arg;

    (void) rows;
    (void) n;
    leases->asked = false;
    leases->next_us = 0;
    if (outcome == STORE_DONE || outcome == STORE_FAILED) {
        leases->phase = ENDED;
    } else {
        atomic_store(&leases->renew_all, true);
        again_later(leases);
    }
}

static void started(void *arg, StoreOutcome outcome, int64_t batch, bool held)
{
    Leases *leases = arg;

    (void) batch;
    leases->asked = false;
    if (outcome == STORE_DONE) {
        leases->phase = STARTED;
        leases->next_us = 0;
    } else {
        again_later(leases);
    }
    if (held)
        leases->setup.log(LOG_ERROR_LEVEL,
                          "the queue is held: this database is older than "
                          "what was sent; see convoyctl accept-restore");
}

static void start(Leases *leases)
{
    snprintf(leases->instance, sizeof(leases->instance), "%s/%d",
             leases->setup.box, ++leases->instances);
    leases->asked = true;
    store_instance(leases->store, leases->instance, leases->setup.deployment,
                   NULL, 0, started, leases);
}

/* Nothing is held from this moment on, whenever the database hears it. */
static void end(Leases *leases)
{
    tell(leases, NULL, 0, 0);
    leases->asked = true;
    store_lease(leases->store, leases->instance, NULL, 0, TTL_US, NULL, 0,
                ended, leases);
}

static void renew(Leases *leases)
{
    WireLink links[MAX_ROUTES];
    const char *routes[MAX_ROUTES];
    int n = routes_now(leases, links, routes);

    leases->asked = true;
    leases->asked_us = now_us();
    pthread_mutex_lock(&leases->lock);
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
        atomic_exchange(&leases->renew_all, false))
        end(leases);
    else if (leases->phase == ENDED && hurry)
        start(leases);
    else if (hurry)
        renew(leases);
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
    tickets_fence(leases->setup.tickets, 0);
}

static void run(void *arg)
{
    Leases *leases = arg;
    int64_t next;

    while (!atomic_load(&leases->stopping)) {
        step(leases);
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

Leases *leases_start(const LeasesSetup *setup)
{
    Leases *leases = calloc(1, sizeof(*leases));
    StoreEvents events = { .on_state = on_state, .log = log_store };

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
