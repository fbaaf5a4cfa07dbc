/*
 * store_box_calls.c - calls that wait for their answers: see store_box.h
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "core/group.h"
#include "now.h"
#include "store_box.h"

/* --- intake ------------------------------------------------------------- */

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

static void on_stored(void *arg, StoreOutcome outcome, const int *codes,
                      int n)
{
    Pending *pending = arg;

    assert_false(pending->there);
    pending->there = true;
    pending->answer.outcome = outcome;
    pending->answer.n = n;
    if (outcome == STORE_DONE)
        pending->answer.codes = box_keep(codes,
                                         (size_t) n * sizeof(*codes));
}

Answer box_push_all(Box *box, const StorePush *pushes, int n,
                    const StoreNewGroup *groups, int m)
{
    Pending pending = { .box = box };

    store_push(box->intake, pushes, n, groups, m, 3600 * INT64_C(1000000),
               3600 * INT64_C(1000000), on_stored, &pending);
    wait_until(box_is_there, &pending);
    assert_int_equal(pending.answer.outcome, STORE_DONE);
    assert_int_equal(pending.answer.n, n);
    return pending.answer;
}

bool box_push(Box *box, const Sample *sample)
{
    StorePush push;
    StoreNewGroup group;
    int code;

    sample_fill(sample, &push, &group);
    code = box_push_all(box, &push, 1, &group, 1).codes[0];
    assert_true(code == 1001 || code == 2007);
    return code == 1001;
}

static void on_status(void *arg, StoreOutcome outcome,
                      const StoreStatus *groups, int n)
{
    Pending *pending = arg;
    StoreStatus *mine;
    int i;

    assert_false(pending->there);
    pending->there = true;
    pending->answer.outcome = outcome;
    pending->answer.n = n;
    if (outcome != STORE_DONE)
        return;
    mine = box_keep(groups, (size_t) n * sizeof(*groups));
    pending->answer.status = mine;
    for (i = 0; i < n; i++) {
        mine[i].address = box_keep_text(mine[i].address);
        mine[i].state = box_keep_text(mine[i].state);
        mine[i].cause = box_keep_text(mine[i].cause);
        mine[i].qos = box_keep_text(mine[i].qos);
    }
}

Answer box_status(Box *box, const char *pi, const char *push_id)
{
    Pending pending = { .box = box };

    store_push_status(box->intake, pi, push_id, on_status, &pending);
    wait_until(box_is_there, &pending);
    assert_int_equal(pending.answer.outcome, STORE_DONE);
    return pending.answer;
}

static void on_cancelled(void *arg, StoreOutcome outcome)
{
    Pending *pending = arg;

    assert_false(pending->there);
    pending->there = true;
    pending->answer.outcome = outcome;
}

void box_cancel(Box *box, const int64_t *groups, int n)
{
    Pending pending = { .box = box };

    store_push_cancel(box->intake, groups, n, on_cancelled, &pending);
    wait_until(box_is_there, &pending);
    assert_int_equal(pending.answer.outcome, STORE_DONE);
}

/* --- scheduler ---------------------------------------------------------- */

static void keep_history(StoreGroup *group)
{
    StoreHistory *history;
    int i;

    history = box_keep(group->history,
                   (size_t) group->histories * sizeof(*history));
    for (i = 0; i < group->histories; i++) {
        history[i].smsc_id = box_keep_text(history[i].smsc_id);
        history[i].message_id = box_keep_text(history[i].message_id);
        history[i].text = box_keep_text(history[i].text);
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
    mine = box_keep(groups, (size_t) n * sizeof(*groups));
    pending->answer.groups = mine;
    for (i = 0; i < n; i++) {
        mine[i].receiver = box_keep_text(mine[i].receiver);
        mine[i].route = box_keep_text(mine[i].route);
        mine[i].sender = box_keep_text(mine[i].sender);
        mine[i].service = box_keep_text(mine[i].service);
        mine[i].extra = box_keep_text(mine[i].extra);
        mine[i].payload.data = box_keep(mine[i].payload.data,
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
    wait_until(box_is_there, &pending);
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
        pending->answer.fenced = box_keep(fenced,
                                          (size_t) n * sizeof(*fenced));
}

Answer box_batch_as(Box *box, const char *instance, int64_t number,
                    const StoreLedgerRow *rows, int n,
                    const StoreTransition *transitions, int m)
{
    Pending pending = { .box = box };

    store_batch(box->scheduler, instance, number, rows, n, transitions, m,
                on_batch, &pending);
    wait_until(box_is_there, &pending);
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
    wait_until(box_is_there, &pending);
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

/* --- notifier ----------------------------------------------------------- */

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
    mine = box_keep(notes, (size_t) n * sizeof(*notes));
    pending->answer.notes = mine;
    for (i = 0; i < n; i++) {
        mine[i].url = box_keep_text(mine[i].url);
        mine[i].pi = box_keep_text(mine[i].pi);
        mine[i].push_id = box_keep_text(mine[i].push_id);
        mine[i].address = box_keep_text(mine[i].address);
        mine[i].source_reference = box_keep_text(mine[i].source_reference);
        mine[i].qos = box_keep_text(mine[i].qos);
        mine[i].cause = box_keep_text(mine[i].cause);
        mine[i].host = box_keep_text(mine[i].host);
    }
}

Answer box_take(Box *box, const char *instance, int max, int64_t lease_us)
{
    return box_take_with(box, instance, max, lease_us, max, NULL, 0);
}

Answer box_take_with(Box *box, const char *instance, int max,
                     int64_t lease_us, int per_host, const StoreRoom *rooms,
                     int n)
{
    Pending pending = { .box = box };

    store_notify_take(box->notifier, instance, max, lease_us, per_host, rooms,
                      n, on_notes, &pending);
    wait_until(box_is_there, &pending);
    assert_int_equal(pending.answer.outcome, STORE_DONE);
    return pending.answer;
}
