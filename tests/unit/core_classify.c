/*
 * core_classify.c - answers, failures and receipts as events
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/classify.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_event(const char *what, GroupEvent got,
                         GroupEvent expected)
{
    if (got != expected)
        fail_msg("%s: got %s, expected %s", what, group_event_name(got),
                 group_event_name(expected));
}

/* Every status that is not listed here is ambiguous. */
static void every_status_has_its_class(void **state)
{
    static const struct {
        GroupEvent event;
        const char *statuses;
    } cases[] = {
        { EVENT_REFUSED_THROTTLED, "0x58, 0x14" },
        { EVENT_REFUSED_TEMPORARY, "0x08, 0x64, 0x102" },
        { EVENT_REFUSED_CONFIG, "0x03, 0x04, 0x05, 0x0D, 0x0E, 0x0F, 0x53" },
        { EVENT_REFUSED_PERMANENT, "0x01, 0x02, 0x06, 0x07, 0x0A, 0x0B, 0x15,"
          "0x42, 0x43, 0x48-0x51, 0x54, 0x61-0x63, 0x65, 0x66, 0xC0-0xC4,"
          "0x100, 0x101, 0x103-0x106" },
    };
    static const StatusOverrides none;
    StatusList lists[COUNT(cases)];

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_null(classify_parse_list(&lists[i], cases[i].statuses));
    assert_event("0", classify_status(0, &none), EVENT_ACCEPTED);
    for (uint32_t status = 1; status < 0x1000; status++) {
        GroupEvent expected = EVENT_REFUSED_AMBIGUOUS;
        char what[16];

        for (size_t i = 0; i < COUNT(cases); i++)
            for (int k = 0; k < lists[i].len; k++)
                if (status >= lists[i].ranges[k].from
                    && status <= lists[i].ranges[k].to)
                    expected = cases[i].event;
        snprintf(what, sizeof(what), "0x%x", status);
        assert_event(what, classify_status(status, &none), expected);
    }
    assert_event("all ones", classify_status(UINT32_MAX, &none),
                 EVENT_REFUSED_AMBIGUOUS);
}

static void the_operator_overrides_them(void **state)
{
    StatusOverrides overrides;

    (void) state;
    assert_null(classify_parse_list(&overrides.retryable,
                                    "0x0b,0x400-0x410"));
    assert_null(classify_parse_list(&overrides.permanent, " 69 , 0x411 "));
    assert_false(classify_lists_overlap(&overrides));
    assert_event("0x0b", classify_status(0x0b, &overrides),
                 EVENT_REFUSED_TEMPORARY);
    assert_event("0x410", classify_status(0x410, &overrides),
                 EVENT_REFUSED_TEMPORARY);
    assert_event("0x411", classify_status(0x411, &overrides),
                 EVENT_REFUSED_PERMANENT);
    assert_event("69", classify_status(0x45, &overrides),
                 EVENT_REFUSED_PERMANENT);
    assert_event("0x412", classify_status(0x412, &overrides),
                 EVENT_REFUSED_AMBIGUOUS);
    assert_event("0", classify_status(0, &overrides), EVENT_ACCEPTED);
    assert_null(classify_parse_list(&overrides.permanent, "0x40f-0x500"));
    assert_true(classify_lists_overlap(&overrides));
}

static void lists_are_checked(void **state)
{
    static const char *const wrong[] = {
        "x", "0x", "0xg", "-1", "1-", "1--2", "2-1", "1,", ",1", "1,,2",
        "1 2",
        "0", "0-5", "0x1ffffffff", "99999999999999999999999", "1;2", "+1",
    };
    static const struct {
        const char *text;
        int ranges;
    } right[] = {
        { "", 0 }, { "  ", 0 }, { "1", 1 }, { "0xffffffff", 1 },
        { "0X45", 1 }, { "1 - 2 , 7", 2 }, { "0x45, 0x400-0x4ff", 2 },
    };
    char many[CLASSIFY_MAX_RANGES * 2 + 4] = "1";
    StatusList list;

    (void) state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (classify_parse_list(&list, wrong[i]) == NULL)
            fail_msg("taken for right: \"%s\"", wrong[i]);
    for (size_t i = 0; i < COUNT(right); i++) {
        const char *error = classify_parse_list(&list, right[i].text);

        if (error != NULL)
            fail_msg("\"%s\": %s", right[i].text, error);
        assert_int_equal(list.len, right[i].ranges);
    }
    for (int i = 1; i < CLASSIFY_MAX_RANGES; i++)
        strcat(many, ",1");
    assert_null(classify_parse_list(&list, many));
    strcat(many, ",1");
    assert_non_null(classify_parse_list(&list, many));
}

