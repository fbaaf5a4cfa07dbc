/*
 * leases.c - see leases.h
 */

#include <poll.h>
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

enum { MAX_ROUTES = 256, LOG_ERROR_LEVEL = 3, LOG_INFO_LEVEL = 1 };

struct Leases {
    LeasesSetup setup;
    Store *store;
    Mailbox *bell;              /* nobody mails here, everybody may ring */
    long thread;
    atomic_bool stopping, renew_all, hurry;

    /* the thread's own */
    bool started;               /* the database has answered our start */
    bool asked;                 /* a call is unanswered */
    bool releasing;             /* it is one that gives all back */
    int64_t asked_us, next_us;
};

/* The routes this bearerbox can send now: any, and each link's smsc-id. */
static int routes_now(Leases *leases, WireLink *links,
                      const char *routes[MAX_ROUTES])
{
    int n, i, k, found = 0;

    n = leases->setup.wire->links(NULL, NULL, links, MAX_ROUTES - 2);
    for (i = 0; i < n; i++) {
        if (!links[i].active)
            continue;
        if (found == 0)
            routes[found++] = "";
        for (k = 0; k < found; k++) {
            if (strcmp(routes[k], links[i].smsc_id) == 0)
                break;
        }
        if (k == found)
            routes[found++] = links[i].smsc_id;
    }
    return found;
}

static void leased(void *arg, StoreOutcome outcome, const StoreLease *rows,
                   int n)
{
    Leases *leases = arg;
    LeaseNews *news;
    int64_t until;

    leases->asked = false;
    if (outcome != STORE_DONE) {
        leases->next_us = now_us() + 500000;
        return;
    }
    until = leases->releasing ? 0 : leases->asked_us + TTL_US - MARGIN_US;
    tickets_fence(leases->setup.tickets, until);
    news = lease_news_create(rows, n, until);
    mailbox_put(leases->setup.to, &news->head.letter);
    leases->next_us = leases->releasing ? now_us()
                                        : leases->asked_us + RENEW_US;
}

static void ask(Leases *leases, bool release)
{
    WireLink links[MAX_ROUTES];
    const char *routes[MAX_ROUTES];
    int n = release ? 0 : routes_now(leases, links, routes);

    leases->asked = true;
    leases->releasing = release;
    leases->asked_us = now_us();
    store_lease(leases->store, leases->setup.instance, routes, n, TTL_US,
                release, leased, leases);
}

static void started(void *arg, StoreOutcome outcome, int64_t batch)
{
    Leases *leases = arg;

    (void) batch;
    leases->asked = false;
    if (outcome == STORE_DONE) {
        leases->started = true;
        leases->next_us = 0;
    } else {
        leases->next_us = now_us() + 1000000;
        leases->setup.log(LOG_ERROR_LEVEL, store_error(leases->store));
    }
}

static void start(Leases *leases)
{
    leases->asked = true;
    store_instance(leases->store, leases->setup.instance,
                   leases->setup.deployment, 0, started, leases);
}

/* Asks what is due to be asked, one call at a time. */
static void step(Leases *leases)
{
    int64_t now = now_us();

    if (leases->asked || store_state(leases->store) != STORE_UP)
        return;
    if (!leases->started) {
        if (now >= leases->next_us)
            start(leases);
    } else if (atomic_exchange(&leases->renew_all, false)) {
        ask(leases, true);
    } else if (atomic_exchange(&leases->hurry, false) ||
               now >= leases->next_us) {
        ask(leases, false);
    }
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

static void run(void *arg)
{
    Leases *leases = arg;
    int64_t give_up, next;

    while (!atomic_load(&leases->stopping)) {
        step(leases);
        next = now_us() + 1000000;
        if (!leases->asked && leases->next_us < next)
            next = leases->next_us;
        poll_once(leases, next);
    }
    give_up = now_us() + RELEASE_WAIT_US;
    while (leases->asked && now_us() < give_up)
        poll_once(leases, give_up);
    tickets_fence(leases->setup.tickets, 0);
    if (store_state(leases->store) == STORE_UP && !leases->asked)
        ask(leases, true);
    while (leases->asked && now_us() < give_up)
        poll_once(leases, give_up);
}

static void on_state(void *arg, StoreState state)
{
    Leases *leases = arg;

    if (state == STORE_UP)
        leases->next_us = 0;
}

Leases *leases_start(const LeasesSetup *setup)
{
    Leases *leases = calloc(1, sizeof(*leases));
    StoreEvents events = { .on_state = on_state };

    if (leases == NULL)
        abort();
    leases->setup = *setup;
    events.arg = leases;
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
    free(leases);
}
