/*
 * store_box.c - see store_box.h
 */

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "core/group.h"
#include "now.h"
#include "store_box.h"

/* --- memory of answers ---------------------------------------------------- */

static void **kept;
static int n_kept;

static void *keep(const void *data, size_t size)
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

static const char *keep_text(const char *text)
{
    return text == NULL ? NULL : keep(text, strlen(text) + 1);
}

void box_forget(void)
{
    while (n_kept > 0)
        free(kept[--n_kept]);
    free(kept);
    kept = NULL;
}

/* --- the loop ------------------------------------------------------------- */

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

/* --- opening -------------------------------------------------------------- */

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

    (void) payload;
    if (strcmp(channel, "convoy_queue") == 0)
        box->queue_wakes++;
    else if (strcmp(channel, "convoy_result") == 0)
        box->result_wakes++;
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

/* --- leases --------------------------------------------------------------- */

/* An answer under way, and whose it is. */
typedef struct {
    Box *box;
    bool there;
    Answer answer;
} Pending;

static bool is_there(void *arg)
{
    return ((Pending *) arg)->there;
}

static void on_started(void *arg, StoreOutcome outcome, int64_t batch,
                       bool held)
{
    Pending *pending = arg;

    assert_false(pending->there);
    pending->there = true;
    pending->answer.outcome = outcome;
    pending->box->batch = batch;
    pending->box->queue_held = held;
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
        box->held[i].route = keep_text(leases[i].route);
        box->scope[i] = (StoreScope) { leases[i].id, leases[i].epoch };
    }
}

StoreOutcome box_renew(Box *box, const char *const *routes, int n,
                       int64_t ttl_us, const int *release, int n_release)
{
    Pending pending = { .box = box };

    store_lease(box->leases, box->instance, routes, n, ttl_us, release,
                n_release, on_leases, &pending);
    wait_until(is_there, &pending);
    return pending.answer.outcome;
}

void box_start(Box *box)
{
    static const char *const ROUTES[] = { "" };
    Pending pending = { .box = box };

    snprintf(box->instance, sizeof(box->instance), "%s/%d", box->name,
             ++box->instances);
    store_instance(box->leases, box->instance, "test", NULL, 0, on_started,
                   &pending);
    wait_until(is_there, &pending);
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

/* --- intake --------------------------------------------------------------- */

static int64_t epoch_us(int64_t in_us)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000 + in_us;
}

void sample_fill(const Sample *sample, StorePush *push, StoreNewGroup *group)
{
    static const char PAYLOAD[] = "\x01\x06\x00payload \xff";

    *push = (StorePush) {
        .pi = sample->pi == NULL ? "pi" : sample->pi,
        .push_id = sample->id,
        .notify_url = sample->url,
        .source_reference = sample->url == NULL ? NULL : "reference",
        .qos = sample->url == NULL ? NULL : "priority=high"
    };
    *group = (StoreNewGroup) {
        .address = "WAPPUSH=+4670123/TYPE=PLMN@ppg",
        .receiver = sample->receiver == NULL ? "4670123" : sample->receiver,
        .route = sample->route == NULL ? "" : sample->route,
        .sender = "4655",
        .service = "ppg",
        .priority = sample->priority,
        .not_before_us = sample->not_before_in_us == 0
            ? 0 : epoch_us(sample->not_before_in_us),
        .deadline_us = sample->deadline_in_us == 0
            ? 0 : epoch_us(sample->deadline_in_us),
        .segments = sample->segments == 0 ? 3 : sample->segments,
        .concat_bits = 8,
        .ports = { 0x0b, 0x84, 0x23, 0xf0 },
        .payload = { PAYLOAD, sizeof(PAYLOAD) },
        .extra = sample->extra
    };
}

static void on_stored(void *arg, StoreOutcome outcome, const bool *stored,
                      int n)
{
    Pending *pending = arg;

    assert_false(pending->there);
    pending->there = true;
    pending->answer.outcome = outcome;
    pending->answer.n = n;
    if (outcome == STORE_DONE)
        pending->answer.stored = keep(stored, (size_t) n * sizeof(*stored));
}

bool box_push(Box *box, const Sample *sample)
{
    Pending pending = { .box = box };
    StorePush push;
    StoreNewGroup group;

    sample_fill(sample, &push, &group);
    store_push(box->intake, &push, 1, &group, 1, 3600 * INT64_C(1000000),
               3600 * INT64_C(1000000), on_stored, &pending);
    wait_until(is_there, &pending);
    assert_int_equal(pending.answer.outcome, STORE_DONE);
    assert_int_equal(pending.answer.n, 1);
    return pending.answer.stored[0];
}

/* --- scheduler ------------------------------------------------------------ */

static void keep_history(StoreGroup *group)
{
    StoreHistory *history;
    int i;

    history = keep(group->history,
                   (size_t) group->histories * sizeof(*history));
    for (i = 0; i < group->histories; i++) {
        history[i].smsc_id = keep_text(history[i].smsc_id);
        history[i].message_id = keep_text(history[i].message_id);
    }
    group->history = history;
}

static void on_groups(void *arg, StoreOutcome outcome,
                      const StoreGroup *groups, int n)
{
    Pending *pending = arg;
    StoreGroup *mine;
    int i;

    assert_false(pending->there);
    pending->there = true;
    pending->answer.outcome = outcome;
    pending->answer.n = n;
    if (outcome != STORE_DONE)
        return;
    mine = keep(groups, (size_t) n * sizeof(*groups));
    pending->answer.groups = mine;
    for (i = 0; i < n; i++) {
        mine[i].receiver = keep_text(mine[i].receiver);
        mine[i].route = keep_text(mine[i].route);
        mine[i].sender = keep_text(mine[i].sender);
        mine[i].service = keep_text(mine[i].service);
        mine[i].extra = keep_text(mine[i].extra);
        mine[i].payload.data = keep(mine[i].payload.data,
                                    mine[i].payload.len);
        keep_history(&mine[i]);
    }
}

