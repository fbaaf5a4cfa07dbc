/*
 * core_group.c - what a group does, from claim to result, in scripts
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_script.h"

/* Two segments accepted, both receipts open. */
#define SENT "CLAIMED send ACCEPTED:0 send ACCEPTED:1 "

static void the_plain_way(void **state)
{
    static const Case cases[] = {
        { 3, "", "QUEUED none 1; - - 0 100000" },
        { 3, "CLAIMED", "SENDING none 1; 0 - 0 100000" },
        { 3, "CLAIMED send", "SENDING none 1; - - 1 100000" },
        { 3, "CLAIMED send ACCEPTED:0", "SENDING none 1; 1 - 0 60000" },
        { 3, SENT, "SENDING none 1; 2 - 0 60000" },
        { 3, SENT "send ACCEPTED:2", "AWAITING none 1; - - 0 100000" },
        { 1, "CLAIMED send ACCEPTED:0", "AWAITING none 1; - - 0 100000" },
        { 2, SENT "RECEIPT_DELIVERED:1", "AWAITING none 1; - - 0 100000" },
        { 2, SENT "RECEIPT_DELIVERED:1 RECEIPT_DELIVERED:0",
          "DELIVERED none 1; - - 0 -" },
        { 2, SENT "RECEIPT_INFO:0 RECEIPT_DELIVERED:0 RECEIPT_DELIVERED:0",
          "AWAITING none 1; - - 0 100000" },
        { 2, "CLAIMED send ACCEPTED:0 RECEIPT_DELIVERED:0 send ACCEPTED:1 "
          "RECEIPT_DELIVERED:1", "DELIVERED none 1; - - 0 -" },
        { 2, "CLAIMED !CLAIMED", "SENDING none 1; 0 - 0 100000" },
        { 2, "CLAIMED BARRED", "UNDELIVERABLE fail 1; - - 0 -" },
    };

    (void) state;
    script_check(cases, COUNT(cases), &script_limits);
}

static void back_off_of_a_segment(void **state)
{
    static const Case cases[] = {
        { 2, "CLAIMED send REFUSED_TEMPORARY:0",
          "SENDING none 1; - - 0 200" },
        { 2, "CLAIMED send REFUSED_TEMPORARY:0 +199",
          "SENDING none 1; - - 0 1" },
        { 2, "CLAIMED send REFUSED_TEMPORARY:0 +200",
          "SENDING none 1; 0 - 0 99800" },
        { 2, "CLAIMED send REFUSED_TEMPORARY:0 +200 send "
          "REFUSED_TEMPORARY:1", "SENDING none 1; - - 0 400" },
        { 2, "CLAIMED send DOUBT:0 +200 send DOUBT:1 +400 send DOUBT:2",
          "SENDING none 1; - - 0 800" },
        /* two accepted, one doubled; the back-off starts anew */
        { 3, "CLAIMED send DOUBT:0 +200 send ACCEPTED:1 send DOUBT:2",
          "SENDING none 1; - - 0 200" },
        { 2, "CLAIMED send NOT_SENT:0 +200 send NOT_SENT:1",
          "SENDING none 1; - - 0 200" },
        /* no try is left */
        { 1, "CLAIMED send REFUSED_TEMPORARY:0 +200 send REFUSED_TEMPORARY:1 "
          "+400 send REFUSED_TEMPORARY:2 +800 send REFUSED_TEMPORARY:3",
          "DEFERRED retry 1; - - 0 10000" },
        { 1, "CLAIMED send REFUSED_AMBIGUOUS:0 +200 send REFUSED_AMBIGUOUS:1 "
          "+400 send REFUSED_AMBIGUOUS:2", "DEFERRED retry 1; - - 0 10000" },
        /* what costs no try */
        { 1, "CLAIMED send REFUSED_THROTTLED:0 +200 send REFUSED_CONFIG:1 "
          "+400 send NOT_SENT:2 +200 send REFUSED_THROTTLED:3 +1600 send "
          "REFUSED_TEMPORARY:4", "SENDING none 1; - - 0 3200" },
        { 1, "CLAIMED send REFUSED_PERMANENT:0",
          "UNDELIVERABLE fail 1; - - 0 -" },
    };

    (void) state;
    script_check(cases, COUNT(cases), &script_limits);
}

