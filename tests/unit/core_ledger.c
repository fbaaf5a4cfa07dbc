/*
 * core_ledger.c - what a group is rebuilt to from its ledger, and the words
 * that are made of it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_script.h"

/* ---- rebuilding ---- */

/* Whatever the order of a copy's rows, the stronger fact stays. */
static void rows_of_one_copy(void **state)
{
    static const struct {
        LedgerOutcome rows[4];
        CopyState expected;
    } cases[] = {
        { { LEDGER_IN_DOUBT, LEDGER_ACCEPTED }, COPY_ACCEPTED },
        { { LEDGER_ACCEPTED, LEDGER_IN_DOUBT }, COPY_ACCEPTED },
        { { LEDGER_IN_DOUBT, LEDGER_REFUSED }, COPY_REFUSED },
        { { LEDGER_IN_DOUBT, LEDGER_NOT_SENT }, COPY_UNSENT },
        { { LEDGER_ACCEPTED, LEDGER_REFUSED }, COPY_ACCEPTED },
        { { LEDGER_REFUSED, LEDGER_ACCEPTED }, COPY_REFUSED },
        { { LEDGER_ACCEPTED, LEDGER_RECEIPT_INFO }, COPY_ACCEPTED },
        { { LEDGER_ACCEPTED, LEDGER_DELIVERED }, COPY_DELIVERED },
        { { LEDGER_DELIVERED, LEDGER_ACCEPTED }, COPY_DELIVERED },
        { { LEDGER_ACCEPTED, LEDGER_NOT_DELIVERED }, COPY_FAILED },
        { { LEDGER_NOT_DELIVERED, LEDGER_ACCEPTED }, COPY_FAILED },
        { { LEDGER_ACCEPTED, LEDGER_NOT_DELIVERED, LEDGER_DELIVERED },
          COPY_DELIVERED },
        { { LEDGER_ACCEPTED, LEDGER_DELIVERED, LEDGER_NOT_DELIVERED },
          COPY_DELIVERED },
        { { LEDGER_ACCEPTED, LEDGER_CANCELLED, LEDGER_NOT_DELIVERED },
          COPY_CANCELLED },
        { { LEDGER_ACCEPTED, LEDGER_CANCELLED, LEDGER_DELIVERED },
          COPY_DELIVERED },
        { { LEDGER_ACCEPTED, LEDGER_DELIVERED, LEDGER_CANCELLED },
          COPY_DELIVERED },
        { { LEDGER_IN_DOUBT, LEDGER_ACCEPTED, LEDGER_CANCEL_LATE },
          COPY_ACCEPTED },
    };

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Group g;

        group_init(&g, &script_limits, 1, GROUP_SENDING, AIM_NONE, 1, false,
                   DEADLINE, TIME_NEVER);
        for (int k = 0; k < 4 && cases[i].rows[k] != LEDGER_NONE; k++)
            assert_int_equal(group_restore(&g, 1, 0, 1, cases[i].rows[k], 0),
                             0);
        if (g.copies[0].state != cases[i].expected)
            fail_msg("case %zu: got %d", i, g.copies[0].state);
        assert_int_equal(g.copies[0].cancel,
                         cases[i].rows[2] == LEDGER_CANCEL_LATE
                         ? CANCEL_TOO_LATE : CANCEL_NONE);
        group_free(&g);
    }
}

static void rows_that_contradict_the_group(void **state)
{
    Group g;

    (void) state;
    group_init(&g, &script_limits, 2, GROUP_SENDING, AIM_NONE, 2, false, DEADLINE,
               TIME_NEVER);
    assert_int_equal(group_restore(&g, 0, 0, 1, LEDGER_ACCEPTED, 0), -1);
    assert_int_equal(group_restore(&g, 1, 2, 1, LEDGER_ACCEPTED, 0), -1);
    assert_int_equal(group_restore(&g, 1, -1, 1, LEDGER_ACCEPTED, 0), -1);
    assert_int_equal(group_restore(&g, 1, 0, 0, LEDGER_ACCEPTED, 0), -1);
    assert_int_equal(group_restore(&g, 1, 0, 3, LEDGER_ACCEPTED, 0), -1);
    assert_int_equal(group_restore(&g, GROUP_MAX_COPIES + 1, 0, 1,
                                   LEDGER_ACCEPTED, 0), -1);
    assert_int_equal(group_restore(&g, 2, 1, 1, LEDGER_ACCEPTED, 0), 1);
    assert_int_equal(group_restore(&g, 2, 0, 1, LEDGER_ACCEPTED, 0), -1);
    /* the gap's row comes late */
    assert_int_equal(g.copies[0].state, COPY_UNSENT);
    assert_int_equal(group_restore(&g, 1, 1, 1, LEDGER_IN_DOUBT, 0), 0);
    assert_int_equal(g.copies[0].state, COPY_DOUBT);
    group_free(&g);
}

/* ---- words ---- */

