/*
 * wapbox_findings.c - what a PI is told of which address
 *
 * A push is a list of groups, a question a list of addresses; the answer is
 * compared as a line: address:state:code, and what is still to be done.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wapbox/findings.h"

#define A "WAPPUSH=+1/TYPE=PLMN@ppg"
#define B "WAPPUSH=+2/TYPE=PLMN@ppg"
#define C "WAPPUSH=+3/TYPE=PLMN@ppg"

#define ENDED(id, where, how, what) { .group = id, .address = where, \
    .state = how, .code = what, .cause = "why", .event_at_us = 61500000 }
#define LIVE(id, where, how) { .group = id, .address = where, .state = how, \
    .cause = "", .event_at_us = 60000000, .live = true }

static char answer[4000];

static void ask(PapInquiryKind kind, const StoreStatus *rows, int n, ...)
{
    char *addresses[10];
    PapInquiry inquiry = { .kind = kind, .addresses = addresses };
    Findings findings;
    va_list args;
    int i;

    va_start(args, n);
    while ((addresses[inquiry.address_count] = va_arg(args, char *)) != NULL)
        ++inquiry.address_count;
    va_end(args);
    findings_make(&findings, &inquiry, rows, n);
    answer[0] = '\0';
    for (i = 0; i < findings.n; ++i)
        snprintf(answer + strlen(answer), sizeof(answer) - strlen(answer),
                 "%s%s:%s:%d", i > 0 ? " " : "",
                 findings.items[i].address == NULL
                     ? "" : findings.items[i].address,
                 pap_state_name(findings.items[i].state),
                 findings.items[i].code);
    if (findings.undecided > 0)
        snprintf(answer + strlen(answer), sizeof(answer) - strlen(answer),
                 ", %d undecided, to cancel:", findings.undecided);
    for (i = 0; i < findings.n_to_cancel; ++i)
        snprintf(answer + strlen(answer), sizeof(answer) - strlen(answer),
                 " %d", (int)findings.to_cancel[i]);
    findings_free(&findings);
}

static void tells_each_state(void **state)
{
    static const struct {
        const char *name, *told;
    } cases[] = {
        { "DELIVERED", "delivered" }, { "UNDELIVERABLE", "undeliverable" },
        { "EXPIRED", "expired" }, { "CANCELLED", "cancelled" },
        { "UNKNOWN", "unknown" }, { "REJECTED", "rejected" },
        { "SOMETHING NEW", "unknown" }
    };
    static const char *const live[] = {
        "QUEUED", "DEFERRED", "SENDING", "AWAITING", "ROLLBACK", "NEW"
    };
    char expected[100];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        const StoreStatus row = ENDED(1, A, cases[i].name, 4000);

        ask(PAP_STATUS_QUERY, &row, 1, NULL);
        snprintf(expected, sizeof(expected), A ":%s:4000", cases[i].told);
        assert_string_equal(answer, expected);
    }
    for (i = 0; i < sizeof(live) / sizeof(live[0]); ++i) {
        const StoreStatus row = LIVE(1, A, live[i]);

        ask(PAP_STATUS_QUERY, &row, 1, NULL);
        assert_string_equal(answer, A ":pending:1000");
    }
}

static void tells_time_and_words(void **state)
{
    static const StoreStatus rows[] = {
        ENDED(1, A, "EXPIRED", 4000), LIVE(2, B, "SENDING")
    };
    PapInquiry inquiry = { .kind = PAP_STATUS_QUERY };
    Findings findings;

    (void)state;
    findings_make(&findings, &inquiry, rows, 2);
    assert_int_equal(findings.items[0].event_time_s, 61);
    assert_string_equal(findings.items[0].desc, "why");
    assert_int_equal(findings.items[1].event_time_s, 60);
    assert_string_equal(findings.items[1].desc, "is being sent");
    findings_free(&findings);
}

static const StoreStatus three[] = {
    LIVE(1, A, "QUEUED"), ENDED(2, B, "DELIVERED", 1000),
    ENDED(3, C, "UNDELIVERABLE", 4000)
};

static void finds_addresses(void **state)
{
    (void)state;
    ask(PAP_STATUS_QUERY, three, 3, NULL);
    assert_string_equal(answer, A ":pending:1000 " B ":delivered:1000 "
                        C ":undeliverable:4000");
    ask(PAP_STATUS_QUERY, three, 3, "wappush=+3/type=plmn", A, NULL);
    assert_string_equal(answer, C ":undeliverable:4000 " A ":pending:1000");
    ask(PAP_STATUS_QUERY, three, 3, "WAPPUSH=+4/TYPE=PLMN", "+1", B, B,
        NULL);
    assert_string_equal(answer, "WAPPUSH=+4/TYPE=PLMN:unknown:2003 "
                        "+1:unknown:2002 " B ":delivered:1000");
    ask(PAP_STATUS_QUERY, NULL, 0, A, NULL);
    assert_string_equal(answer, ":unknown:2004");
    ask(PAP_CANCEL, NULL, 0, NULL);
    assert_string_equal(answer, ":unknown:2004");
}

/* A push may name one phone twice. */
static void finds_doubles(void **state)
{
    static const StoreStatus rows[] = {
        LIVE(1, A, "QUEUED"), LIVE(2, B, "QUEUED"), LIVE(3, A, "SENDING"),
        ENDED(4, "nonsense", "REJECTED", 2002)
    };

    (void)state;
    ask(PAP_STATUS_QUERY, rows, 4, A, "nonsense", NULL);
    assert_string_equal(answer, A ":pending:1000 " A ":pending:1000 "
                        "nonsense:unknown:2002");
    ask(PAP_CANCEL, rows, 4, A, NULL);
    assert_string_equal(answer, A ":unknown:4001 " A ":unknown:4001, "
                        "2 undecided, to cancel: 1 3");
}

