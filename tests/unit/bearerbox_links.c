/*
 * bearerbox_links.c - which link a group takes, and how a link is paced
 *
 * Time is an argument: no test here waits.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bearerbox/links.h"

/* Of the tickets, which name none. */
static const StoreLease LEASE;

static WireLink there[4];
static int n_there;

static int fake_links(const char *route, const char *receiver,
                      WireLink *links, int max)
{
    int i, n = 0;

    for (i = 0; i < n_there && n < max; i++) {
        if (receiver != NULL && route[0] != '\0' &&
            strcmp(route, there[i].smsc_id) != 0)
            continue;
        links[n++] = there[i];
    }
    return n;
}

static const Wire wire = { .links = fake_links };

static void link_there(unsigned long serial, const char *id, bool active,
                       bool preferred)
{
    WireLink *link = &there[n_there++];

    memset(link, 0, sizeof(*link));
    link->serial = serial;
    strcpy(link->smsc_id, id);
    link->active = active;
    link->preferred = preferred;
    link->checked_write = true;
}

static int none(void **state)
{
    (void) state;
    n_there = 0;
    return 0;
}

static void busy(Tickets *tickets, unsigned long serial, int n)
{
    Ticket ticket;
    bool hungry;

    memset(&ticket, 0, sizeof(ticket));
    ticket.link = serial;
    while (n-- > 0)
        tickets_may_write(tickets, tickets_issue(tickets, &ticket, INT64_MAX),
                          &hungry);
}

static void test_choice(void **state)
{
    Tickets *tickets = tickets_create();
    Links *links = links_create(&wire, tickets);
    WireLink chosen;

    (void) state;
    tickets_fence(tickets, &LEASE, 1, INT64_MAX);
    assert_false(links_choose(links, "", "1", 0, &chosen));
    link_there(1, "A", false, false);
    assert_false(links_choose(links, "", "1", 0, &chosen));

    link_there(2, "A", true, false);
    link_there(3, "B", true, false);
    busy(tickets, 2, 3);
    assert_true(links_choose(links, "", "1", 0, &chosen));
    assert_int_equal(chosen.serial, 3);
    assert_true(links_choose(links, "A", "1", 0, &chosen));
    assert_int_equal(chosen.serial, 2);
    assert_false(links_choose(links, "C", "1", 0, &chosen));

    there[1].preferred = true;
    assert_true(links_choose(links, "", "1", 0, &chosen));
    assert_int_equal(chosen.serial, 2);
    links_destroy(links);
    tickets_destroy(tickets);
}

static void test_queue_kept_short(void **state)
{
    Tickets *tickets = tickets_create();
    Links *links = links_create(&wire, tickets);
    Ticket ticket;
    int handed = 0;

    (void) state;
    memset(&ticket, 0, sizeof(ticket));
    ticket.link = 1;
    tickets_fence(tickets, &LEASE, 1, INT64_MAX);
    while (links_ready(links, 1, true, 0)) {
        tickets_issue(tickets, &ticket, INT64_MAX);
        handed++;
    }
    assert_in_range(handed, 4, 64);
    assert_true(links_ready(links, 2, true, 0));
    links_destroy(links);
    tickets_destroy(tickets);
}

/*
 * An SMSC that takes `limit` segments a second and throttles the rest, for
 * `seconds`; what it took in the last quarter, per second.
 */
static double run(Links *links, double limit, int seconds, double at_random,
                  int64_t *clock)
{
    int64_t end = *clock + seconds * INT64_C(1000000);
    double allowance = 0, draw = 0;
    int taken = 0;
    bool throttle;

    for (; *clock < end; *clock += 1000) {
        allowance += limit / 1000;
        if (allowance > 1)
            allowance = 1;
        if (!links_ready(links, 1, true, *clock))
            continue;
        links_count_send(links, 1, *clock);
        draw += at_random;
        throttle = draw >= 1 || (limit > 0 && allowance < 1);
        if (draw >= 1)
            draw -= 1;
        if (!throttle)
            allowance -= limit > 0 ? 1 : 0;
        if (!throttle && end - *clock < seconds * INT64_C(250000))
            taken++;
        links_count_answer(links, 1, throttle, *clock);
    }
    return taken / (seconds * 0.25);
}

static void test_pace_follows_limit(void **state)
{
    static const double limits[] = { 5, 20, 100, 400 };
    Tickets *tickets;
    Links *links;
    int64_t clock = 1000000;
    double taken;
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        tickets = tickets_create();
        links = links_create(&wire, tickets);
        taken = run(links, limits[i], 40, 0, &clock);
        if (taken < 0.75 * limits[i])
            fail_msg("limit %.0f: only %.1f taken", limits[i], taken);
        assert_true(links_rate(links, 1) < 1.4 * limits[i] + 2);
        links_destroy(links);
        tickets_destroy(tickets);
    }
}

/* 5 % throttled whatever the rate: slowing down would not help. */
static void test_random_throttling_does_not_slow(void **state)
{
    Tickets *tickets = tickets_create();
    Links *links = links_create(&wire, tickets);
    int64_t clock = 1000000;

    (void) state;
    run(links, 0, 20, 0.05, &clock);
    assert_true(links_rate(links, 1) == 0);
    links_destroy(links);
    tickets_destroy(tickets);
}

