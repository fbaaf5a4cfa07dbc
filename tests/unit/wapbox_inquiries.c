/*
 * wapbox_inquiries.c - how long who waits for what
 *
 * The database is a fake that keeps one call until the test answers it, the
 * clients are numbers, time is the test's own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wapbox/answer.h"
#include "wapbox/inquiries.h"

/* gwlib keeps these for itself. */
#undef malloc
#undef free

/* --- clients ------------------------------------------------------------ */

static char answers[20000];     /* "id:code id:code ..." in order */
static int alive;
static char clients[1000];      /* only their addresses count */

void answer_inquiry(Inquiry *inquiry, const PapFinding *findings, int n,
                    const PapQos *qos)
{
    const size_t used = strlen(answers);

    (void)qos;
    assert_non_null(inquiry->client);
    assert_true(n > 0);
    inquiry->client = NULL;
    snprintf(answers + used, sizeof(answers) - used, "%s%s:%d",
             used > 0 ? " " : "", inquiry->pap.push_id, findings[0].code);
}

void inquiry_destroy(Inquiry *inquiry)
{
    assert_null(inquiry->client);
    --alive;
    free(inquiry->pap.push_id);
    free(inquiry);
}

static void assert_answers(const char *expected)
{
    assert_string_equal(answers, expected);
    answers[0] = '\0';
}

static Inquiries *inquiries;

static void add(PapInquiryKind kind, const char *id, int64_t now)
{
    static char empty[] = "";
    Inquiry *inquiry = malloc(sizeof(*inquiry));

    memset(inquiry, 0, sizeof(*inquiry));
    inquiry->client = (HTTPClient *)(void *)&clients[alive++];
    inquiry->pap.kind = kind;
    inquiry->pap.push_id = malloc(strlen(id) + 1);
    strcpy(inquiry->pap.push_id, id);
    inquiry->pi = empty;
    inquiries_add(inquiries, inquiry, now);
}

/* --- the database ------------------------------------------------------- */

static char call[100];          /* the one in flight, "" for none */
static int wakes;
static StoreStatusDone *status_done;
static StoreCancelDone *cancel_done;
static void *done_arg;

void store_push_status(Store *store, const char *pi, const char *push_id,
                       StoreStatusDone *done, void *arg)
{
    (void)store, (void)pi;
    assert_string_equal(call, "");              /* one in flight */
    snprintf(call, sizeof(call), "status %s", push_id);
    status_done = done;
    done_arg = arg;
}

void store_push_cancel(Store *store, const int64_t *groups, int n,
                       StoreCancelDone *done, void *arg)
{
    (void)store;
    assert_string_equal(call, "");
    assert_int_equal(n, 1);
    snprintf(call, sizeof(call), "cancel %d", (int)groups[0]);
    cancel_done = done;
    done_arg = arg;
}

void store_cancel_wake(Store *store)
{
    (void)store;
    ++wakes;
}

static void assert_call(const char *expected)
{
    assert_string_equal(call, expected);
}

/* The status of a push of one group: "SENDING", "SENDING cancelling", ... */
static void tell(const char *state, bool live, bool cancelling)
{
    const StoreStatus row = {
        .group = 7, .address = "WAPPUSH=+1/TYPE=PLMN", .state = state,
        .code = live ? 0 : 4000, .cause = "", .live = live,
        .cancelling = cancelling
    };

    call[0] = '\0';
    status_done(done_arg, STORE_DONE, &row, 1);
}

static void fail_status(StoreOutcome outcome)
{
    call[0] = '\0';
    status_done(done_arg, outcome, NULL, 0);
}

static void end_cancel(StoreOutcome outcome)
{
    call[0] = '\0';
    cancel_done(done_arg, outcome);
}

/* --- the tests ---------------------------------------------------------- */

#define MS INT64_C(1000)
#define S INT64_C(1000000)

static int start(void **state)
{
    (void)state;
    inquiries = inquiries_create(NULL);
    inquiries_set_state(inquiries, STORE_UP);
    answers[0] = call[0] = '\0';
    wakes = 0;
    return 0;
}

/* Whatever a test does, each is answered once and freed. */
static int finish(void **state)
{
    (void)state;
    inquiries_destroy(inquiries);
    return alive;
}

