/*
 * bearerbox_queue.c - groups wait by priority, then age
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bearerbox/queue.h"

enum { GROUPS = 200 };

static void test_order(void **state)
{
    static Active groups[GROUPS];
    ActiveQueue queue = { 0 };
    Active *last = NULL, *next;
    int i;

    (void) state;
    srand(7);
    for (i = 0; i < GROUPS; i++) {
        groups[i].id = rand() % 10000;
        groups[i].priority = rand() % 3;
        queue_put(&queue, &groups[i]);
        assert_true(groups[i].queued);
        if (i % 5 == 4) {           /* it empties meanwhile */
            next = queue_take(&queue);
            assert_false(next->queued);
        }
    }
    assert_int_equal(queue.n, GROUPS - GROUPS / 5);
    while (queue.n > 0) {
        next = queue_take(&queue);
        if (last != NULL)
            assert_true(last->priority > next->priority ||
                        (last->priority == next->priority &&
                         last->id <= next->id));
        last = next;
    }
    queue_put(&queue, &groups[0]);
    assert_ptr_equal(queue_take(&queue), &groups[0]);
    assert_int_equal(queue.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_order) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
