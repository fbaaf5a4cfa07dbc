/*
 * store_fake_test.c - the store in memory does what PostgreSQL does
 *
 * The common cases, and its own for the faults it makes on demand.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/group.h"
#include "store_box.h"
#include "store_cases.h"
#include "store_fake.h"

const char *backend_conninfo(void)
{
    return "fake";
}

void backend_reset(void)
{
    fake_reset("test");
}

void backend_cut(void)
{
    fake_cut();
}

static int start_empty(void **state)
{
    (void) state;
    backend_reset();
    return 0;
}

static int forget(void **state)
{
    (void) state;
    box_forget();
    fake_reset(NULL);
    return 0;
}

static void fails_on_demand(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    fake_fail_next(2);
    assert_int_equal(box_claim(&box, 1).outcome, STORE_FAILED);
    assert_int_equal(box_claim(&box, 1).outcome, STORE_FAILED);
    assert_int_equal(box_claim(&box, 1).outcome, STORE_DONE);
    assert_int_equal(box.downs, 0);
    box_close(&box);
}

static void loses_on_demand(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1" }));
    fake_lose_next(false);
    assert_int_equal(box_claim(&box, 1).outcome, STORE_LOST);
    assert_int_equal(fake_count(GROUP_SENDING), 0);
    wait_until(box_is_up, &box);
    fake_lose_next(true);
    assert_int_equal(box_claim(&box, 1).outcome, STORE_LOST);
    assert_int_equal(fake_count(GROUP_SENDING), 1);
    wait_until(box_is_up, &box);
    assert_int_equal(box.downs, 2);
    box_close(&box);
}

static void stays_down_on_demand(void **state)
{
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    fake_set_down(true);
    assert_int_equal(box_claim(&box, 1).outcome, STORE_LOST);
    for (i = 0; i < 20; i++)
        run_once(20);
    assert_int_equal(store_state(box.scheduler), STORE_DOWN);
    assert_int_equal(box.downs, 1);
    fake_set_down(false);
    wait_until(box_is_up, &box);
    assert_int_equal(box_claim(&box, 1).outcome, STORE_DONE);
    box_close(&box);
}

static void check_at_start(void **state)
{
    char *wrong = store_check("fake", "other", 1);

    (void) state;
    assert_null(store_check("fake", "test", 1));
    assert_non_null(wrong);
    store_text_free(wrong);
}

#define COMMON(name) \
    cmocka_unit_test_setup_teardown(name, start_empty, forget),

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_CASES(COMMON)
        COMMON(fails_on_demand)
        COMMON(loses_on_demand)
        COMMON(stays_down_on_demand)
        COMMON(check_at_start)
    };

    return cmocka_run_group_tests_name("store in memory", tests, NULL, NULL);
}