static void failures_of_smpp(void **state)
{
    static const struct {
        DriverReason reason;
        const char *reply;
        GroupEvent event;
        int64_t status;
    } cases[] = {
        { REASON_TEMPORARILY, "0x00000058/Throttling error",
          EVENT_REFUSED_THROTTLED, 0x58 },
        { REASON_TEMPORARILY, "0x00000008", EVENT_REFUSED_TEMPORARY, 8 },
        { REASON_REJECTED, "0x00000045/Submit failed",
          EVENT_REFUSED_AMBIGUOUS, 0x45 },
        { REASON_REJECTED, "0x0000000b/Invalid Destination",
          EVENT_REFUSED_PERMANENT, 0x0b },
        { REASON_TEMPORARILY, NULL, EVENT_DOUBT, -1 },
        { REASON_TEMPORARILY, "0x00000000/OK", EVENT_DOUBT, -1 },
        { REASON_TEMPORARILY, "0xyz", EVENT_DOUBT, -1 },
        { REASON_TEMPORARILY, "0x58 and more", EVENT_DOUBT, -1 },
        { REASON_TEMPORARILY, "88", EVENT_DOUBT, -1 },
        { REASON_TEMPORARILY, "", EVENT_DOUBT, -1 },
        { REASON_SHUTDOWN, NULL, EVENT_DOUBT, -1 },
        { REASON_REJECTED, "REJECTED", EVENT_REFUSED_PERMANENT, -1 },
        { REASON_MALFORMED, "MALFORMED SMS", EVENT_REFUSED_PERMANENT, -1 },
        { REASON_DISCARDED, NULL, EVENT_REFUSED_PERMANENT, -1 },
        { REASON_QUEUE_FULL, NULL, EVENT_NOT_SENT, -1 },
        { REASON_EXPIRED, NULL, EVENT_NOT_SENT, -1 },
    };
    static const StatusOverrides none;

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t status = 77;
        GroupEvent event = classify_failure(DRIVER_SMPP, cases[i].reason,
                                            cases[i].reply, &none, &status);

        assert_event(cases[i].reply ? cases[i].reply : "no reply", event,
                     cases[i].event);
        assert_true(status == cases[i].status);
    }
}

/* By link and reason: what is refused for sure, and what is in doubt. */
static void failures_of_other_drivers(void **state)
{
    static const struct {
        const char *link;
        DriverReason reason;
        const char *reply;
        GroupEvent event;
    } cases[] = {
        { "SMPP:host:2345/2345:u:t", REASON_REJECTED, "0x00000058/x",
          EVENT_REFUSED_THROTTLED },
        { "SSMPP:host:2345/2345:u:t", REASON_REJECTED, "0x00000058/x",
          EVENT_REFUSED_THROTTLED },
        { "HTTP:kannel:0", REASON_MALFORMED, "?", EVENT_DOUBT },
        { "HTTP:kannel:0", REASON_MALFORMED, "0x00000058/x", EVENT_DOUBT },
        { "HTTP:clickatell:1", REASON_REJECTED, "no", EVENT_DOUBT },
        { "HTTP:generic:0", REASON_REJECTED, "REJECTED", EVENT_DOUBT },
        { "HTTP:generic:0", REASON_MALFORMED, "no",
          EVENT_REFUSED_PERMANENT },
        { "HTTPS:generic:0", REASON_TEMPORARILY, "later",
          EVENT_REFUSED_TEMPORARY },
        { "HTTP:generic:0", REASON_TEMPORARILY, NULL, EVENT_DOUBT },
        { "HTTP:generic:0", REASON_SHUTDOWN, NULL, EVENT_DOUBT },
        { "EMI2:host:1:u", REASON_REJECTED, "01-bad",
          EVENT_REFUSED_AMBIGUOUS },
        { "CIMD2:host:1:u", REASON_REJECTED, "REJECTED",
          EVENT_REFUSED_AMBIGUOUS },
        { "CIMD2:host:1:u", REASON_MALFORMED, "MALFORMED",
          EVENT_REFUSED_PERMANENT },
        { "CIMD2:host:1:u", REASON_TEMPORARILY, NULL, EVENT_DOUBT },
        { "FAKE:1", REASON_REJECTED, "REJECTED", EVENT_DOUBT },
        { "AT2[x]", REASON_TEMPORARILY, "ERROR", EVENT_DOUBT },
        { "AT2[x]", REASON_QUEUE_FULL, NULL, EVENT_NOT_SENT },
        { "", REASON_REJECTED, NULL, EVENT_DOUBT },
    };
    static const StatusOverrides none;

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t status;
        Driver driver = classify_driver(cases[i].link);

        assert_event(cases[i].link,
                     classify_failure(driver, cases[i].reason, cases[i].reply,
                                      &none, &status), cases[i].event);
        assert_true(status == (driver == DRIVER_SMPP ? 0x58 : -1));
    }
}