static void attempts(void **state)
{
    static const Case cases[] = {
        { 2, "CLAIMED LINK_GONE", "DEFERRED retry 1; - - 0 10000" },
        { 2, "CLAIMED LINK_GONE +10000", "QUEUED retry 2; - - 0 90000" },
        { 2, "CLAIMED LINK_GONE +10000 CLAIMED LINK_GONE",
          "DEFERRED retry 2; - - 0 20000" },
        { 2, "CLAIMED LINK_GONE +10000 CLAIMED LINK_GONE +20000 CLAIMED "
          "LINK_GONE", "UNDELIVERABLE retry 3; - - 0 -" },
        /* the second attempt owes all segments again */
        { 2, "CLAIMED send ACCEPTED:0 LINK_GONE ask CANCEL_OK:0 +10000 "
          "CLAIMED", "SENDING retry 2; 0 - 0 90000" },
        /* a retry after the deadline is none */
        { 2, "+95000 CLAIMED LINK_GONE", "UNDELIVERABLE retry 1; - - 0 -" },
        { 2, "CLAIMED LINK_GONE CANCEL", "CANCELLED cancel 1; - - 0 -" },
        { 2, "CLAIMED LINK_GONE +10000 +90000",
          "EXPIRED expire 2; - - 0 -" },
    };

    (void) state;
    script_check(cases, COUNT(cases), &script_limits);
}

static void clocks(void **state)
{
    static const Case cases[] = {
        { 2, "+99999", "QUEUED none 1; - - 0 1" },
        { 2, "+100000", "EXPIRED expire 1; - - 0 -" },
        { 2, "CLAIMED +100000", "EXPIRED expire 1; - - 0 -" },
        /* the window: from the first acceptance, for two or more */
        { 2, "CLAIMED +5000 send ACCEPTED:0 +1000",
          "SENDING none 1; 1 - 0 59000" },
        { 2, "CLAIMED +5000 send ACCEPTED:0 +59999",
          "SENDING none 1; 1 - 0 1" },
        { 2, "CLAIMED +5000 send ACCEPTED:0 +60000",
          "ROLLBACK retry 1; - 0 0 35000" },
        { 2, "CLAIMED send ACCEPTED:0 +59999 send ACCEPTED:1 +1",
          "AWAITING none 1; - - 0 40000" },
        { 3, SENT "+59999 send +1", "ROLLBACK retry 1; - 0 1 40000" },
        /* the deadline goes by without ending a group that is all sent */
        { 1, "CLAIMED send ACCEPTED:0 +100000",
          "ROLLBACK expire 1; - 0 0 -" },
        { 1, "CLAIMED send ACCEPTED:0 +100000 ask CANCEL_LATE:0",
          "AWAITING closed expire 1; - - 0 500000" },
        { 1, "CLAIMED send ACCEPTED:0 +100000 ask CANCEL_LATE:0 +100 "
          "RECEIPT_DELIVERED:0", "DELIVERED expire 1; - - 0 -" },
        { 1, "CLAIMED send ACCEPTED:0 +100000 ask +7 CANCEL_LATE:0 +499993",
          "UNKNOWN expire 1; - - 0 -" },
    };

    (void) state;
    script_check(cases, COUNT(cases), &script_limits);
}

