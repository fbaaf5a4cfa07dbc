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

static int listed(Destinations *all)
{
    int n;

    destinations_rooms(all, 0, &n);
    return n;
}

/* One notification, from begin to end. */
static DestinationNews one(Destinations *all, const char *host, bool answered,
                           int64_t now)
{
    return destination_end(all, destination_begin(all, host), answered, now);
}

static void shares_room(void **state)
{
    Destinations *all = destinations_create();
    Destination *posts[DESTINATION_ROOM];
    int i;

    (void)state;
    for (i = 0; i < DESTINATION_ROOM; ++i) {
        assert_int_equal(room(all, "a:80", 0), DESTINATION_ROOM - i);
        posts[i] = destination_begin(all, "a:80");
    }
    assert_int_equal(room(all, "a:80", 0), 0);
    assert_int_equal(room(all, "b", 0), DESTINATION_ROOM);
    for (i = 0; i < DESTINATION_ROOM; ++i)
        assert_int_equal(destination_end(all, posts[i], true, 0),
                         DESTINATION_SAME);
    assert_int_equal(listed(all), 0);
    destinations_destroy(all);
}

static void rests_the_silent(void **state)
{
    static const int rests_s[] = { 1, 2, 4, 8, 8 };
    Destinations *all = destinations_create();
    int64_t now = 100 * SECOND_US;
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
    assert_int_equal(one(all, "a", true, now), DESTINATION_BACK);
    for (limit = 2; limit < DESTINATION_ROOM; limit *= 2) {
        assert_int_equal(room(all, "a", now), limit);
        assert_int_equal(one(all, "a", true, now), DESTINATION_SAME);
    }
    assert_int_equal(listed(all), 0);
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
        posts[i] = destination_begin(all, "a");
    for (i = 0; i < DESTINATION_ROOM; ++i)
        rests += destination_end(all, posts[i], false, SECOND_US)
                 == DESTINATION_RESTS;
    assert_int_equal(rests, 1);
    assert_int_equal(room(all, "a", 2 * SECOND_US - 1), 0);
    assert_int_equal(room(all, "a", 2 * SECOND_US), 1);
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
    assert_int_equal(listed(all), 1000);
    assert_int_equal(room(all, "host0", 0), DESTINATION_ROOM);
    assert_int_equal(room(all, "host2999", 0), 0);
    destinations_destroy(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_room),
        cmocka_unit_test(rests_the_silent),
        cmocka_unit_test(takes_many_failures_for_one),
        cmocka_unit_test(forgets_names)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
