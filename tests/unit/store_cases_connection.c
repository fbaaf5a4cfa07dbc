/*
 * store_cases_connection.c - answers, refusals and losses
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/group.h"
#include "now.h"
#include "store_box.h"
#include "store_cases.h"

enum { CALLS = 40 };

/* Answers in the order they came. */
typedef struct {
    int n;
    int who[CALLS];
    StoreOutcome outcome[CALLS];
} Log;

typedef struct {
    Log *log;
    int number;
} Call;

static void on_batch(void *arg, StoreOutcome outcome, const int64_t *fenced,
                     int n)
{
    const Call *call = arg;
    Log *log = call->log;

    (void) fenced;
    assert_int_equal(n, 0);
    assert_in_range(log->n, 0, CALLS - 1);
    log->who[log->n] = call->number;
    log->outcome[log->n++] = outcome;
}

/* Calls without waiting; every `bad`th under an unknown instance. */
static void call_many(Box *box, Call *calls, Log *log, int bad)
{
    int i;

    log->n = 0;
    for (i = 0; i < CALLS; i++) {
        calls[i] = (Call) { log, i };
        store_batch(box->scheduler,
                    bad > 0 && i % bad == 0 ? "unknown" : box->instance,
                    ++box->batch, NULL, 0, NULL, 0, on_batch, &calls[i]);
    }
}

static bool all_answered(void *arg)
{
    return ((Log *) arg)->n == CALLS;
}

void answers_in_the_order_of_calls(void **state)
{
    Call calls[CALLS];
    Log log;
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    call_many(&box, calls, &log, 0);
    assert_int_equal(log.n, 0);
    assert_in_range(store_outstanding(box.scheduler), CALLS, CALLS + 1);
    wait_until(all_answered, &log);
    for (i = 0; i < CALLS; i++) {
        assert_int_equal(log.who[i], i);
        assert_int_equal(log.outcome[i], STORE_DONE);
    }
    assert_int_equal(store_outstanding(box.scheduler), 0);
    box_close(&box);
}

void refused_call_does_not_disturb(void **state)
{
    Call calls[CALLS];
    Log log;
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    call_many(&box, calls, &log, 3);
    wait_until(all_answered, &log);
    for (i = 0; i < CALLS; i++) {
        assert_int_equal(log.who[i], i);
        assert_int_equal(log.outcome[i],
                         i % 3 == 0 ? STORE_FAILED : STORE_DONE);
    }
    assert_non_null(strstr(store_error(box.scheduler), "not started"));
    assert_int_equal(store_state(box.scheduler), STORE_UP);
    assert_int_equal(box.downs, 0);
    box_close(&box);
}

/* The scheduler's answers are all there, and it is up again. */
static bool is_back(void *arg)
{
    Box *box = arg;

    return box->ups == box->downs + 1 && box->downs > 0 &&
           store_outstanding(box->scheduler) == 0;
}

static void wait_until_back(Box *box)
{
    wait_until(is_back, box);
    assert_int_equal(box->downs, 1);
    wait_until(box_is_up, box);     /* the others, too */
}

void lost_calls_are_answered(void **state)
{
    Call calls[CALLS];
    Log log;
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    backend_cut();                  /* which the store does not know yet */
    call_many(&box, calls, &log, 0);
    assert_int_equal(store_state(box.scheduler), STORE_UP);
    wait_until_back(&box);
    assert_int_equal(log.n, CALLS);
    for (i = 0; i < CALLS; i++) {
        assert_int_equal(log.who[i], i);
        assert_int_equal(log.outcome[i], STORE_LOST);
    }
    box_close(&box);
}

void lost_batch_is_repeated(void **state)
{
    StoreGroup group;
    StoreLedgerRow row;
    StoreTransition move;
    Answer answer;
    Call call;
    Log log = { .n = 0 };
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1" }));
    group = box_claim_one(&box, "4670123");
    row = row_of(&group, 1, LEDGER_ACCEPTED, "id-1");
    move = move_of(&group, GROUP_AWAITING);
    move.due_in_us = 1;
    call = (Call) { &log, 0 };
    store_batch(box.scheduler, box.instance, ++box.batch, &row, 1, &move, 1,
                on_batch, &call);
    backend_cut();                  /* before the batch, or after it */
    wait_until_back(&box);
    assert_int_equal(log.n, 1);

    answer = box_batch_as(&box, box.instance, box.batch, &row, 1, &move, 1);
    assert_int_equal(answer.outcome, STORE_DONE);
    assert_int_equal(answer.n, 0);
    answer = box_due_soon(&box);
    assert_int_equal(answer.groups[0].state, GROUP_AWAITING);
    assert_int_equal(answer.groups[0].histories, 1);
    box_close(&box);
}

void call_while_down_is_lost(void **state)
{
    StoreEvents events = { .arg = NULL };
    Store *store = store_open(backend_conninfo(), STORE_SCHEDULER, &events);
    Log log = { .n = 0 };
    Call call = { &log, 0 };

    (void) state;
    assert_int_equal(store_state(store), STORE_DOWN);
    store_batch(store, "a", 1, NULL, 0, NULL, 0, on_batch, &call);
    assert_int_equal(store_outstanding(store), 1);
    assert_int_equal(store_poll_timeout(store, now_us()), 0);
    assert_int_equal(log.n, 0);
    store_run(store, now_us());
    assert_int_equal(log.n, 1);
    assert_int_equal(log.outcome[0], STORE_LOST);
    assert_int_equal(store_outstanding(store), 0);
    store_close(store);
}

static bool has_queue_wake(void *arg)
{
    return ((Box *) arg)->queue_wakes > 0;
}

static bool has_result_wake(void *arg)
{
    return ((Box *) arg)->result_wakes > 0;
}

void wakes_the_other_side(void **state)
{
    Box a, b;

    (void) state;
    box_open(&a, "a");
    box_open(&b, "b");
    assert_int_equal(b.queue_wakes, 0);
    store_wake(a.intake);
    wait_until(has_queue_wake, &a);
    wait_until(has_queue_wake, &b);
    assert_int_equal(a.result_wakes + b.result_wakes, 0);
    store_result_wake(b.scheduler);
    wait_until(has_result_wake, &a);
    wait_until(has_result_wake, &b);
    box_close(&a);
    box_close(&b);
}

/* Intake may learn of its loss later: what it sends until then is lost. */
static bool is_woken(void *arg)
{
    Box *box = arg;

    store_wake(box->intake);
    run_once(10);
    return box->queue_wakes > 0;
}

void wakes_after_a_loss(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    backend_cut();
    wait_until_back(&box);
    wait_until(is_woken, &box);
    box_close(&box);
}

void close_answers_all(void **state)
{
    Call calls[CALLS];
    Log log;
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    call_many(&box, calls, &log, 0);
    box_close(&box);
    assert_int_equal(log.n, CALLS);
    for (i = 0; i < CALLS; i++) {
        assert_int_equal(log.who[i], i);
        assert_int_equal(log.outcome[i], STORE_LOST);
    }
}