static void rollback(void **state)
{
    static const Case cases[] = {
        { 2, "CLAIMED send ACCEPTED:0 send REFUSED_PERMANENT:1",
          "ROLLBACK fail 1; - 0 0 -" },
        { 2, "CLAIMED send ACCEPTED:0 send REFUSED_PERMANENT:1 ask",
          "ROLLBACK fail 1; - - 1 -" },
        { 2, "CLAIMED send ACCEPTED:0 send REFUSED_PERMANENT:1 ask "
          "CANCEL_LOST:0", "UNDELIVERABLE fail 1; - - 0 -" },
        /* an answer that is late is cancelled, too */
        { 2, "CLAIMED send ACCEPTED:0 send CANCEL ask CANCEL_OK:0 ACCEPTED:1",
          "ROLLBACK cancel 1; - 1 0 -" },
        { 2, "CLAIMED send ACCEPTED:0 send CANCEL ask CANCEL_LATE:0 "
          "ACCEPTED:1 ask CANCEL_LATE:1",
          "AWAITING closed cancel 1; - - 0 500000" },
        { 2, "CLAIMED send ACCEPTED:0 send CANCEL ask CANCEL_LATE:0 "
          "ACCEPTED:1 ask CANCEL_LATE:1 RECEIPT_FAILED_PERMANENT:0",
          "CANCELLED cancel 1; - - 0 -" },
        /* aims are only raised */
        { 2, SENT "CANCEL DEADLINE", "ROLLBACK cancel 1; - 0 0 -" },
        { 2, SENT "DEADLINE CANCEL", "ROLLBACK cancel 1; - 0 0 -" },
        /* a lost cancel is asked again by the next rollback only */
        { 2, SENT "DEADLINE ask CANCEL_LOST:0 ask CANCEL_LATE:1",
          "AWAITING closed expire 1; - - 0 500000" },
        { 2, SENT "DEADLINE ask CANCEL_LOST:0 ask CANCEL_LATE:1 CANCEL",
          "ROLLBACK cancel 1; - 0 0 -" },
        /* a receipt that comes while its cancel is asked */
        { 2, SENT "CANCEL ask ask RECEIPT_DELIVERED:0 RECEIPT_DELIVERED:1 "
          "CANCEL_LATE:0", "ROLLBACK cancel 1; - - 1 -" },
        { 2, SENT "CANCEL ask ask RECEIPT_DELIVERED:0 RECEIPT_DELIVERED:1 "
          "CANCEL_LATE:0 CANCEL_LATE:1", "DELIVERED cancel 1; - - 0 -" },
        /* the link takes its answers along */
        { 2, "CLAIMED send ACCEPTED:0 send LINK_GONE",
          "ROLLBACK retry 1; - 0 0 100000" },
        { 1, "CLAIMED send LINK_GONE",
          "AWAITING closed retry 1; - - 0 100000" },
    };

    (void) state;
    script_check(cases, COUNT(cases), &script_limits);
}

static void receipts_that_fail(void **state)
{
    static const Case cases[] = {
        { 2, SENT "RECEIPT_FAILED_TEMPORARY:0",
          "ROLLBACK retry 1; - 1 0 100000" },
        { 2, SENT "RECEIPT_FAILED_PERMANENT:0 ask CANCEL_OK:1",
          "UNDELIVERABLE fail 1; - - 0 -" },
        { 3, SENT "RECEIPT_FAILED_TEMPORARY:1",
          "ROLLBACK retry 1; - 0 0 100000" },
        /* another copy can still arrive */
        { 1, "CLAIMED send DOUBT:0 +200 send ACCEPTED:1 "
          "RECEIPT_FAILED_PERMANENT:1", "AWAITING none 1; - - 0 99800" },
        { 1, "CLAIMED send DOUBT:0 +200 send ACCEPTED:1 "
          "RECEIPT_FAILED_PERMANENT:1 ACCEPTED:0 RECEIPT_DELIVERED:0",
          "DELIVERED none 1; - - 0 -" },
        { 1, "CLAIMED send DOUBT:0 +200 send ACCEPTED:1 "
          "RECEIPT_FAILED_PERMANENT:1 REFUSED_TEMPORARY:0",
          "DEFERRED retry 1; - - 0 10000" },
        /* a later receipt that says "delivered" is believed */
        { 1, "CLAIMED send ACCEPTED:0 RECEIPT_FAILED_TEMPORARY:0 "
          "RECEIPT_DELIVERED:0", "DELIVERED retry 1; - - 0 -" },
    };

    (void) state;
    script_check(cases, COUNT(cases), &script_limits);
}