static void answers_a_query_at_once(void **state)
{
    (void)state;
    assert_int_equal(inquiries_next_time(inquiries), INT64_MAX);
    add(PAP_STATUS_QUERY, "a", 5);
    assert_int_equal(inquiries_next_time(inquiries), 5);
    inquiries_run(inquiries, 5);
    assert_call("status a");
    assert_true(inquiries_owe_answer(inquiries));
    tell("SENDING", true, false);
    assert_answers("a:1000");
    assert_false(inquiries_owe_answer(inquiries));
    assert_int_equal(wakes, 0);
}

static void asks_for_one_after_the_other(void **state)
{
    (void)state;
    add(PAP_STATUS_QUERY, "a", 0);
    add(PAP_STATUS_QUERY, "b", 0);
    inquiries_run(inquiries, 0);
    assert_call("status a");
    inquiries_run(inquiries, 1);
    assert_call("status a");
    tell("SENDING", true, false);
    inquiries_run(inquiries, 2);
    assert_call("status b");
    status_done(done_arg, STORE_DONE, NULL, 0);
    assert_answers("a:1000 b:2004");
}

static void follows_a_cancel_to_its_end(void **state)
{
    (void)state;
    add(PAP_CANCEL, "a", 0);
    inquiries_run(inquiries, 0);
    tell("SENDING", true, false);
    assert_call("cancel 7");
    end_cancel(STORE_DONE);
    assert_int_equal(inquiries_next_time(inquiries), 0);    /* to wake */
    inquiries_run(inquiries, 0);
    assert_int_equal(wakes, 1);
    assert_call("");
    assert_int_equal(inquiries_next_time(inquiries), 5 * MS);
    inquiries_run(inquiries, 5 * MS);
    assert_call("status a");
    tell("ROLLBACK", true, true);
    assert_answers("");
    assert_int_equal(inquiries_next_time(inquiries), 15 * MS);
    inquiries_run(inquiries, 15 * MS);
    tell("CANCELLED", false, false);
    assert_answers("a:1000");
    assert_int_equal(wakes, 1);
}

/* A group may have been locked: then its cancel is requested again. */
static void requests_until_it_is_requested(void **state)
{
    (void)state;
    add(PAP_CANCEL, "a", 0);
    inquiries_run(inquiries, 0);
    tell("SENDING", true, false);
    end_cancel(STORE_DONE);
    inquiries_run(inquiries, 5 * MS);
    tell("SENDING", true, false);
    assert_call("cancel 7");
    end_cancel(STORE_DONE);
    inquiries_run(inquiries, 15 * MS);
    assert_int_equal(wakes, 2);
    tell("DELIVERED", false, false);
    assert_answers("a:2008");
}

/* Runs until it is answered; returns when. Each look finds it undecided. */
static int64_t wait_for_answer(int64_t now, int *looks)
{
    for (*looks = 0; answers[0] == '\0'; now = inquiries_next_time(inquiries)) {
        assert_true(now < 10 * S);
        inquiries_run(inquiries, now);
        if (answers[0] != '\0')
            break;
        if (call[0] != '\0') {
            ++*looks;
            tell("ROLLBACK", true, true);
        }
        if (answers[0] != '\0')
            break;
    }
    return now;
}

static void ends_an_undecided_one(void **state)
{
    int looks;

    (void)state;
    add(PAP_CANCEL, "a", 0);
    inquiries_run(inquiries, 0);
    tell("SENDING", true, false);
    end_cancel(STORE_DONE);
    assert_int_equal(wait_for_answer(0, &looks), 5 * S);
    assert_answers("a:2008");
    assert_in_range(looks, 10, 30);
}

static void does_not_wait_for_a_database_that_hangs(void **state)
{
    (void)state;
    add(PAP_STATUS_QUERY, "a", 0);
    add(PAP_CANCEL, "b", 0);
    inquiries_run(inquiries, 0);
    assert_int_equal(inquiries_next_time(inquiries), 850 * MS);
    inquiries_run(inquiries, 850 * MS);
    assert_answers("a:4001 b:4001");
    assert_int_equal(inquiries_next_time(inquiries), INT64_MAX);
    assert_int_equal(alive, 1);                 /* its call is in flight */
    tell("SENDING", true, false);
    assert_answers("");
}

static void answers_at_once_while_it_is_gone(void **state)
{
    (void)state;
    add(PAP_STATUS_QUERY, "a", 0);
    inquiries_run(inquiries, 0);
    fail_status(STORE_LOST);
    inquiries_set_state(inquiries, STORE_DOWN);
    inquiries_run(inquiries, 1);
    assert_answers("a:4001");
    add(PAP_CANCEL, "b", 2);
    inquiries_run(inquiries, 2);
    assert_answers("b:4001");
}

