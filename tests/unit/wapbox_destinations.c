/*
 * wapbox_destinations.c - room for each host, and none for the silent
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wapbox/destinations.h"

#define SECOND_US INT64_C(1000000)

/* The room of a host, or DESTINATION_ROOM if it is not listed. */
static int room(Destinations *all, const char *host, int64_t now)
{
    const StoreRoom *rooms;
    int n, i;

    rooms = destinations_rooms(all, now, &n);
    for (i = 0; i < n; ++i)
        if (strcmp(rooms[i].host, host) == 0)
            return rooms[i].room;
    return DESTINATION_ROOM;
}

/* How many are remembered when nothing has happened for a while. */
static int listed(Destinations *all, int64_t now)
{
    int n;

    destinations_rooms(all, now, &n);
    destinations_rooms(all, now, &n);
    return n;
}

/* One notification begins, for which there must be room. */
static Destination *begin(Destinations *all, const char *host, int64_t now)
{
    Destination *made = destination_add(all, host);

    assert_true(destination_begin(made, now));
    return made;
}

/* One from begin to end, without a wait; an answer takes a second. */
static DestinationNews one(Destinations *all, const char *host, bool answered,
                           int64_t now)
{
    return destination_end(all, begin(all, host, now), answered,
                           now - SECOND_US, now);
}

static void shares_room(void **state)
{
    Destinations *all = destinations_create();
    Destination *posts[DESTINATION_ROOM];
    int i;

    (void)state;
    for (i = 0; i < DESTINATION_ROOM; ++i) {
        assert_int_equal(room(all, "a:80", 0), DESTINATION_ROOM - i);
        posts[i] = begin(all, "a:80", 0);
    }
    assert_int_equal(room(all, "a:80", 0), 0);
    assert_false(destination_begin(destination_add(all, "a:80"), 0));
    destination_leave(posts[0]);
    assert_int_equal(room(all, "b", 0), DESTINATION_ROOM);
    for (i = 0; i < DESTINATION_ROOM; ++i)
        assert_int_equal(destination_end(all, posts[i], true, -SECOND_US, 0),
                         DESTINATION_SAME);
    assert_int_equal(listed(all, 0), 0);
    destinations_destroy(all);
}

static void rests_the_silent(void **state)
{
    static const int rests_s[] = { 1, 2, 4, 8, 8 };
    Destinations *all = destinations_create();
    int64_t now = 100 * SECOND_US;
    Destination *waits;
    size_t i;
    int limit;

    (void)state;
    for (limit = DESTINATION_ROOM; limit > 1; limit /= 2) {
        assert_int_equal(room(all, "a", now), limit);
        assert_int_equal(one(all, "a", false, now), DESTINATION_SAME);
    }
    for (i = 0; i < sizeof(rests_s) / sizeof(rests_s[0]); ++i) {
        assert_int_equal(room(all, "a", now), 1);
        assert_int_equal(one(all, "a", false, now),
                         i == 0 ? DESTINATION_RESTS : DESTINATION_SAME);
        assert_int_equal(room(all, "a", now), 0);
        now += rests_s[i] * SECOND_US;
        assert_int_equal(room(all, "a", now - 1), 0);
    }
    assert_int_equal(room(all, "b", now), DESTINATION_ROOM);
    waits = destination_add(all, "a");
    assert_false(destination_begin(waits, now - 1));
    destination_leave(waits);
    assert_int_equal(one(all, "a", true, now), DESTINATION_BACK);
    for (limit = 2; limit < DESTINATION_ROOM; limit *= 2) {
        assert_int_equal(room(all, "a", now), limit);
        assert_int_equal(one(all, "a", true, now), DESTINATION_SAME);
    }
    assert_int_equal(listed(all, 0), 0);
    destinations_destroy(all);
}

/* Whatever was under way fails within a moment: that is one silence. */
static void takes_many_failures_for_one(void **state)
{
    Destinations *all = destinations_create();
    Destination *posts[DESTINATION_ROOM];
    int i, rests = 0;

    (void)state;
    for (i = 0; i < DESTINATION_ROOM; ++i)
        posts[i] = begin(all, "a", 0);
    for (i = 0; i < DESTINATION_ROOM; ++i)
        rests += destination_end(all, posts[i], false, 0, SECOND_US)
                 == DESTINATION_RESTS;
    assert_int_equal(rests, 1);
    assert_int_equal(room(all, "a", 2 * SECOND_US - 1), 0);
    assert_int_equal(room(all, "a", 2 * SECOND_US), 1);
    destinations_destroy(all);
}

