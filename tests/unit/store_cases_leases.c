/*
 * store_cases_leases.c - who may send what, and for how long
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/group.h"
#include "store_box.h"
#include "store_cases.h"

static const int64_t HOUR = INT64_C(3600000000);
static const char *const ANY[] = { "" };

enum { SHARDS = 32 };

void leases_are_shared(void **state)
{
    int release[BOX_LEASES], i, n = 0;
    Box a, b;

    (void) state;
    box_open(&a, "a");
    box_open(&b, "b");
    box_start(&a);
    assert_int_equal(a.n_held, SHARDS);
    assert_int_equal(box_fresh(&a), SHARDS);
    assert_int_equal(box_yielding(&a), 0);
    box_start(&b);
    assert_int_equal(b.n_held, 0);

    assert_int_equal(box_renew(&a, ANY, 1, HOUR, NULL, 0), STORE_DONE);
    assert_int_equal(a.n_held, SHARDS);
    assert_int_equal(box_fresh(&a), 0);
    assert_int_equal(box_yielding(&a), SHARDS / 2);
    for (i = 0; i < a.n_held; i++) {
        if (a.held[i].yielding)
            release[n++] = a.held[i].id;
    }
    assert_int_equal(box_renew(&a, ANY, 1, HOUR, release, n), STORE_DONE);
    assert_int_equal(a.n_held, SHARDS / 2);
    assert_int_equal(box_renew(&b, ANY, 1, HOUR, NULL, 0), STORE_DONE);
    assert_int_equal(b.n_held, SHARDS / 2);
    assert_int_equal(box_fresh(&b), SHARDS / 2);
    for (i = 0; i < b.n_held; i++)
        assert_true(b.held[i].epoch > a.held[i].epoch);
    box_close(&a);
    box_close(&b);
}

void leases_of_named_routes(void **state)
{
    static const char *const BOTH[] = { "", "one" };
    StoreGroup group;
    Box a, b;
    int i;

    (void) state;
    box_open(&a, "a");
    box_open(&b, "b");
    box_start(&a);
    box_start(&b);
    assert_int_equal(box_renew(&b, BOTH + 1, 1, HOUR, NULL, 0), STORE_DONE);
    assert_int_equal(b.n_held, SHARDS);
    for (i = 0; i < b.n_held; i++)
        assert_string_equal(b.held[i].route, "one");
    assert_true(box_push(&a, &(Sample) { .id = "1", .route = "one" }));
    assert_int_equal(box_claim(&a, 10).n, 0);
    group = box_claim_one(&b, "4670123");
    assert_string_equal(group.route, "one");
    box_close(&a);
    box_close(&b);
}

void leases_given_back(void **state)
{
    StoreGroup group;
    Answer adopted;
    Box a, b;

    (void) state;
    box_open(&a, "a");
    box_open(&b, "b");
    box_start(&a);
    assert_true(box_push(&a, &(Sample) { .id = "1" }));
    group = box_claim_one(&a, "4670123");
    box_move(&a, &group, GROUP_ROLLBACK);
    assert_int_equal(box_renew(&a, NULL, 0, 0, NULL, 0), STORE_DONE);
    assert_int_equal(a.n_held, 0);
    box_start(&b);
    assert_int_equal(box_fresh(&b), SHARDS);
    adopted = box_adopt(&b, 10);
    assert_int_equal(adopted.n, 1);
    assert_int_equal(adopted.groups[0].id, group.id);
    assert_int_equal(adopted.groups[0].state, GROUP_ROLLBACK);
    assert_int_equal(adopted.groups[0].takeovers, 0);
    assert_int_equal(adopted.groups[0].reference, group.reference);
    assert_int_equal(box_adopt(&b, 10).n, 0);
    box_close(&a);
    box_close(&b);
}

static bool took_all(void *arg)
{
    Box *box = arg;

    assert_int_equal(box_renew(box, ANY, 1, HOUR, NULL, 0), STORE_DONE);
    return box_fresh(box) == SHARDS;
}

void leases_expire(void **state)
{
    StoreGroup group;
    Answer adopted;
    Box a, b;

    (void) state;
    box_open(&a, "a");
    box_open(&b, "b");
    box_start(&a);
    assert_true(box_push(&a, &(Sample) { .id = "1" }));
    group = box_claim_one(&a, "4670123");
    assert_int_equal(box_renew(&a, ANY, 1, 300000, NULL, 0), STORE_DONE);
    box_start(&b);
    if (b.n_held < SHARDS)
        wait_until(took_all, &b);
    adopted = box_adopt(&b, 10);
    assert_int_equal(adopted.n, 1);
    assert_int_equal(adopted.groups[0].takeovers, 1);
    assert_true(adopted.groups[0].epoch > group.epoch);
    /* The late one gets nothing while the other lives. */
    assert_int_equal(box_renew(&a, ANY, 1, HOUR, NULL, 0), STORE_DONE);
    assert_int_equal(a.n_held, 0);
    assert_int_equal(box_claim(&a, 10).n, 0);
    box_close(&a);
    box_close(&b);
}