typedef void ScopeCall(Store *store, const StoreScope *scope, int n, int max,
                       StoreGroups *done, void *arg);

static Answer ask(Box *box, ScopeCall *call, int max)
{
    Pending pending = { .box = box };

    call(box->scheduler, box->scope, box->n_held, max, on_groups, &pending);
    wait_until(is_there, &pending);
    return pending.answer;
}

Answer box_claim(Box *box, int max)
{
    return ask(box, store_claim, max);
}

Answer box_adopt(Box *box, int max)
{
    return ask(box, store_adopt, max);
}

Answer box_due(Box *box, int max)
{
    return ask(box, store_due, max);
}

StoreGroup box_claim_one(Box *box, const char *receiver)
{
    Answer answer = box_claim(box, 10);

    assert_int_equal(answer.outcome, STORE_DONE);
    assert_int_equal(answer.n, 1);
    assert_string_equal(answer.groups[0].receiver, receiver);
    return answer.groups[0];
}

Answer box_due_soon(Box *box)
{
    int64_t give_up = now_us() + (int64_t) WAIT_S * 1000000;
    Answer answer;

    do {
        if (now_us() > give_up)
            fail_msg("nothing became due for %d s", WAIT_S);
        answer = box_due(box, 10);
        assert_int_equal(answer.outcome, STORE_DONE);
    } while (answer.n == 0);
    return answer;
}

static void on_batch(void *arg, StoreOutcome outcome, const int64_t *fenced,
                     int n)
{
    Pending *pending = arg;

    assert_false(pending->there);
    pending->there = true;
    pending->answer.outcome = outcome;
    pending->answer.n = n;
    if (outcome == STORE_DONE)
        pending->answer.fenced = keep(fenced, (size_t) n * sizeof(*fenced));
}

Answer box_batch_as(Box *box, const char *instance, int64_t number,
                    const StoreLedgerRow *rows, int n,
                    const StoreTransition *transitions, int m)
{
    Pending pending = { .box = box };

    store_batch(box->scheduler, instance, number, rows, n, transitions, m,
                on_batch, &pending);
    wait_until(is_there, &pending);
    return pending.answer;
}

Answer box_batch(Box *box, const StoreLedgerRow *rows, int n,
                 const StoreTransition *transitions, int m)
{
    Answer answer = box_batch_as(box, box->instance, ++box->batch, rows, n,
                                 transitions, m);

    assert_int_equal(answer.outcome, STORE_DONE);
    return answer;
}

Answer box_receipts(Box *box, const StoreReceipt *receipts, int n)
{
    Pending pending = { .box = box };

    store_receipts(box->scheduler, box->instance, ++box->batch, receipts, n,
                   on_groups, &pending);
    wait_until(is_there, &pending);
    assert_int_equal(pending.answer.outcome, STORE_DONE);
    return pending.answer;
}

StoreLedgerRow row_of(const StoreGroup *group, int segment, int outcome,
                      const char *message_id)
{
    return (StoreLedgerRow) {
        .group = group->id,
        .segment = segment,
        .attempt = group->attempt,
        .copy = segment,
        .outcome = outcome,
        .smsc_id = "smsc",
        .link = 7,
        .message_id = message_id,
        .code = -1,
        .ago_us = 1000
    };
}

StoreTransition move_of(const StoreGroup *group, int state)
{
    return (StoreTransition) {
        .group = group->id,
        .epoch = group->epoch,
        .attempt = group->attempt,
        .state = state,
        .aim = group->aim,
        .new_attempt = group->attempt,
        .closed = group->closed,
        .due_in_us = 3600 * INT64_C(1000000),
        .cause = state >= GROUP_DELIVERED ? "because" : NULL,
        .code = state == GROUP_DELIVERED ? 1000
            : state > GROUP_DELIVERED ? 4000 : 0
    };
}

void box_move(Box *box, const StoreGroup *group, int state)
{
    StoreTransition move = move_of(group, state);

    assert_int_equal(box_batch(box, NULL, 0, &move, 1).n, 0);
}

/* --- notifier ------------------------------------------------------------- */

static void on_notes(void *arg, StoreOutcome outcome, const StoreNote *notes,
                     int n)
{
    Pending *pending = arg;
    StoreNote *mine;
    int i;

    assert_false(pending->there);
    pending->there = true;
    pending->answer.outcome = outcome;
    pending->answer.n = n;
    if (outcome != STORE_DONE)
        return;
    mine = keep(notes, (size_t) n * sizeof(*notes));
    pending->answer.notes = mine;
    for (i = 0; i < n; i++) {
        mine[i].url = keep_text(mine[i].url);
        mine[i].pi = keep_text(mine[i].pi);
        mine[i].push_id = keep_text(mine[i].push_id);
        mine[i].address = keep_text(mine[i].address);
        mine[i].source_reference = keep_text(mine[i].source_reference);
        mine[i].qos = keep_text(mine[i].qos);
        mine[i].cause = keep_text(mine[i].cause);
    }
}

Answer box_take(Box *box, const char *instance, int max, int64_t lease_us)
{
    Pending pending = { .box = box };

    store_notify_take(box->notifier, instance, max, lease_us, on_notes,
                      &pending);
    wait_until(is_there, &pending);
    assert_int_equal(pending.answer.outcome, STORE_DONE);
    return pending.answer;
}