static void late_and_doubled_answers(void **state)
{
    static const Case cases[] = {
        /* the first copy's answer comes while the second is unanswered */
        { 2, "CLAIMED send DOUBT:0 +200 send ACCEPTED:0",
          "SENDING none 1; - - 1 60000" },
        { 2, "CLAIMED send DOUBT:0 +200 send ACCEPTED:0 REFUSED_PERMANENT:1",
          "SENDING none 1; 1 - 0 60000" },
        { 2, "CLAIMED send DOUBT:0 +200 send ACCEPTED:0 ACCEPTED:1",
          "SENDING none 1; 1 - 0 60000" },
        { 1, "CLAIMED send DOUBT:0 +200 send ACCEPTED:0 RECEIPT_DELIVERED:0 "
          "DOUBT:1", "DELIVERED none 1; - - 0 -" },
        /* while the same segment waits for its back-off */
        { 2, "CLAIMED send DOUBT:0 ACCEPTED:0",
          "SENDING none 1; 1 - 0 60000" },
        { 2, "CLAIMED send DOUBT:0 REFUSED_TEMPORARY:0",
          "SENDING none 1; - - 0 200" },
        { 2, "CLAIMED send DOUBT:0 REFUSED_PERMANENT:0",
          "UNDELIVERABLE fail 1; - - 0 -" },
        /* after the attempt is over, and all that was left was the doubt */
        { 1, "CLAIMED send LINK_GONE REFUSED_TEMPORARY:0",
          "DEFERRED retry 1; - - 0 10000" },
        /* a second answer changes nothing */
        { 2, "CLAIMED send ACCEPTED:0 REFUSED_PERMANENT:0",
          "SENDING none 1; 1 - 0 60000" },
    };

    (void) state;
    script_check(cases, COUNT(cases), &script_limits);
}

static void the_next_owner(void **state)
{
    static const Case cases[] = {
        /* suspects the segment in turn, and sends it again */
        { 2, "CLAIMED send crash doubt", "SENDING none 1; 0 - 0 100000" },
        { 2, "CLAIMED send ACCEPTED:0 send crash doubt",
          "SENDING none 1; 1 - 0 60000" },
        { 2, "CLAIMED send ACCEPTED:0 +1000 send crash doubt DEADLINE ask "
          "CANCEL_LATE:0", "AWAITING closed expire 1; - - 0 500000" },
        /* so does the one after it, from the ledger */
        { 1, "CLAIMED send crash doubt send ACCEPTED:1 "
          "RECEIPT_FAILED_PERMANENT:1 crash",
          "AWAITING none 1; - - 0 100000" },
        /* knows what was unanswered when the rollback began */
        { 1, "CLAIMED send DEADLINE doubt crash",
          "AWAITING closed expire 1; - - 0 500000" },
        /* and what was unanswered when an earlier copy was accepted */
        { 1, "CLAIMED send DOUBT:0 +200 send ACCEPTED:0 doubt crash "
          "RECEIPT_FAILED_PERMANENT:0", "AWAITING none 1; - - 0 99800" },
        /* cancels again, but not what was too late */
        { 2, SENT "CANCEL ask ask crash", "ROLLBACK cancel 1; - 0 0 -" },
        { 2, SENT "CANCEL ask ask CANCEL_LATE:0 crash",
          "ROLLBACK cancel 1; - 1 0 -" },
        /* keeps the window and the attempt */
        { 2, "CLAIMED LINK_GONE +10000 CLAIMED send ACCEPTED:0 +1000 crash",
          "SENDING retry 2; 1 - 0 59000" },
        /* has nothing to suspect before the claim or after the last answer */
        { 2, "crash", "QUEUED none 1; - - 0 100000" },
        { 2, SENT "crash RECEIPT_DELIVERED:0 RECEIPT_DELIVERED:1",
          "DELIVERED none 1; - - 0 -" },
    };

    (void) state;
    script_check(cases, COUNT(cases), &script_limits);
}

static void advance_on_delivered(void **state)
{
    static const Case cases[] = {
        { 2, "CLAIMED send ACCEPTED:0", "SENDING none 1; - - 0 60000" },
        { 2, "CLAIMED send ACCEPTED:0 RECEIPT_DELIVERED:0",
          "SENDING none 1; 1 - 0 60000" },
        { 2, "CLAIMED send ACCEPTED:0 crash", "SENDING none 1; - - 0 60000" },
        { 2, "CLAIMED send ACCEPTED:0 +60000",
          "ROLLBACK retry 1; - 0 0 40000" },
    };
    GroupLimits limits = script_limits;

    (void) state;
    limits.advance_on = ON_DELIVERED;
    script_check(cases, COUNT(cases), &limits);
}

