/*
 * bearerbox_report.c - what a Push Initiator's wish for a report means
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bearerbox/report.h"

static void wishes_are_read(void **state)
{
    static const struct {
        const char *extra;
        long mask;
        const char *url, *boxc_id;
    } cases[] = {
        { NULL, 0, "", "" },
        { "", 0, "", "" },
        { "dlr-mask=3", 3, "", "" },
        { "dlr-mask=19&dlr-url=http%3A%2F%2Fpi%2Fr%3Fa%3D%25d%26b%3D1+2"
          "&boxc-id=one&account=me", 19, "http://pi/r?a=%d&b=1 2", "one" },
        { "xdlr-mask=1&dlr-maskx=2&boxc-id=&dlr-url", 0, "", "" },
        { "&&dlr-url=%4&dlr-mask=two&boxc-id=%zz%", 0, "%4", "%zz%" },
    };
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ReportWish wish;

        report_wish_read(&wish, cases[i].extra);
        assert_int_equal(wish.mask, cases[i].mask);
        assert_string_equal(wish.url, cases[i].url);
        assert_string_equal(wish.boxc_id, cases[i].boxc_id);
        report_wish_clear(&wish);
    }
}

/* Only what was asked for, only what is known. */
static void reports_are_true(void **state)
{
    static const int failed[] = {
        GROUP_UNDELIVERABLE, GROUP_EXPIRED, GROUP_CANCELLED
    };
    long mask;
    int i;

    (void) state;
    for (mask = 0; mask < 32; mask++) {
        assert_int_equal(report_type(mask, GROUP_DELIVERED), mask & 1);
        for (i = 0; i < 3; i++)
            assert_int_equal(report_type(mask, (GroupState) failed[i]),
                             mask & 2);
        assert_int_equal(report_type(mask, GROUP_UNKNOWN), REPORT_NONE);
        assert_int_equal(report_type(mask, GROUP_AWAITING), REPORT_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wishes_are_read),
        cmocka_unit_test(reports_are_true),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