static void asks_again_after_a_short_loss(void **state)
{
    (void)state;
    add(PAP_STATUS_QUERY, "a", 0);
    inquiries_run(inquiries, 0);
    fail_status(STORE_LOST);
    inquiries_run(inquiries, 5 * MS);
    assert_call("status a");
    tell("DELIVERED", false, false);
    assert_answers("a:4000");
}

static void waits_for_the_first_connection(void **state)
{
    (void)state;
    inquiries_destroy(inquiries);
    inquiries = inquiries_create(NULL);
    inquiries_set_state(inquiries, STORE_DOWN);
    add(PAP_STATUS_QUERY, "a", 0);
    inquiries_run(inquiries, 0);
    assert_answers("");
    assert_int_equal(inquiries_next_time(inquiries), 850 * MS);
    inquiries_set_state(inquiries, STORE_UP);
    inquiries_run(inquiries, 1);
    tell("SENDING", true, false);
    assert_answers("a:1000");
}

/* What is requested is not taken back by an outage: it is undecided. */
static void keeps_a_requested_one_through_an_outage(void **state)
{
    (void)state;
    add(PAP_CANCEL, "a", 0);
    inquiries_run(inquiries, 0);
    tell("SENDING", true, false);
    end_cancel(STORE_DONE);
    inquiries_set_state(inquiries, STORE_DOWN);
    inquiries_run(inquiries, 2 * S);
    assert_answers("");
    assert_int_equal(inquiries_next_time(inquiries), 5850 * MS);
    inquiries_run(inquiries, 5850 * MS);
    assert_answers("a:2008");
}

/* The request itself may be lost: nobody knows. */
static void does_not_claim_a_lost_request(void **state)
{
    (void)state;
    add(PAP_CANCEL, "a", 0);
    inquiries_run(inquiries, 0);
    tell("SENDING", true, false);
    end_cancel(STORE_LOST);
    inquiries_set_state(inquiries, STORE_DOWN);
    inquiries_run(inquiries, 1);
    assert_answers("a:4001");
}

static void tells_when_the_server_cannot(void **state)
{
    (void)state;
    add(PAP_STATUS_QUERY, "a", 0);
    inquiries_run(inquiries, 0);
    fail_status(STORE_BUSY);
    assert_answers("a:4001");
    add(PAP_CANCEL, "b", 0);
    inquiries_run(inquiries, 0);
    tell("SENDING", true, false);
    end_cancel(STORE_FAILED);
    assert_answers("b:4001");
}

static void bounds_their_number(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < INQUIRIES_MAX; ++i)
        add(PAP_STATUS_QUERY, "a", 0);
    assert_answers("");
    add(PAP_STATUS_QUERY, "b", 0);
    assert_answers("b:4001");
    inquiries_run(inquiries, 850 * MS);
    answers[0] = '\0';
}

static void hurries(void **state)
{
    (void)state;
    add(PAP_CANCEL, "a", 0);
    inquiries_run(inquiries, 0);
    tell("SENDING", true, false);
    end_cancel(STORE_DONE);
    inquiries_hurry(inquiries, 1 * MS);
    inquiries_run(inquiries, 1 * MS);
    tell("ROLLBACK", true, true);
    assert_answers("a:2008");
    add(PAP_CANCEL, "b", 2 * MS);
    inquiries_hurry(inquiries, 2 * MS);
    inquiries_run(inquiries, 2 * MS);
    tell("SENDING", true, false);
    assert_call("");
    assert_answers("b:4001");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_a_query_at_once),
        TEST(asks_for_one_after_the_other),
        TEST(follows_a_cancel_to_its_end),
        TEST(requests_until_it_is_requested),
        TEST(ends_an_undecided_one),
        TEST(does_not_wait_for_a_database_that_hangs),
        TEST(answers_at_once_while_it_is_gone),
        TEST(asks_again_after_a_short_loss),
        TEST(waits_for_the_first_connection),
        TEST(keeps_a_requested_one_through_an_outage),
        TEST(does_not_claim_a_lost_request),
        TEST(tells_when_the_server_cannot),
        TEST(bounds_their_number),
        TEST(hurries)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