static void complete_on_accepted(void **state)
{
    static const Case cases[] = {
        { 2, SENT, "DELIVERED none 1; - - 0 -" },
        { 2, "CLAIMED send ACCEPTED:0", "SENDING none 1; 1 - 0 60000" },
        /* not by a late answer: it was taken back */
        { 1, "CLAIMED send CANCEL ACCEPTED:0 ask CANCEL_LOST:0",
          "AWAITING closed cancel 1; - - 0 500000" },
    };
    GroupLimits limits = script_limits;

    (void) state;
    limits.complete_on = ON_ACCEPTED;
    script_check(cases, COUNT(cases), &limits);
}

#define GOT(copy, seconds) "@" #copy "=" #seconds " RECEIPT_DELIVERED:" #copy " "
#define LATER "+40000 "         /* makes 60 seconds credible, and 120 not */

/* What a phone got in more than the window it may have thrown away. */
static void parts_that_came_far_apart(void **state)
{
    static const Case cases[] = {
        { 2, SENT GOT(0, 1000) LATER GOT(1, 1059),
          "DELIVERED none 1; - - 0 -" },
        { 2, SENT GOT(0, 1000) LATER GOT(1, 1060),
          "DEFERRED retry 1; - - 0 10000" },
        { 2, SENT LATER GOT(1, 1060) GOT(0, 1000),
          "DEFERRED retry 1; - - 0 10000" },
        { 2, SENT LATER GOT(0, 1060) GOT(1, 1000),
          "DEFERRED retry 1; - - 0 10000" },
        { 2, SENT GOT(0, 1000) LATER GOT(1, -1), "DELIVERED none 1; - - 0 -" },
        /* to the minute: 960 to 1019, and 1020 or 1080 on */
        { 2, SENT GOT(0, -960) LATER GOT(1, -1020),
          "DELIVERED none 1; - - 0 -" },
        { 2, SENT GOT(0, -960) LATER GOT(1, -1080),
          "DEFERRED retry 1; - - 0 10000" },
        /* one copy of a segment in time, the other not */
        { 2, "CLAIMED send ACCEPTED:0 send DOUBT:1 +200 send ACCEPTED:2 "
          GOT(0, 1000) LATER GOT(2, 1060) GOT(1, 1001),
          "DELIVERED retry 1; - - 0 -" },
        { 2, "CLAIMED send ACCEPTED:0 send DOUBT:1 +200 send ACCEPTED:2 "
          "ACCEPTED:1 " GOT(1, 1001) GOT(0, 1000) LATER GOT(2, 1060),
          "DELIVERED none 1; - - 0 -" },
        { 2, SENT GOT(0, 1000) "crash " LATER GOT(1, 1060),
          "DEFERRED retry 1; - - 0 10000" },
        { 2, SENT GOT(0, 1000) LATER GOT(1, 1060)
          "+10000 CLAIMED send ACCEPTED:2 send ACCEPTED:3 "
          GOT(2, 1075) GOT(3, 1076), "DELIVERED retry 2; - - 0 -" },
        { 2, SENT GOT(0, 1000) "CANCEL ask CANCEL_LATE:1 " LATER GOT(1, 1060),
          "AWAITING closed cancel 1; - - 0 460000" },
        { 1, "CLAIMED send ACCEPTED:0 " GOT(0, 1000),
          "DELIVERED none 1; - - 0 -" },
    };
    static const Case last[] = {
        { 2, SENT GOT(0, 1000) LATER GOT(1, 1060),
          "AWAITING closed retry 1; - - 0 60000" },
        { 2, SENT GOT(0, 1000) LATER GOT(1, 1060) "+60000 +500000",
          "UNKNOWN expire 1; - - 0 -" },
    };
    GroupLimits limits = script_limits;

    (void) state;
    script_check(cases, COUNT(cases), &limits);
    limits.max_attempts = 1;
    script_check(last, COUNT(last), &limits);
}