/* The same of few answers: one in ten on the average, but by chance. */
static void test_chance_does_not_slow(void **state)
{
    static const int rates[] = { 3, 10, 30, 100 };      /* a second */
    unsigned short dice[3] = { 1, 2, 3 };
    size_t i;
    int n;

    (void) state;
    for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        Tickets *tickets = tickets_create();
        Links *links = links_create(&wire, tickets);

        for (n = 0; n < 2000; n++) {
            links_count_answer(links, 1, erand48(dice) < 0.10,
                               1000000 + n * INT64_C(1000000) / rates[i]);
            if (links_rate(links, 1) != 0)
                fail_msg("held after %d answers at %d a second", n, rates[i]);
        }
        links_destroy(links);
        tickets_destroy(tickets);
    }
}

static void test_speeds_up_again(void **state)
{
    Tickets *tickets = tickets_create();
    Links *links = links_create(&wire, tickets);
    int64_t clock = 1000000;

    (void) state;
    run(links, 20, 10, 0, &clock);
    assert_true(links_rate(links, 1) > 0);
    run(links, 0, 60, 0, &clock);
    assert_true(links_rate(links, 1) == 0);
    links_destroy(links);
    tickets_destroy(tickets);
}

/* What a link does not take goes over another one of the same route, and
 * comes back soon after it takes something again. */
static void test_throttled_is_left_alone(void **state)
{
    Tickets *tickets = tickets_create();
    Links *links = links_create(&wire, tickets);
    int64_t clock = 1000000, end;
    WireLink chosen;
    int i;

    (void) state;
    link_there(1, "A", true, false);
    link_there(2, "A", true, false);
    busy(tickets, 2, 20);
    assert_true(links_choose(links, "A", "1", clock, &chosen));
    assert_int_equal(chosen.serial, 1);

    run(links, 1e-9, 10, 0, &clock);
    assert_true(links_rate(links, 1) < 1);
    while (links_ready(links, 1, true, clock))
        links_count_send(links, 1, clock);
    for (i = 0; i < 50; i++) {
        assert_true(links_choose(links, "A", "1", clock, &chosen));
        assert_int_equal(chosen.serial, 2);
        links_count_waiting(links, 2, 1);
    }
    links_count_waiting(links, 2, 500);
    assert_true(links_choose(links, "A", "1", clock, &chosen));
    assert_int_equal(chosen.serial, 1);     /* it waits less there */

    end = clock + 8 * INT64_C(1000000);
    while (links_rate(links, 1) != 0 && clock < end)
        run(links, 0, 1, 0, &clock);
    assert_true(links_rate(links, 1) == 0);
    links_destroy(links);
    tickets_destroy(tickets);
}

/* Soon, however near to a proof against it the last refusals were. */
static void test_comes_back_at_any_moment(void **state)
{
    int refusals, i;

    (void) state;
    for (refusals = 0; refusals < 8; refusals++) {
        Tickets *tickets = tickets_create();
        Links *links = links_create(&wire, tickets);
        int64_t clock = 1000000, end;

        run(links, 1e-9, 10, 0, &clock);
        for (i = 0; i < refusals; i++)
            links_count_answer(links, 1, true, clock += 2000000);
        end = clock + 8 * INT64_C(1000000);
        while (links_rate(links, 1) != 0 && clock < end) {
            clock += (int64_t) (1e6 / links_rate(links, 1));
            links_count_answer(links, 1, false, clock);
        }
        if (links_rate(links, 1) != 0)
            fail_msg("held for long after %d refusals more", refusals);
        links_destroy(links);
        tickets_destroy(tickets);
    }
}

static void test_idle(void **state)
{
    Tickets *tickets = tickets_create();
    Links *links = links_create(&wire, tickets);

    (void) state;
    assert_false(links_idle(links, "", 0));
    link_there(1, "A", true, false);
    link_there(2, "B", false, false);
    assert_true(links_exists(links, 2));
    assert_false(links_exists(links, 3));
    assert_true(links_idle(links, "", 0));
    assert_true(links_idle(links, "A", 0));
    assert_false(links_idle(links, "B", 0));    /* not active */
    links_count_waiting(links, 1, 1000);
    assert_false(links_idle(links, "A", 0));
    links_forget(links, 1);                     /* they still wait */
    assert_false(links_idle(links, "A", 0));
    links_count_waiting(links, 1, -1000);
    assert_true(links_idle(links, "A", 0));
    links_destroy(links);
    tickets_destroy(tickets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_choice, none),
        cmocka_unit_test_setup(test_queue_kept_short, none),
        cmocka_unit_test_setup(test_pace_follows_limit, none),
        cmocka_unit_test_setup(test_random_throttling_does_not_slow, none),
        cmocka_unit_test_setup(test_chance_does_not_slow, none),
        cmocka_unit_test_setup(test_speeds_up_again, none),
        cmocka_unit_test_setup(test_throttled_is_left_alone, none),
        cmocka_unit_test_setup(test_comes_back_at_any_moment, none),
        cmocka_unit_test_setup(test_idle, none)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