static void receipts(void **state)
{
    static const struct {
        const char *text;
        GroupEvent event;
    } cases[] = {
        { "id:1 sub:001 dlvrd:001 submit date:1 done date:1 stat:DELIVRD "
          "err:000 text:x", EVENT_RECEIPT_DELIVERED },
        { "stat:DELIVRD", EVENT_RECEIPT_DELIVERED },
        { "ID:1 STAT:delivrd ERR:000", EVENT_RECEIPT_DELIVERED },
        { "id:1 stat:EXPIRED err:001", EVENT_RECEIPT_FAILED_TEMPORARY },
        { "id:1 stat:DELETED err:001", EVENT_RECEIPT_FAILED_PERMANENT },
        { "id:1 stat:UNDELIV err:001", EVENT_RECEIPT_FAILED_PERMANENT },
        { "id:1 stat:REJECTD err:001", EVENT_RECEIPT_FAILED_PERMANENT },
        { "id:1 stat:ENROUTE err:001", EVENT_RECEIPT_INFO },
        { "id:1 stat:ACCEPTD err:001", EVENT_RECEIPT_INFO },
        { "id:1 stat:UNKNOWN err:001", EVENT_RECEIPT_INFO },
        { "id:1 stat:DELIVRDX err:001", EVENT_RECEIPT_INFO },
        { "id:1 stat:DELIV", EVENT_RECEIPT_INFO },
        { "id:1 stat:", EVENT_RECEIPT_INFO },
        { "id:1 substat:DELIVRD", EVENT_RECEIPT_INFO },
        { "DELIVRD", EVENT_RECEIPT_INFO },
        { "", EVENT_RECEIPT_INFO },
    };

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_event(cases[i].text, classify_receipt_text(cases[i].text),
                     cases[i].event);
    assert_true(classify_has_state("id:1 Stat:UNKNOWN"));
    assert_false(classify_has_state("delivered"));
    assert_false(classify_has_state("substat:DELIVRD"));
}

static void when_receipts_say_it_was(void **state)
{
    static const struct {
        const char *text;
        int expected;
    } cases[] = {
        { "id:1 done date:000101000002 stat:DELIVRD", 2 },
        { "done date:0001010001 stat:DELIVRD", -60 },
        { "Done Date:0002290000", -59 * 86400 },
        { "done date:000301000000", 60 * 86400 },
        { "done date:010101000000", 366 * 86400 },
        { "done date:261124162959", 848852999 },
        { "done date:2611241629", -848852940 },
        { "done date:991231235959", -1 },       /* no room for it */
        { "done date:000101000001", -1 },       /* means: not told */
        { "done date:26112416295", -1 },
        { "done date:261324162959", -1 },
        { "done date:260024162959", -1 },
        { "done date:261124242959", -1 },
        { "done date:261124166059", -1 },
        { "done date:", -1 },
        { "submit date:261124162959", -1 },
        { "", -1 },
    };

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int got = classify_receipt_done(cases[i].text);

        if (got != cases[i].expected)
            fail_msg("%s: %d, expected %d", cases[i].text, got,
                     cases[i].expected);
    }
}

static void receipts_by_message_state(void **state)
{
    static const GroupEvent expected[] = {
        EVENT_RECEIPT_INFO, EVENT_RECEIPT_INFO, EVENT_RECEIPT_DELIVERED,
        EVENT_RECEIPT_FAILED_TEMPORARY, EVENT_RECEIPT_FAILED_PERMANENT,
        EVENT_RECEIPT_FAILED_PERMANENT, EVENT_RECEIPT_INFO,
        EVENT_RECEIPT_INFO, EVENT_RECEIPT_FAILED_PERMANENT,
        EVENT_RECEIPT_INFO,
    };

    (void) state;
    for (int i = 0; i < (int) COUNT(expected); i++)
        assert_event("message_state", classify_receipt_state(i), expected[i]);
    assert_event("-1", classify_receipt_state(-1), EVENT_RECEIPT_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_class),
        cmocka_unit_test(the_operator_overrides_them),
        cmocka_unit_test(lists_are_checked),
        cmocka_unit_test(failures_of_smpp),
        cmocka_unit_test(failures_of_other_drivers),
        cmocka_unit_test(receipts),
        cmocka_unit_test(when_receipts_say_it_was),
        cmocka_unit_test(receipts_by_message_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