/* Dates prove nothing where the SMSC's clocks disagree, by ours. */
static void clocks_that_disagree(void **state)
{
    static const Case cases[] = {
        { 2, SENT GOT(0, 1000) GOT(1, 1060), "DELIVERED none 1; - - 0 -" },
        { 2, SENT GOT(0, 1060) GOT(1, 1000), "DELIVERED none 1; - - 0 -" },
        { 2, SENT LATER GOT(0, 1000) GOT(1, 4600),
          "DELIVERED none 1; - - 0 -" },
        { 2, SENT GOT(0, -960) GOT(1, -4560), "DELIVERED none 1; - - 0 -" },
        /* it is a date's difference that counts: our clock is another one */
        { 2, SENT GOT(0, 900000000) GOT(1, 900000001),
          "DELIVERED none 1; - - 0 -" },
        /* 60 seconds, of which half a window may be our own delay */
        { 2, SENT GOT(0, 1000) "+29999 " GOT(1, 1060),
          "DELIVERED none 1; - - 0 -" },
        { 2, SENT GOT(0, 1000) "+30000 " GOT(1, 1060),
          "DEFERRED retry 1; - - 0 10000" },
        { 2, SENT "crash " GOT(0, 1000) "crash " GOT(1, 1060),
          "DELIVERED none 1; - - 0 -" },
        /* an answer that comes long after the phone has the copy */
        { 2, "CLAIMED send ACCEPTED:0 send +30000 ACCEPTED:1 " GOT(1, 1000)
          GOT(0, 1060), "DEFERRED retry 1; - - 0 10000" },
        { 2, "CLAIMED send ACCEPTED:0 send +10000 DOUBT:1 doubt +20000 "
          "ACCEPTED:1 crash " GOT(1, 1000) "+10000 " GOT(0, 1060),
          "DEFERRED retry 1; - - 0 10000" },
        /* one clock is wrong, and the others prove it all the same */
        { 3, SENT "send ACCEPTED:2 " GOT(2, 4600) GOT(0, 1000) LATER
          GOT(1, 1060), "DEFERRED retry 1; - - 0 10000" },
    };

    (void) state;
    script_check(cases, COUNT(cases), &script_limits);
}

/* A phone that got each segment once has nothing left of a message that it
 * displayed. */
static void parts_that_a_phone_may_keep(void **state)
{
    static const struct {
        const char *script;
        bool expected;
    } cases[] = {
        { SENT "RECEIPT_DELIVERED:0 RECEIPT_DELIVERED:1", false },
        { "CLAIMED send REFUSED_TEMPORARY:0 +200 send ACCEPTED:1 send "
          "ACCEPTED:2 RECEIPT_DELIVERED:1 RECEIPT_DELIVERED:2", false },
        { "CLAIMED send DOUBT:0 +200 send ACCEPTED:1 send ACCEPTED:2 "
          "RECEIPT_DELIVERED:1 RECEIPT_DELIVERED:2", true },
        { "CLAIMED send DOUBT:0 +200 send ACCEPTED:1 send ACCEPTED:2 "
          "REFUSED_TEMPORARY:0 RECEIPT_DELIVERED:1 RECEIPT_DELIVERED:2",
          false },
        { "CLAIMED send ACCEPTED:0 send REFUSED_PERMANENT:1 ask "
          "CANCEL_LOST:0", true },
    };

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Stage stage = { .limits = script_limits };

        script_run(&stage, 2, cases[i].script);
        if (!group_is_final(&stage.g) ||
            group_leaves_parts(&stage.g) != cases[i].expected)
            fail_msg("%s: %s, parts: %d", cases[i].script,
                     group_state_name(stage.g.state), !cases[i].expected);
        group_free(&stage.g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plain_way),
        cmocka_unit_test(back_off_of_a_segment),
        cmocka_unit_test(attempts),
        cmocka_unit_test(clocks),
        cmocka_unit_test(rollback),
        cmocka_unit_test(receipts_that_fail),
        cmocka_unit_test(late_and_doubled_answers),
        cmocka_unit_test(the_next_owner),
        cmocka_unit_test(advance_on_delivered),
        cmocka_unit_test(complete_on_accepted),
        cmocka_unit_test(parts_that_came_far_apart),
        cmocka_unit_test(clocks_that_disagree),
        cmocka_unit_test(parts_that_a_phone_may_keep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