void takeovers_park_a_group(void **state)
{
    Answer adopted;
    Box boxes[5];
    int i;

    (void) state;
    for (i = 0; i < 5; i++)
        box_open(&boxes[i], (const char *[]) { "a", "b", "c", "d", "e" }[i]);
    box_start(&boxes[0]);
    assert_true(box_push(&boxes[0], &(Sample) { .id = "1" }));
    assert_true(box_push(&boxes[0], &(Sample) { .id = "2" }));
    box_claim_one(&boxes[0], "4670123");
    for (i = 1; i < 5; i++) {
        assert_int_equal(box_renew(&boxes[i - 1], ANY, 1, 1000, NULL, 0),
                         STORE_DONE);
        box_start(&boxes[i]);
        if (boxes[i].n_held < SHARDS)
            wait_until(took_all, &boxes[i]);
        adopted = box_adopt(&boxes[i], 10);
        assert_int_equal(adopted.n, i < 4);
        if (i < 4)
            assert_int_equal(adopted.groups[0].takeovers, i);
    }
    /* The parked group lets go of its receiver. */
    box_claim_one(&boxes[4], "4670123");
    for (i = 0; i < 5; i++)
        box_close(&boxes[i]);
}

void instance_must_be_started(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    strcpy(box.instance, "never started");
    assert_int_equal(box_renew(&box, ANY, 1, HOUR, NULL, 0), STORE_FAILED);
    assert_non_null(strstr(store_error(box.leases), "not started"));
    assert_int_equal(box_batch_as(&box, box.instance, 1, NULL, 0, NULL, 0)
                     .outcome, STORE_FAILED);
    assert_non_null(strstr(store_error(box.scheduler), "not started"));
    box_start(&box);
    assert_int_equal(box.n_held, SHARDS);
    box_close(&box);
}

typedef struct {
    bool there, held;
    StoreOutcome outcome;
} Started;

static void on_started(void *arg, StoreOutcome outcome,
                       const StoreStarted *answer)
{
    Started *started = arg;

    *started = (Started) { true, answer != NULL && answer->held, outcome };
}

static bool is_started(void *arg)
{
    return ((Started *) arg)->there;
}

void restored_queue_is_held(void **state)
{
    Started started = { false, false, STORE_LOST };
    StoreLast last = { .batch = 2 };
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    box_batch(&box, NULL, 0, NULL, 0);
    box_batch(&box, NULL, 0, NULL, 0);

    last.instance = box.instance;
    store_instance(box.leases, "next", "test", NULL, &last, on_started,
                   &started);
    wait_until(is_started, &started);
    assert_int_equal(started.outcome, STORE_DONE);
    assert_false(started.held);

    started.there = false;
    last.batch = 3;
    store_instance(box.leases, "after", "test", NULL, &last, on_started,
                   &started);
    wait_until(is_started, &started);
    assert_int_equal(started.outcome, STORE_DONE);
    assert_true(started.held);
    assert_int_equal(box_renew(&box, ANY, 1, HOUR, NULL, 0), STORE_DONE);
    assert_int_equal(box.n_held, 0);

    started.there = false;
    store_instance(box.leases, "other", "another deployment", NULL, NULL,
                   on_started, &started);
    wait_until(is_started, &started);
    assert_int_equal(started.outcome, STORE_FAILED);
    assert_non_null(strstr(store_error(box.leases), "another deployment"));
    box_close(&box);
}