/* A host with room for one more, that has answered often enough to be known
 * as one that takes so long. */
static void answer_within(Destinations *all, Destination *others[],
                          int64_t took)
{
    int i;

    for (i = 1; i < DESTINATION_ROOM; ++i)
        others[i] = begin(all, "a", 0);
    for (i = 0; i < 200; ++i)
        destination_end(all, begin(all, "a", 0), true, 0, took);
}

static void lends_the_fast_ahead(void **state)
{
    static const struct { int64_t took; int least, most; } cases[] = {
        { 10000000, 0, 0 },
        { 1000000, 5, 6 },
        { 200000, 30, 32 },
        { 20000, 310, 320 },
        { 100, DESTINATION_AHEAD, DESTINATION_AHEAD },
        { 0, DESTINATION_AHEAD, DESTINATION_AHEAD }
    };
    Destination *others[DESTINATION_ROOM];
    Destinations *all;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        all = destinations_create();
        answer_within(all, others, cases[i].took);
        assert_in_range(room(all, "a", 0), 1 + cases[i].least,
                        1 + cases[i].most);
        destinations_destroy(all);
    }
}

/* All that was lent may be done before more is asked for. */
static void remembers_the_fast_for_a_moment(void **state)
{
    Destinations *all = destinations_create();
    int i;

    (void)state;
    for (i = 0; i < 200; ++i)
        destination_end(all, begin(all, "a", 0), true, 0, 100);
    assert_int_equal(room(all, "a", 0), DESTINATION_ROOM + DESTINATION_AHEAD);
    begin(all, "a", 0);
    assert_int_equal(room(all, "a", 0),
                     DESTINATION_ROOM - 1 + DESTINATION_AHEAD);
    destinations_destroy(all);
}

/* What waits counts; and once it has waited in vain, nothing is lent ahead
 * until the host answers again. */
static void lends_no_more_ahead_when_it_hangs(void **state)
{
    Destinations *all = destinations_create();
    Destination *others[DESTINATION_ROOM], *waits;
    int i;

    (void)state;
    answer_within(all, others, 100);
    begin(all, "a", 0);
    assert_int_equal(room(all, "a", 0), DESTINATION_AHEAD);
    for (i = 0; i < DESTINATION_AHEAD; ++i)
        waits = destination_add(all, "a");
    assert_int_equal(room(all, "a", 0), 0);
    for (i = 0; i < DESTINATION_AHEAD; ++i) {
        assert_false(destination_begin(waits, 0));
        destination_leave(waits);
    }
    assert_int_equal(room(all, "a", 0), 0);
    for (i = 1; i < DESTINATION_ROOM; ++i)
        destination_end(all, others[i], true, 0, 100);
    assert_true(room(all, "a", 0) > DESTINATION_ROOM);
    destinations_destroy(all);
}

static void forgets_names(void **state)
{
    Destinations *all = destinations_create();
    char host[20];
    int i, k;

    (void)state;
    for (i = 0; i < 3000; ++i) {
        snprintf(host, sizeof(host), "host%d", i);
        for (k = 0; k < 7; ++k)
            one(all, host, false, i);
    }
    assert_int_equal(listed(all, 0), 1000);
    assert_int_equal(room(all, "host0", 0), DESTINATION_ROOM);
    assert_int_equal(room(all, "host2999", 0), 0);
    destinations_destroy(all);
}

/* Those that were silent once, and were not tried again. */
static void forgets_the_half_silent(void **state)
{
    Destinations *all = destinations_create();
    char host[20];
    int i;

    (void)state;
    for (i = 0; i < 3000; ++i) {
        snprintf(host, sizeof(host), "host%d", i);
        one(all, host, false, i < 2000 ? 0 : SECOND_US);
    }
    assert_int_equal(listed(all, 60 * SECOND_US), 3000);
    assert_int_equal(listed(all, 60 * SECOND_US + 1), 1000);
    begin(all, "host2999", 60 * SECOND_US);
    assert_int_equal(listed(all, 62 * SECOND_US), 1);
    assert_int_equal(room(all, "host2999", 62 * SECOND_US),
                     DESTINATION_ROOM / 2 - 1);
    destinations_destroy(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_room),
        cmocka_unit_test(rests_the_silent),
        cmocka_unit_test(takes_many_failures_for_one),
        cmocka_unit_test(lends_the_fast_ahead),
        cmocka_unit_test(remembers_the_fast_for_a_moment),
        cmocka_unit_test(lends_no_more_ahead_when_it_hangs),
        cmocka_unit_test(forgets_names),
        cmocka_unit_test(forgets_the_half_silent)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
