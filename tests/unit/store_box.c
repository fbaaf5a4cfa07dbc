/*
 * store_box.c - see store_box.h
 */

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "now.h"
#include "store_box.h"

/* --- memory of answers -------------------------------------------------- */

static void **kept;
static int n_kept;

void *box_keep(const void *data, size_t size)
{
    void *made = malloc(size > 0 ? size : 1);

    kept = realloc(kept, (size_t) (n_kept + 1) * sizeof(*kept));
    assert_non_null(made);
    assert_non_null(kept);
    kept[n_kept++] = made;
    if (size > 0)
        memcpy(made, data, size);
    return made;
}

const char *box_keep_text(const char *text)
{
    return text == NULL ? NULL : box_keep(text, strlen(text) + 1);
}

void box_forget(void)
{
    while (n_kept > 0)
        free(kept[--n_kept]);
    free(kept);
    kept = NULL;
}

/* --- the loop ----------------------------------------------------------- */

enum { MAX_STORES = 32 };

static Store *stores[MAX_STORES];
static int n_stores;

Store *box_add_store(Store *store)
{
    assert_in_range(n_stores, 0, MAX_STORES - 1);
    stores[n_stores++] = store;
    return store;
}

void box_remove_store(Store *store)
{
    int i;

    for (i = 0; i < n_stores; i++) {
        if (stores[i] == store) {
            stores[i] = stores[--n_stores];
            break;
        }
    }
    store_close(store);
}

void run_once(int wait_ms)
{
    struct pollfd fds[MAX_STORES];
    int64_t now = now_us();
    int i;

    for (i = 0; i < n_stores; i++) {
        int wait = store_poll_timeout(stores[i], now);

        fds[i].fd = store_poll_fd(stores[i]);
        fds[i].events = store_poll_events(stores[i]);
        if (wait >= 0 && wait < wait_ms)
            wait_ms = wait;
    }
    poll(fds, (nfds_t) n_stores, wait_ms);
    now = now_us();
    for (i = 0; i < n_stores; i++)
        store_run(stores[i], now);
}

void wait_until(bool (*done)(void *arg), void *arg)
{
    int64_t give_up = now_us() + (int64_t) WAIT_S * 1000000;
    int i;

    while (!done(arg)) {
        if (now_us() > give_up) {
            for (i = 0; i < n_stores; i++)
                print_error("store %d: %s, %d outstanding, %s\n", i,
                            store_state(stores[i]) == STORE_UP ? "up"
                                                               : "down",
                            store_outstanding(stores[i]),
                            store_error(stores[i]));
            fail_msg("nothing happened for %d s", WAIT_S);
        }
        run_once(100);
    }
}

/* --- opening ------------------------------------------------------------ */

static void on_state(void *arg, StoreState state)
{
    Box *box = arg;

    if (state == STORE_UP)
        box->ups++;
    else
        box->downs++;
}

static void on_notified(void *arg, const char *channel, const char *payload)
{
    Box *box = arg;

    if (strcmp(payload, STORE_CANCELS) == 0)
        box->cancel_wakes++;
    else if (strcmp(channel, "convoy_queue") == 0)
        box->queue_wakes++;
    else if (strcmp(channel, "convoy_result") == 0)
        box->result_wakes++;
    else if (strcmp(channel, "convoy_lease") == 0)
        box->lease_wakes++;
    else
        fail_msg("notification on %s", channel);
}

bool box_is_up(void *arg)
{
    const Box *box = arg;

    return store_state(box->intake) == STORE_UP &&
           store_state(box->scheduler) == STORE_UP &&
           store_state(box->leases) == STORE_UP &&
           store_state(box->notifier) == STORE_UP;
}

void box_open(Box *box, const char *name)
{
    StoreEvents events = { .notified = on_notified, .arg = box };
    const char *conninfo = backend_conninfo();

    memset(box, 0, sizeof(*box));
    box->name = name;
    box->intake = box_add_store(store_open(conninfo, STORE_INTAKE, &events));
    box->leases = box_add_store(store_open(conninfo, STORE_LEASES, &events));
    box->notifier = box_add_store(store_open(conninfo, STORE_NOTIFIER,
                                             &events));
    events.on_state = on_state;
    box->scheduler = box_add_store(store_open(conninfo, STORE_SCHEDULER,
                                              &events));
    wait_until(box_is_up, box);
}

void box_close(Box *box)
{
    box_remove_store(box->intake);
    box_remove_store(box->scheduler);
    box_remove_store(box->leases);
    box_remove_store(box->notifier);
}

bool box_is_there(void *pending)
{
    return ((Pending *) pending)->there;
}

/* --- leases ------------------------------------------------------------- */

static void on_started(void *arg, StoreOutcome outcome,
                       const StoreStarted *started)
{
    Pending *pending = arg;

    assert_false(pending->there);
    pending->there = true;
    pending->answer.outcome = outcome;
    pending->box->batch = started == NULL ? 0 : started->batch;
    pending->box->queue_held = started != NULL && started->held;
}

static void on_leases(void *arg, StoreOutcome outcome,
                      const StoreLease *leases, int n)
{
    Pending *pending = arg;
    Box *box = pending->box;
    int i;

    assert_false(pending->there);
    pending->there = true;
    pending->answer.outcome = outcome;
    if (outcome != STORE_DONE)
        return;
    assert_in_range(n, 0, BOX_LEASES);
    box->n_held = n;
    for (i = 0; i < n; i++) {
        box->held[i] = leases[i];
        box->held[i].route = box_keep_text(leases[i].route);
        box->scope[i] = (StoreScope) { leases[i].id, leases[i].epoch };
    }
}

StoreOutcome box_renew(Box *box, const char *const *routes, int n,
                       int64_t ttl_us, const int *release, int n_release)
{
    Pending pending = { .box = box };

    store_lease(box->leases, box->instance, routes, n, ttl_us, release,
                n_release, on_leases, &pending);
    wait_until(box_is_there, &pending);
    return pending.answer.outcome;
}

void box_start(Box *box)
{
    static const char *const ROUTES[] = { "" };
    Pending pending = { .box = box };

    snprintf(box->instance, sizeof(box->instance), "%s/%d", box->name,
             ++box->instances);
    store_instance(box->leases, box->instance, "test", NULL, NULL, on_started,
                   &pending);
    wait_until(box_is_there, &pending);
    assert_int_equal(pending.answer.outcome, STORE_DONE);
    assert_int_equal(box_renew(box, ROUTES, 1, 3600 * INT64_C(1000000), NULL,
                               0), STORE_DONE);
}

int box_fresh(const Box *box)
{
    int i, n = 0;

    for (i = 0; i < box->n_held; i++)
        n += box->held[i].fresh;
    return n;
}

int box_yielding(const Box *box)
{
    int i, n = 0;

    for (i = 0; i < box->n_held; i++)
        n += box->held[i].yielding;
    return n;
}
