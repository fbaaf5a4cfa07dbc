/*
 * core_states.c - every state and every event
 *
 * One line of `expected` for each state, one letter for each event: the state
 * that follows, or '.' where the event is illegal. The limits allow one retry
 * of a segment and one of an attempt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/transitions.h"

static const GroupLimits limits = {
    .window = 60, .segment_retries = 1, .max_attempts = 2,
    .retry_delay = 10, .retry_delay_max = 10, .receipt_timeout = 100,
    .advance_on = ON_ACCEPTED, .complete_on = ON_DELIVERED,
};

/* The letters of the states, in the order of GroupState. */
static const char letters[] = "QDSAR+UECx";

/*
 * Two segments; copy 0 is of segment 0, copy 1 of segment 1, both of the
 * first attempt. Answers are about copy 1, receipts and cancels about copy 0.
 */
static const struct {
    const char *what;
    GroupState state;
    GroupAim aim;
    int attempt;
    bool closed;
    CopyState first;
    CopyCancel cancel;          /* of the first */
    CopyState second;
    /* CLAIMED ADOPTED LINK_GONE GIVEN_BACK BARRED CANCEL DEADLINE WINDOW DUE
     * RECEIPT_TIMEOUT; answers: ACCEPTED, REFUSED_THROTTLED _CONFIG
     * _TEMPORARY _AMBIGUOUS _PERMANENT, NOT_SENT DOUBT; receipts: DELIVERED
     * FAILED_TEMPORARY FAILED_PERMANENT INFO; cancel OK LATE LOST */
    const char *expected;
} cases[] = {
    { "queued for the second attempt", GROUP_QUEUED, AIM_RETRY, 2, false,
      COPY_ACCEPTED, CANCEL_TOO_LATE, COPY_REFUSED,
      "SQQ.UCE... QQQQQQQQ QQQQ QQQ" },
    { "deferred after the first attempt", GROUP_DEFERRED, AIM_RETRY, 1, false,
      COPY_ACCEPTED, CANCEL_TOO_LATE, COPY_REFUSED,
      ".DD.UCE.Q. DDDDDDDD DDDD DDD" },
    { "deferred, and the other segment is delivered after all",
      GROUP_DEFERRED, AIM_RETRY, 1, false,
      COPY_FAILED, CANCEL_NONE, COPY_DELIVERED,
      ".DD.UCE.Q. DDDDDDDD +DDD DDD" },
    { "sending the last segment", GROUP_SENDING, AIM_NONE, 1, false,
      COPY_ACCEPTED, CANCEL_NONE, COPY_OUTSTANDING,
      ".SRSRRRR.. ASSSSRSS SRRS SSS" },
    { "sending the last segment, one delivered", GROUP_SENDING, AIM_NONE, 1,
      false, COPY_DELIVERED, CANCEL_NONE, COPY_OUTSTANDING,
      ".SASRRRR.. ASSSSUSS SSSS SSS" },
    { "awaiting both receipts", GROUP_AWAITING, AIM_NONE, 1, false,
      COPY_ACCEPTED, CANCEL_NONE, COPY_ACCEPTED,
      ".AA..RR..x AAAAAAAA ARRA AAA" },
    { "awaiting the last receipt", GROUP_AWAITING, AIM_NONE, 1, false,
      COPY_ACCEPTED, CANCEL_NONE, COPY_DELIVERED,
      ".AA..RR..x AAAAAAAA +DUA AAA" },
    { "awaiting, closed, one in doubt", GROUP_AWAITING, AIM_FAIL, 1, true,
      COPY_ACCEPTED, CANCEL_TOO_LATE, COPY_DOUBT,
      ".AA..AA..x AUUUUUUA AUUA UAA" },
    { "rollback, one cancel asked", GROUP_ROLLBACK, AIM_RETRY, 1, false,
      COPY_ACCEPTED, CANCEL_ASKED, COPY_REFUSED,
      ".RD..RR... RRRRRRRR RRRR DDD" },
    { "delivered", GROUP_DELIVERED, AIM_NONE, 1, false,
      COPY_DELIVERED, CANCEL_NONE, COPY_DELIVERED,
      "..+..+.... ++++++++ ++++ +++" },
    { "undeliverable", GROUP_UNDELIVERABLE, AIM_FAIL, 1, false,
      COPY_ACCEPTED, CANCEL_TOO_LATE, COPY_REFUSED,
      "..U..U.... UUUUUUUU UUUU UUU" },
    { "expired", GROUP_EXPIRED, AIM_EXPIRE, 1, false,
      COPY_ACCEPTED, CANCEL_TOO_LATE, COPY_REFUSED,
      "..E..E.... EEEEEEEE EEEE EEE" },
    { "cancelled", GROUP_CANCELLED, AIM_CANCEL, 1, false,
      COPY_ACCEPTED, CANCEL_TOO_LATE, COPY_REFUSED,
      "..C..C.... CCCCCCCC CCCC CCC" },
    { "unknown", GROUP_UNKNOWN, AIM_NONE, 1, false,
      COPY_ACCEPTED, CANCEL_NONE, COPY_ACCEPTED,
      "..x..x.... xxxxxxxx xxxx xxx" },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void make_group(Group *g, size_t i, Copy copies[4])
{
    memset(copies, 0, 4 * sizeof(*copies));
    copies[0] = (Copy) { .segment = 0, .attempt = 1,
                         .state = (uint8_t) cases[i].first,
                         .cancel = (uint8_t) cases[i].cancel };
    copies[1] = (Copy) { .segment = 1, .attempt = 1,
                         .state = (uint8_t) cases[i].second,
                         .awaited = cases[i].second == COPY_OUTSTANDING };
    group_init(g, &limits, 2, cases[i].state, cases[i].aim, cases[i].attempt,
               cases[i].closed, 1000, TIME_NEVER);
    g->copies = copies;
    g->copies_len = 2;
    g->copies_size = 4;
}

static int copy_of(GroupEvent event)
{
    if (event < EVENT_ACCEPTED)
        return -1;
    return event < EVENT_RECEIPT_DELIVERED ? 1 : 0;
}

static void check_pair(size_t i, GroupEvent event, char expected)
{
    Copy copies[4], before[4];
    Group g;
    char got;
    bool legal;

    make_group(&g, i, copies);
    memcpy(before, copies, sizeof(before));
    legal = group_event(&g, event, copy_of(event), 0, 0);
    got = legal ? letters[g.state] : '.';
    if (got != expected)
        fail_msg("%s, %s: got %c, expected %c", cases[i].what,
                 group_event_name(event), got, expected);
    if (!legal) {
        assert_int_equal(g.state, cases[i].state);
        assert_int_equal(g.aim, cases[i].aim);
        assert_memory_equal(copies, before, sizeof(before));
    }
}

static void every_state_and_event(void **state)
{
    (void) state;
    for (size_t i = 0; i < CASES; i++) {
        const char *expected = cases[i].expected;

        for (int event = 0; event < GROUP_EVENTS; event++) {
            while (*expected == ' ')
                expected++;
            assert_int_not_equal(*expected, '\0');
            check_pair(i, (GroupEvent) event, *expected++);
        }
        assert_int_equal(*expected, '\0');
    }
}

static void every_state_has_a_case(void **state)
{
    (void) state;
    for (int s = 0; s < GROUP_STATES; s++) {
        size_t i = 0;

        while (i < CASES && cases[i].state != (GroupState) s)
            i++;
        assert_int_not_equal(i, CASES);
    }
}

/* No pair may be legal and yet find no row. */
static void every_legal_pair_has_an_unguarded_row(void **state)
{
    (void) state;
    for (int s = 0; s < GROUP_STATES; s++) {
        for (int event = 0; event < GROUP_EVENTS; event++) {
            bool legal = false, unguarded = false;

            for (int i = 0; i < group_table_len; i++) {
                const Transition *row = &group_table[i];

                if (!(row->states & 1u << s) || !(row->events & 1u << event))
                    continue;
                legal = true;
                unguarded |= row->guard == GUARD_ALWAYS;
            }
            if (legal && !unguarded)
                fail_msg("%s, %s", group_state_name((GroupState) s),
                         group_event_name((GroupEvent) event));
        }
    }
}

static void a_copy_that_is_not_there_is_an_error(void **state)
{
    Copy copies[4];
    Group g;

    (void) state;
    make_group(&g, 3, copies);
    assert_false(group_event(&g, EVENT_ACCEPTED, 2, 0, 0));
    assert_false(group_event(&g, EVENT_ACCEPTED, -1, 0, 0));
    assert_int_equal(g.state, GROUP_SENDING);
}

static void every_name_is_known(void **state)
{
    (void) state;
    for (int s = 0; s < GROUP_STATES; s++)
        assert_string_not_equal(group_state_name((GroupState) s), "?");
    for (int event = 0; event < GROUP_EVENTS; event++)
        assert_string_not_equal(group_event_name((GroupEvent) event), "?");
    assert_string_equal(group_state_name((GroupState) GROUP_STATES), "?");
    assert_string_equal(group_event_name((GroupEvent) GROUP_EVENTS), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_and_event),
        cmocka_unit_test(every_state_has_a_case),
        cmocka_unit_test(every_legal_pair_has_an_unguarded_row),
        cmocka_unit_test(a_copy_that_is_not_there_is_an_error),
        cmocka_unit_test(every_name_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
