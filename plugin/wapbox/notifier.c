/*
 * notifier.c - see notifier.h
 *
 * What has ended is reported, and more is taken, in one exchange with the
 * database: two statements that go out together, so that a commit that takes
 * long makes the exchanges larger and not the PIs slower.
 */

#include "wapbox/notifier.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/gwlib.h"
#include "gw/gw_hooks.h"

#include "now.h"
#include "store/store.h"
#include "wapbox/destinations.h"
#include "wapbox/loans.h"
#include "wapbox/store_log.h"

#define SECOND_US INT64_C(1000000)

/* The database wakes us; this finds what it could not say. */
#define POLL_US (SECOND_US / 4)

/* From one exchange to the next, or each would be about a few only. */
#define EXCHANGE_US (SECOND_US / 100)

#define RETRY_US SECOND_US
#define DRAIN_US (2 * SECOND_US)

static struct {
    const Config *config;
    NotifyAllow *allow;
    Store *store;
    Loans *loans;
    char instance[80];
    long thread;                    /* -1: not running */
    atomic_bool draining, stopping;

    /* The worker's own. The times are between its flags and those above, or
     * the compiler reads them all as one word. */
    int64_t take_at_us, report_at_us, exchange_at_us;   /* not before */
    bool up, taking, reporting;
} notifier = { .thread = -1 };

/* --- exchanges with the database ---------------------------------------- */

static void on_reported(void *arg, StoreOutcome outcome)
{
    (void)arg;
    notifier.reporting = false;
    if (outcome != STORE_DONE)
        notifier.report_at_us = now_us() + RETRY_US;
    loans_reported(notifier.loans, outcome == STORE_DONE);
}

static void report(int64_t now)
{
    static StoreNoteDone notes[LOANS_MAX];
    int n;

    if (!loans_ended(notifier.loans) || now < notifier.report_at_us)
        return;
    notifier.reporting = true;
    n = loans_report(notifier.loans, notes);
    store_notify_done(notifier.store, notes, n, on_reported, NULL);
}

static void on_taken(void *arg, StoreOutcome outcome, const StoreNote *notes,
                     int n)
{
    (void)arg;
    notifier.taking = false;
    if (outcome != STORE_DONE || n == 0)
        return;
    notifier.take_at_us = 0;        /* there may be more */
    loans_add(notifier.loans, notes, n, now_us());
}

static bool may_take(void)
{
    return !notifier.draining && loans_count(notifier.loans) < LOANS_MAX;
}

/* Early, too, if there is a report: those hosts have room again. */
static void take(int64_t now)
{
    const StoreRoom *rooms;
    int n;

    if (!may_take())
        return;
    notifier.taking = true;
    notifier.take_at_us = now + POLL_US;
    rooms = loans_rooms(notifier.loans, now, &n);
    store_notify_take(notifier.store, notifier.instance,
                      LOANS_MAX - loans_count(notifier.loans), LOANS_LEASE_US,
                      DESTINATION_ROOM, rooms, n, on_taken, NULL);
}

/* When there is something to say or to ask for; INT64_MAX: not known yet. */
static int64_t next_exchange(void)
{
    int64_t at = INT64_MAX;

    if (!notifier.up || notifier.taking || notifier.reporting)
        return at;
    if (loans_ended(notifier.loans))
        at = notifier.report_at_us;
    if (may_take() && notifier.take_at_us < at)
        at = notifier.take_at_us;
    return at < notifier.exchange_at_us ? notifier.exchange_at_us : at;
}

static void exchange(int64_t now)
{
    if (now < next_exchange())
        return;
    notifier.exchange_at_us = now + EXCHANGE_US;
    report(now);
    take(now);
}

/* --- the worker --------------------------------------------------------- */

/* What a lost answer was about comes again now, not after its lease. */
static void take_back_forgotten(void)
{
    int64_t known[LOANS_MAX];

    store_notify_forgotten(notifier.store, notifier.instance, known,
                           loans_ids(notifier.loans, known));
}

static void bar(void *arg, const struct sockaddr *address)
{
    (void)arg;
    notify_allow_bar(notifier.allow, address);
}

static void on_state(void *arg, StoreState state)
{
    (void)arg;
    notifier.up = state == STORE_UP;
    if (notifier.up) {
        take_back_forgotten();
        store_addresses(notifier.config->conninfo, bar, NULL);
    }
    notifier.take_at_us = notifier.report_at_us = 0;
}

static void on_notified(void *arg, const char *channel, const char *payload)
{
    (void)arg, (void)channel, (void)payload;
    notifier.take_at_us = 0;
}

static int sleep_ms(int64_t now)
{
    const int store_ms = store_poll_timeout(notifier.store, now);
    int64_t us = next_exchange();

    us = us > now + POLL_US ? POLL_US : us < now ? 0 : us - now;
    if (store_ms >= 0 && store_ms * INT64_C(1000) < us)
        us = store_ms * INT64_C(1000);
    return (int)((us + 999) / 1000);
}

/* In the end: nothing is under way, or two seconds of drain are over. */
static bool finished(int64_t now, int64_t *stop_by)
{
    if (notifier.draining && *stop_by == 0)
        *stop_by = now + DRAIN_US;
    if (!notifier.stopping)
        return false;
    return now >= *stop_by ||
           (loans_count(notifier.loans) == 0 &&
            (!notifier.up || store_outstanding(notifier.store) == 0));
}

static void work(void *arg)
{
    int64_t now = now_us(), stop_by = 0;

    (void)arg;
    while (!finished(now, &stop_by)) {
        exchange(now);
        store_run(notifier.store, now);
        loans_run(notifier.loans, now, store_poll_fd(notifier.store),
                  store_poll_events(notifier.store), sleep_ms(now));
        now = now_us();
    }
}

/* --- interface ---------------------------------------------------------- */

/* A name for our leases that no other process has or had. */
static void make_instance(void)
{
    char host[40] = "";

    gethostname(host, sizeof(host) - 1);
    snprintf(notifier.instance, sizeof(notifier.instance),
             "notifier-%s-%ld-%" PRIx64, host, (long)getpid(),
             (uint64_t)time(NULL));
}

int notifier_init(const Config *config)
{
    static const StoreEvents events = {
        .on_state = on_state, .notified = on_notified,
        .log = store_log
    };
    char wrong[400];

    notifier.config = config;
    notifier.allow = notify_allow_create(config->notify_allow, wrong,
                                         sizeof(wrong));
    if (notifier.allow == NULL) {
        gw_hooks_error("group = convoy: notify-allow is wrong: %s", wrong);
        return -1;
    }
    make_instance();
    store_addresses(config->conninfo, bar, NULL);
    notifier.loans = loans_create(config, notifier.allow);
    notifier.store = store_open(config->conninfo, STORE_NOTIFIER, &events);
    if (notifier.loans == NULL || notifier.store == NULL) {
        gw_hooks_error("convoy: cannot create the notifier: out of memory");
        return -1;
    }
    return 0;
}

void notifier_run(void)
{
    notifier.thread = gwthread_create(work, NULL);
}

void notifier_drain(void)
{
    notifier.draining = true;
    loans_wake(notifier.loans);
}

void notifier_stop(void)
{
    if (notifier.thread != -1) {
        notifier.stopping = true;
        loans_wake(notifier.loans);
        gwthread_join(notifier.thread);
        notifier.thread = -1;
    }
    store_close(notifier.store);
    loans_destroy(notifier.loans);
    notify_allow_destroy(notifier.allow);
}