static void the_cause_of_a_result(void **state)
{
    static const struct {
        GroupState state;
        GroupAim aim;
        LedgerOutcome first, second;
        int segment;
        const char *expected;
        int code;
    } cases[] = {
        { GROUP_DELIVERED, AIM_NONE, LEDGER_DELIVERED, LEDGER_DELIVERED, -1,
          "every segment delivered", 1000 },
        { GROUP_DELIVERED, AIM_NONE, LEDGER_DELIVERED, LEDGER_ACCEPTED, -1,
          "every segment accepted by the SMSC", 1000 },
        { GROUP_UNDELIVERABLE, AIM_FAIL, LEDGER_ACCEPTED, LEDGER_REFUSED, 1,
          "refused by the SMSC for good", 2003 },
        { GROUP_UNDELIVERABLE, AIM_FAIL, LEDGER_NOT_DELIVERED,
          LEDGER_ACCEPTED, 0, "the SMSC cannot deliver it", 4000 },
        { GROUP_UNDELIVERABLE, AIM_RETRY, LEDGER_ACCEPTED, LEDGER_REFUSED, 1,
          "no attempt left, refused by the SMSC", 2003 },
        { GROUP_UNDELIVERABLE, AIM_RETRY, LEDGER_ACCEPTED,
          LEDGER_NOT_DELIVERED, 1,
          "no attempt left, not delivered by the SMSC", 4000 },
        { GROUP_UNDELIVERABLE, AIM_RETRY, LEDGER_NOT_SENT, LEDGER_NONE, -1,
          "no attempt left, the SMSC could not be reached", 4001 },
        { GROUP_UNDELIVERABLE, AIM_FAIL, LEDGER_NONE, LEDGER_NONE, -1,
          "receiver or route is not allowed", 2001 },
        { GROUP_EXPIRED, AIM_EXPIRE, LEDGER_ACCEPTED, LEDGER_NONE, 1,
          "deadline passed before every segment was delivered", 4000 },
        { GROUP_CANCELLED, AIM_CANCEL, LEDGER_CANCELLED, LEDGER_ACCEPTED, 0,
          "cancelled before every segment was delivered", 4000 },
        { GROUP_UNKNOWN, AIM_NONE, LEDGER_DELIVERED, LEDGER_ACCEPTED, 1,
          "no receipt came in time", 4000 },
        { GROUP_SENDING, AIM_NONE, LEDGER_ACCEPTED, LEDGER_NONE, -1, "",
          4000 },
    };

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Group g;
        int segment = 99;

        group_init(&g, &script_limits, 2, cases[i].state, cases[i].aim, 1, false,
                   DEADLINE, TIME_NEVER);
        if (cases[i].first != LEDGER_NONE)
            group_restore(&g, 1, 0, 1, cases[i].first, 0);
        if (cases[i].second != LEDGER_NONE)
            group_restore(&g, 2, 1, 1, cases[i].second, 0);
        assert_string_equal(group_cause(&g, &segment), cases[i].expected);
        assert_int_equal(segment, cases[i].segment);
        assert_int_equal(group_code(&g, "0x0000000b/Invalid Destination"),
                         cases[i].code);
        group_free(&g);
    }
}

static void the_code_of_a_refusal(void **state)
{
    static const struct {
        const char *said;
        int code;
    } cases[] = {
        { NULL, 4000 }, { "", 4000 }, { "no such luck", 4000 },
        { "0x00000050/TON", 2002 }, { "0x00000051/NPI", 2002 },
        { "0x0000000B", 2003 }, { "0x00000045/Submit failed", 4000 },
    };
    Group g;

    (void) state;
    group_init(&g, &script_limits, 1, GROUP_UNDELIVERABLE, AIM_FAIL, 1, false,
               DEADLINE, TIME_NEVER);
    group_restore(&g, 1, 0, 1, LEDGER_REFUSED, 0);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(group_code(&g, cases[i].said), cases[i].code);
    group_free(&g);
}

static void what_a_group_leaves_behind(void **state)
{
    static const struct {
        GroupState state;
        LedgerOutcome rows[3];      /* of segment 1 accepted, and so on */
        const char *expected;
    } cases[] = {
        { GROUP_UNDELIVERABLE, { LEDGER_CANCELLED, LEDGER_CANCEL_LATE,
                                 LEDGER_NOT_DELIVERED },
          "1 of 3 cancelled, 1 too late to cancel, 1 may be on the phone" },
        { GROUP_UNDELIVERABLE, { LEDGER_DELIVERED, LEDGER_NONE,
                                 LEDGER_NOT_DELIVERED },
          "2 of 3 may be on the phone" },
        { GROUP_EXPIRED, { LEDGER_CANCELLED, LEDGER_CANCELLED,
                           LEDGER_CANCELLED }, "3 of 3 cancelled" },
        { GROUP_UNDELIVERABLE, { LEDGER_NOT_DELIVERED, LEDGER_NOT_DELIVERED,
                                 LEDGER_NOT_DELIVERED }, "" },
        { GROUP_UNKNOWN, { LEDGER_DELIVERED, LEDGER_NONE, LEDGER_NONE },
          "3 of 3 may be on the phone" },
        { GROUP_DELIVERED, { LEDGER_NONE, LEDGER_NONE, LEDGER_NONE }, "" },
    };

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[80], small[12];
        Group g;

        group_init(&g, &script_limits, 3, cases[i].state, AIM_FAIL, 1, false,
                   DEADLINE, TIME_NEVER);
        for (int k = 0; k < 3; k++) {
            group_restore(&g, k + 1, k, 1, LEDGER_ACCEPTED, 0);
            if (cases[i].rows[k] != LEDGER_NONE)
                group_restore(&g, k + 1, k, 1, cases[i].rows[k], 0);
        }
        group_rest(&g, text, sizeof(text));
        assert_string_equal(text, cases[i].expected);
        group_rest(&g, small, sizeof(small));
        assert_memory_equal(small, text, strlen(small));
        group_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_one_copy),
        cmocka_unit_test(rows_that_contradict_the_group),
        cmocka_unit_test(the_cause_of_a_result),
        cmocka_unit_test(the_code_of_a_refusal),
        cmocka_unit_test(what_a_group_leaves_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
