/*
 * bearerbox_tickets.c - the last look before a segment is written, and what
 * becomes of a ticket afterwards
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bearerbox/filter.h"
#include "bearerbox/ids.h"
#include "bearerbox/tickets.h"
#include "now.h"

static uint64_t issue(Tickets *tickets, unsigned long link, int64_t not_after)
{
    Ticket ticket;

    memset(&ticket, 0, sizeof(ticket));
    ticket.group = 7;
    ticket.lease = 3;
    ticket.epoch = 9;
    ticket.segment = 1;
    ticket.attempt = 1;
    ticket.copy = 2;
    ticket.link = link;
    strcpy(ticket.smsc_id, "A");
    return tickets_issue(tickets, &ticket, not_after);
}

/* Lease 3 with epoch 9, which the tickets above have. */
static void fence(Tickets *tickets, int64_t until_us)
{
    StoreLease held[] = {
        { .id = 5, .epoch = 8 }, { .id = 3, .epoch = 9 },
        { .id = 1, .epoch = 10 }
    };

    tickets_fence(tickets, held, 3, until_us);
}

static bool may_write(Tickets *tickets, uint64_t number)
{
    bool hungry;

    return tickets_may_write(tickets, number, &hungry);
}

/* lease held, revoked, deadline over -> may it be written? */
static void test_last_look(void **state)
{
    static const struct {
        int64_t lease_in, not_after_in;
        bool revoked, may;
    } cases[] = {
        { 60000000, 60000000, false, true },
        { 0, 60000000, false, false },
        { -1, 60000000, false, false },
        { 60000000, -1, false, false },
        { 60000000, 60000000, true, false }
    };
    Tickets *tickets = tickets_create();
    uint64_t number;
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        number = issue(tickets, 1, now_us() + cases[i].not_after_in);
        fence(tickets, now_us() + cases[i].lease_in);
        if (cases[i].revoked)
            assert_true(tickets_revoke(tickets, number));
        assert_int_equal(may_write(tickets, number), cases[i].may);
    }
    assert_false(may_write(tickets, 9999));
    tickets_destroy(tickets);
}

/* A lease that was lost, or comes back with another epoch: what was handed
 * over before is not written, whatever else is held. */
static void test_lease_lost(void **state)
{
    static const StoreLease others[] = { { .id = 5, .epoch = 8 } };
    static const StoreLease anew[] = { { .id = 3, .epoch = 11 } };
    static const int given[] = { 2, 3 };
    Tickets *tickets = tickets_create();
    uint64_t number = issue(tickets, 1, INT64_MAX);

    (void) state;
    assert_false(may_write(tickets, number));
    tickets_fence(tickets, others, 1, INT64_MAX);
    assert_false(may_write(tickets, number));
    tickets_fence(tickets, anew, 1, INT64_MAX);
    assert_false(may_write(tickets, number));
    fence(tickets, INT64_MAX);
    tickets_give_back(tickets, given, 2);
    assert_false(may_write(tickets, number));
    fence(tickets, INT64_MAX);
    assert_true(may_write(tickets, number));
    tickets_destroy(tickets);
}

static void test_written_is_not_taken_back(void **state)
{
    Tickets *tickets = tickets_create();
    uint64_t number = issue(tickets, 1, INT64_MAX);
    Ticket ticket;

    (void) state;
    fence(tickets, INT64_MAX);
    assert_true(may_write(tickets, number));
    assert_false(tickets_revoke(tickets, number));
    assert_true(tickets_take(tickets, number, &ticket));
    assert_int_not_equal(ticket.written_us, 0);
    assert_int_equal(ticket.copy, 2);
    assert_false(tickets_take(tickets, number, &ticket));
    tickets_destroy(tickets);
}

