/*
 * wapbox_held.c - pushes between the PPG and their datagram
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wapbox/held.h"

static int a, b, c;             /* three pushes; only their addresses count */

static void gives_back_what_it_holds(void **state)
{
    Held *held = held_create();
    void *push = NULL;
    int64_t since;

    (void)state;
    assert_false(held_oldest(held, &since));
    assert_true(held_add(held, 0, &a, 10));
    assert_false(held_add(held, 1024, &b, 11));     /* in one bucket with 0 */
    assert_false(held_add(held, 7, &c, 12));
    assert_true(held_oldest(held, &since));
    assert_int_equal(since, 10);

    assert_false(held_take(held, 2048, &push));
    assert_true(held_take(held, 0, &push));
    assert_ptr_equal(push, &a);
    assert_false(held_take(held, 0, &push));
    assert_true(held_oldest(held, &since));
    assert_int_equal(since, 11);
    assert_true(held_take(held, 7, &push));
    assert_ptr_equal(push, &c);
    assert_true(held_take(held, 1024, &push));
    assert_ptr_equal(push, &b);
    assert_false(held_oldest(held, &since));
    held_destroy(held);
}

static void swallows_the_late_one(void **state)
{
    Held *held = held_create();
    void *push = &a;

    (void)state;
    held_add(held, 1, &a, 100);
    held_add(held, 2, &b, 200);
    assert_null(held_expire(held, 99, 150));
    assert_ptr_equal(held_expire(held, 100, 150), &a);
    assert_null(held_expire(held, 100, 150));
    assert_true(held_take(held, 1, &push));         /* the tombstone */
    assert_null(push);
    assert_false(held_take(held, 1, &push));        /* once */
    assert_true(held_take(held, 2, &push));
    assert_ptr_equal(push, &b);
    held_destroy(held);
}

static void forgets_tombstones_in_time(void **state)
{
    Held *held = held_create();
    void *push = &a;

    (void)state;
    held_add(held, 1, &a, 0);
    held_add(held, 2, &b, 0);
    assert_ptr_equal(held_expire(held, 0, 1000), &a);
    assert_ptr_equal(held_expire(held, 0, 2000), &b);
    assert_null(held_expire(held, 0, 1000 + HELD_TOMBSTONE_US - 1));
    assert_true(held_add(held, 3, &c, 3000));
    assert_null(held_expire(held, 0, 1000 + HELD_TOMBSTONE_US));
    assert_false(held_take(held, 1, &push));
    assert_true(held_take(held, 2, &push));
    assert_null(push);
    assert_true(held_take(held, 3, &push));
    held_destroy(held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_it_holds),
        cmocka_unit_test(swallows_the_late_one),
        cmocka_unit_test(forgets_tombstones_in_time)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
