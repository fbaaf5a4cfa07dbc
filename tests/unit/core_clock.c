/*
 * core_clock.c - back-off and sums of times
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/clock.h"

#define MS INT64_C(1000)

static void backoff_doubles_up_to_its_ceiling(void **state)
{
    static const struct {
        int64_t first, max;
        int step;
        double random;
        int64_t expected;
    } cases[] = {
        { 200 * MS, 5000 * MS, 0, 0, 200 * MS },
        { 200 * MS, 5000 * MS, 1, 0, 400 * MS },
        { 200 * MS, 5000 * MS, 4, 0, 3200 * MS },
        { 200 * MS, 5000 * MS, 5, 0, 5000 * MS },
        { 200 * MS, 5000 * MS, 1000000, 0, 5000 * MS },
        { 200 * MS, 5000 * MS, 0, 0.5, 180 * MS },
        { 200 * MS, 5000 * MS, 5, 0.5, 4500 * MS },
        { 200 * MS, 100 * MS, 0, 0, 200 * MS },
        { 200 * MS, 100 * MS, 7, 0, 200 * MS },
        { 200 * MS, 5000 * MS, -1, 0, 200 * MS },
        { 0, 5000 * MS, 9, 0.9, 0 },
        { 0, 0, 0, 0, 0 },
        { 1, INT64_MAX, 62, 0, INT64_C(1) << 62 },
        { 1, INT64_MAX, 63, 0, INT64_MAX },
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t got = clock_backoff(cases[i].first, cases[i].max,
                                    cases[i].step, cases[i].random);

        if (got != cases[i].expected)
            fail_msg("case %zu: got %lld, expected %lld", i, (long long) got,
                     (long long) cases[i].expected);
    }
}

static void jitter_takes_at_most_a_fifth(void **state)
{
    (void) state;
    for (int step = 0; step < 8; step++) {
        int64_t full = clock_backoff(200 * MS, 5000 * MS, step, 0);

        for (double random = 0; random < 1; random += 0.01) {
            int64_t got = clock_backoff(200 * MS, 5000 * MS, step, random);

            assert_true(got <= full && got > full - full / 5);
        }
    }
}

static void sums_do_not_overflow(void **state)
{
    (void) state;
    assert_true(clock_add(1, 2) == 3);
    assert_true(clock_add(-5, 2) == -3);
    assert_true(clock_add(TIME_NEVER, 0) == TIME_NEVER);
    assert_true(clock_add(TIME_NEVER, 1) == TIME_NEVER);
    assert_true(clock_add(1, TIME_NEVER) == TIME_NEVER);
    assert_true(clock_add(TIME_NEVER - 1, 1) == TIME_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_doubles_up_to_its_ceiling),
        cmocka_unit_test(jitter_takes_at_most_a_fifth),
        cmocka_unit_test(sums_do_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