static void decides_cancels(void **state)
{
    StoreStatus row = LIVE(7, A, "AWAITING");
    static const StoreStatus cancelled = ENDED(7, A, "CANCELLED", 4000);

    (void)state;
    ask(PAP_CANCEL, &row, 1, NULL);
    assert_string_equal(answer, A ":unknown:4001, 1 undecided, to cancel: 7");
    row.cancelling = true;
    ask(PAP_CANCEL, &row, 1, NULL);
    assert_string_equal(answer, A ":unknown:2008, 1 undecided, to cancel:");
    row.partly = true;              /* too late, but somebody is at it */
    ask(PAP_CANCEL, &row, 1, NULL);
    assert_string_equal(answer, A ":unknown:2008, 1 undecided, to cancel:");
    row.cancelling = false;
    ask(PAP_CANCEL, &row, 1, NULL);
    assert_string_equal(answer, A ":unknown:2008");
    ask(PAP_CANCEL, &cancelled, 1, NULL);
    assert_string_equal(answer, A ":unknown:1000");
    ask(PAP_CANCEL, three, 3, NULL);
    assert_string_equal(answer, A ":unknown:4001 " B ":unknown:2008 "
                        C ":unknown:2008, 1 undecided, to cancel: 1");
    ask(PAP_CANCEL, three, 3, B, NULL);
    assert_string_equal(answer, B ":unknown:2008");
}

/* A thousand addresses, asked in the other order. */
static void finds_many(void **state)
{
    enum { MANY = 1000 };
    static char texts[MANY][64], *asked[MANY];
    static StoreStatus rows[MANY];
    PapInquiry inquiry = { .kind = PAP_CANCEL, .addresses = asked,
                           .address_count = MANY };
    Findings findings;
    int i;

    (void)state;
    for (i = 0; i < MANY; ++i) {
        snprintf(texts[i], sizeof(texts[i]), "WAPPUSH=+%d/TYPE=PLMN", i);
        rows[i] = (StoreStatus) LIVE(i, texts[i], "QUEUED");
        asked[MANY - 1 - i] = texts[i];
    }
    findings_make(&findings, &inquiry, rows, MANY);
    assert_int_equal(findings.n, MANY);
    assert_int_equal(findings.n_to_cancel, MANY);
    for (i = 0; i < MANY; ++i)
        assert_int_equal(findings.to_cancel[i], MANY - 1 - i);
    findings_free(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_each_state),
        cmocka_unit_test(tells_time_and_words),
        cmocka_unit_test(finds_addresses),
        cmocka_unit_test(finds_doubles),
        cmocka_unit_test(decides_cancels),
        cmocka_unit_test(finds_many)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