static void test_counts_per_link(void **state)
{
    Tickets *tickets = tickets_create();
    uint64_t a = issue(tickets, 1, INT64_MAX);
    uint64_t b = issue(tickets, 1, INT64_MAX);
    Ticket ticket;

    (void) state;
    issue(tickets, 2, INT64_MAX);
    fence(tickets, INT64_MAX);
    assert_int_equal(tickets_unwritten(tickets, 1), 2);
    assert_int_equal(tickets_unanswered(tickets, 1), 2);
    may_write(tickets, a);
    may_write(tickets, a);
    assert_int_equal(tickets_unwritten(tickets, 1), 1);
    tickets_doubt(tickets, a);
    tickets_doubt(tickets, a);
    assert_int_equal(tickets_unanswered(tickets, 1), 1);
    assert_true(tickets_take(tickets, b, &ticket));
    assert_int_equal(tickets_unwritten(tickets, 1), 0);
    assert_int_equal(tickets_unanswered(tickets, 1), 0);
    assert_int_equal(tickets_unanswered(tickets, 2), 1);
    tickets_destroy(tickets);
}

/* Whoever waits for a link's queue to empty is told once. */
static void test_hungry_once(void **state)
{
    Tickets *tickets = tickets_create();
    uint64_t number[4];
    bool hungry;
    int i, told = 0;

    (void) state;
    fence(tickets, INT64_MAX);
    for (i = 0; i < 4; i++)
        number[i] = issue(tickets, 1, INT64_MAX);
    tickets_wait(tickets, 1, 2);
    for (i = 0; i < 4; i++) {
        assert_true(tickets_may_write(tickets, number[i], &hungry));
        told += hungry;
        assert_int_equal(told, i >= 1);
    }
    tickets_destroy(tickets);
}

/* A doubted ticket waits for its late answer, but not for ever. */
static void test_late_answer(void **state)
{
    Tickets *tickets = tickets_create();
    uint64_t number = issue(tickets, 1, INT64_MAX);
    uint64_t fresh = issue(tickets, 1, INT64_MAX);
    Ticket ticket;

    (void) state;
    tickets_doubt(tickets, number);
    tickets_expire(tickets, now_us() - 1000000);
    assert_true(tickets_get(tickets, number, &ticket));
    assert_true(ticket.doubted);
    tickets_expire(tickets, now_us() + 1000000);
    assert_false(tickets_get(tickets, number, &ticket));
    assert_true(tickets_get(tickets, fresh, &ticket));
    tickets_destroy(tickets);
}

static void test_filter(void **state)
{
    Filter *filter = filter_create();

    (void) state;
    assert_false(filter_has(filter, "A", "1f"));
    filter_add(filter, "A", "1f");
    filter_add(filter, "A", "1f");
    assert_true(filter_has(filter, "A", "1f"));
    assert_false(filter_has(filter, "B", "1f"));
    assert_false(filter_has(filter, "A1", "f"));
    filter_destroy(filter);
}

static void test_ids(void **state)
{
    Ids *ids = ids_create();
    IdsName name;
    int64_t group;
    int copy;

    (void) state;
    ids_add(ids, &(IdsName) { "A", "1", "1" }, 7, 0);
    ids_add(ids, &(IdsName) { "A", "2", "0002" }, 7, 1);
    ids_add(ids, &(IdsName) { "B", "1", "1" }, 8, 0);
    assert_true(ids_find(ids, "A", "2", &group, &copy));
    assert_int_equal(group, 7);
    assert_int_equal(copy, 1);
    assert_true(ids_find(ids, "B", "1", &group, &copy));
    assert_int_equal(group, 8);
    assert_false(ids_find(ids, "B", "2", &group, &copy));
    assert_false(ids_find(ids, "A", "0002", &group, &copy));
    assert_true(ids_name(ids, 7, 1, &name));
    assert_string_equal(name.smsc_id, "A");
    assert_string_equal(name.message_id, "2");
    assert_string_equal(name.written, "0002");
    assert_true(ids_name(ids, 7, 0, &name));
    assert_string_equal(name.written, "1");
    assert_false(ids_name(ids, 7, 2, &name));
    assert_false(ids_name(ids, 9, 0, &name));
    ids_forget_group(ids, 7);
    assert_false(ids_find(ids, "A", "1", &group, &copy));
    assert_false(ids_name(ids, 7, 0, &name));
    assert_true(ids_find(ids, "B", "1", &group, &copy));
    ids_destroy(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_look),
        cmocka_unit_test(test_lease_lost),
        cmocka_unit_test(test_written_is_not_taken_back),
        cmocka_unit_test(test_counts_per_link),
        cmocka_unit_test(test_hungry_once),
        cmocka_unit_test(test_late_answer),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_ids)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
