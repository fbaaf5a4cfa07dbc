/*
 * core_group.c - a group's life as small scripts
 *
 * Each case feeds a script and says what the group is and wants afterwards.
 * The words of a script:
 *
 *     NAME or NAME:COPY    an event, by its name in group.h
 *     !NAME:COPY           an event that must be illegal
 *     send                 hand over the segment in turn
 *     ask                  ask for the next cancel
 *     +MS                  let milliseconds pass, and tick
 *     @COPY=SECONDS        when the phone got it, says the receipt to come
 *     doubt                write down what the group itself put in doubt
 *     crash                drop the group, rebuild it from the ledger rows
 *                          that were written, and adopt it
 *
 * What it wants: "STATE aim attempt; segment to send, copy to cancel, copies
 * outstanding, milliseconds to its next time event", '-' for none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/group.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS INT64_C(1000)
#define DEADLINE (100000 * MS)

static const GroupLimits defaults = {
    .window = 60000 * MS, .segment_delay = 200 * MS,
    .segment_delay_max = 5000 * MS, .segment_retries = 3,
    .retry_delay = 10000 * MS, .retry_delay_max = 30000 * MS,
    .max_attempts = 3, .receipt_timeout = 500000 * MS,
    .advance_on = ON_ACCEPTED, .complete_on = ON_DELIVERED,
};

/* ---- the script's world ---- */

typedef struct {
    int number, segment, attempt;
    LedgerOutcome outcome;
    int64_t at;
    int done;
} Row;

typedef struct {
    Group g;
    GroupLimits limits;
    Row rows[64];
    int rows_len;
    int64_t now;
    const char *script;         /* for messages */
} Stage;

static void write_row(Stage *stage, int copy, LedgerOutcome outcome)
{
    if (outcome == LEDGER_NONE)
        return;
    assert_true(stage->rows_len < (int) COUNT(stage->rows));
    stage->rows[stage->rows_len++] = (Row) {
        copy + 1, stage->g.copies[copy].segment,
        stage->g.copies[copy].attempt, outcome, stage->now,
        stage->g.copies[copy].done
    };
}

static void write_doubts(Stage *stage)
{
    int copy;

    while ((copy = group_next_doubt(&stage->g)) >= 0)
        write_row(stage, copy, LEDGER_IN_DOUBT);
}

static GroupEvent event_by_name(const char *name)
{
    for (int event = 0; event < GROUP_EVENTS; event++)
        if (strcmp(group_event_name((GroupEvent) event), name) == 0)
            return (GroupEvent) event;
    fail_msg("no such event: %s", name);
    return EVENT_CLAIMED;
}

static void feed(Stage *stage, const char *word, bool legal)
{
    char name[40];
    int copy = -1;
    GroupEvent event;

    assert_true(sscanf(word, "%39[^:]:%d", name, &copy) >= 1);
    event = event_by_name(name);
    if (group_event(&stage->g, event, copy, stage->now, 0) != legal)
        fail_msg("%s: %s is %s", stage->script, word,
                 legal ? "illegal" : "legal");
    if (legal && copy >= 0)
        write_row(stage, copy, group_outcome(event));
}

static void crash(Stage *stage)
{
    Group old = stage->g;

    group_init(&stage->g, &stage->limits, old.segments, old.state, old.aim,
               old.attempt, old.closed, old.deadline, old.due);
    group_free(&old);
    for (int i = 0; i < stage->rows_len; i++) {
        const Row *row = &stage->rows[i];

        assert_int_equal(group_restore(&stage->g, row->number, row->segment,
                                       row->attempt, row->outcome, row->at),
                         row->number - 1);
        if (row->outcome == LEDGER_DELIVERED)
            group_note_delivery(&stage->g, row->number - 1, row->done);
    }
    assert_true(group_event(&stage->g, EVENT_ADOPTED, -1, stage->now, 0));
}

static void act(Stage *stage, const char *word)
{
    if (strcmp(word, "send") == 0) {
        int segment = group_next_segment(&stage->g, stage->now);

        if (group_submit(&stage->g, segment, stage->now, 0) < 0)
            fail_msg("%s: nothing to send", stage->script);
    } else if (strcmp(word, "ask") == 0) {
        int copy = group_next_cancel(&stage->g);

        if (copy < 0)
            fail_msg("%s: nothing to cancel", stage->script);
        group_cancel_asked(&stage->g, copy);
    } else if (strcmp(word, "doubt") == 0) {
        write_doubts(stage);
    } else if (strcmp(word, "crash") == 0) {
        crash(stage);
    } else if (word[0] == '@') {
        int copy, done;

        assert_int_equal(sscanf(word, "@%d=%d", &copy, &done), 2);
        group_note_delivery(&stage->g, copy, done);
    } else if (word[0] == '+') {
        stage->now += atoi(word + 1) * MS;
        group_tick(&stage->g, stage->now, 0);
    } else {
        feed(stage, word + (word[0] == '!'), word[0] != '!');
    }
}

static void put_number(char *text, size_t size, int64_t value)
{
    size_t len = strlen(text);

    if (value < 0)
        snprintf(text + len, size - len, " -");
    else
        snprintf(text + len, size - len, " %lld", (long long) value);
}

static void describe(const Stage *stage, char *text, size_t size)
{
    static const char *const aims[] = {
        "none", "retry", "expire", "cancel", "fail"
    };
    const Group *g = &stage->g;
    int64_t when;

    snprintf(text, size, "%s%s %s %d;", group_state_name(g->state),
             g->closed ? " closed" : "", aims[g->aim], g->attempt);
    put_number(text, size, group_next_segment(g, stage->now));
    put_number(text, size, group_next_cancel(g));
    put_number(text, size, group_outstanding(g));
    put_number(text, size, group_next_time(g, &when)
               ? (when - stage->now) / MS : -1);
}

typedef struct {
    int segments;
    const char *script;
    const char *expected;
} Case;

/* `stage` has its limits; the group is freed by the caller. */
static void play_script(Stage *stage, int segments, const char *text)
{
    char script[512];
    char *rest = script;

    stage->script = text;
    snprintf(script, sizeof(script), "%s", text);
    group_init(&stage->g, &stage->limits, segments, GROUP_QUEUED, AIM_NONE,
               1, false, DEADLINE, TIME_NEVER);
    for (char *word = strtok_r(script, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest))
        act(stage, word);
}

static void play(const Case *c, const GroupLimits *limits)
{
    Stage stage = { .limits = *limits };
    char got[128];

    play_script(&stage, c->segments, c->script);
    describe(&stage, got, sizeof(got));
    if (strcmp(got, c->expected) != 0)
        fail_msg("%s\n     got: %s\nexpected: %s", c->script, got,
                 c->expected);
    group_free(&stage.g);
}

static void play_all(const Case *cases, size_t n, const GroupLimits *limits)
{
    for (size_t i = 0; i < n; i++)
        play(&cases[i], limits);
}

/* ---- the cases ---- */

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
    play_all(cases, COUNT(cases), &defaults);
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
    play_all(cases, COUNT(cases), &defaults);
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
    play_all(cases, COUNT(cases), &defaults);
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
    play_all(cases, COUNT(cases), &defaults);
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
    play_all(cases, COUNT(cases), &defaults);
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
    play_all(cases, COUNT(cases), &defaults);
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
    play_all(cases, COUNT(cases), &defaults);
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
    play_all(cases, COUNT(cases), &defaults);
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
    GroupLimits limits = defaults;

    (void) state;
    limits.advance_on = ON_DELIVERED;
    play_all(cases, COUNT(cases), &limits);
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
    GroupLimits limits = defaults;

    (void) state;
    limits.complete_on = ON_ACCEPTED;
    play_all(cases, COUNT(cases), &limits);
}

/* What a phone got in more than the window it may have thrown away. */
static void parts_that_came_far_apart(void **state)
{
#define GOT(copy, seconds) "@" #copy "=" #seconds " RECEIPT_DELIVERED:" #copy " "
    static const Case cases[] = {
        { 2, SENT GOT(0, 1000) GOT(1, 1059), "DELIVERED none 1; - - 0 -" },
        { 2, SENT GOT(0, 1000) GOT(1, 1060),
          "DEFERRED retry 1; - - 0 10000" },
        { 2, SENT GOT(1, 1060) GOT(0, 1000),
          "DEFERRED retry 1; - - 0 10000" },
        { 2, SENT GOT(0, 1000) GOT(1, -1), "DELIVERED none 1; - - 0 -" },
        /* to the minute: 960 to 1019, and 1020 or 1080 on */
        { 2, SENT GOT(0, -960) GOT(1, -1020), "DELIVERED none 1; - - 0 -" },
        { 2, SENT GOT(0, -960) GOT(1, -1080),
          "DEFERRED retry 1; - - 0 10000" },
        /* one copy of a segment in time, the other not */
        { 2, "CLAIMED send ACCEPTED:0 send DOUBT:1 +200 send ACCEPTED:2 "
          GOT(0, 1000) GOT(2, 1100) GOT(1, 1001),
          "DELIVERED retry 1; - - 0 -" },
        { 2, "CLAIMED send ACCEPTED:0 send DOUBT:1 +200 send ACCEPTED:2 "
          "ACCEPTED:1 " GOT(1, 1001) GOT(0, 1000) GOT(2, 1100),
          "DELIVERED none 1; - - 0 -" },
        { 2, SENT GOT(0, 1000) "crash " GOT(1, 1060),
          "DEFERRED retry 1; - - 0 10000" },
        { 2, SENT GOT(0, 1000) GOT(1, 1060) "+10000 CLAIMED send ACCEPTED:2 "
          "send ACCEPTED:3 " GOT(2, 1075) GOT(3, 1076),
          "DELIVERED retry 2; - - 0 -" },
        { 2, SENT GOT(0, 1000) "CANCEL ask CANCEL_LATE:1 " GOT(1, 1060),
          "AWAITING closed cancel 1; - - 0 500000" },
        { 1, "CLAIMED send ACCEPTED:0 " GOT(0, 1000),
          "DELIVERED none 1; - - 0 -" },
    };
    static const Case last[] = {
        { 2, SENT GOT(0, 1000) GOT(1, 1060),
          "AWAITING closed retry 1; - - 0 100000" },
        { 2, SENT GOT(0, 1000) GOT(1, 1060) "+100000 +500000",
          "UNKNOWN expire 1; - - 0 -" },
    };
    GroupLimits limits = defaults;

    (void) state;
    play_all(cases, COUNT(cases), &limits);
    limits.max_attempts = 1;
    play_all(last, COUNT(last), &limits);
#undef GOT
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
        Stage stage = { .limits = defaults };

        play_script(&stage, 2, cases[i].script);
        if (!group_is_final(&stage.g) ||
            group_leaves_parts(&stage.g) != cases[i].expected)
            fail_msg("%s: %s, parts: %d", cases[i].script,
                     group_state_name(stage.g.state), !cases[i].expected);
        group_free(&stage.g);
    }
}

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

        group_init(&g, &defaults, 1, GROUP_SENDING, AIM_NONE, 1, false,
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
    group_init(&g, &defaults, 2, GROUP_SENDING, AIM_NONE, 2, false, DEADLINE,
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
    } cases[] = {
        { GROUP_DELIVERED, AIM_NONE, LEDGER_DELIVERED, LEDGER_DELIVERED, -1,
          "every segment delivered" },
        { GROUP_DELIVERED, AIM_NONE, LEDGER_DELIVERED, LEDGER_ACCEPTED, -1,
          "every segment accepted by the SMSC" },
        { GROUP_UNDELIVERABLE, AIM_FAIL, LEDGER_ACCEPTED, LEDGER_REFUSED, 1,
          "segment refused or failed for good" },
        { GROUP_UNDELIVERABLE, AIM_FAIL, LEDGER_NOT_DELIVERED,
          LEDGER_ACCEPTED, 0, "segment refused or failed for good" },
        { GROUP_UNDELIVERABLE, AIM_RETRY, LEDGER_ACCEPTED, LEDGER_REFUSED, 1,
          "no attempt left, segment refused or failed" },
        { GROUP_UNDELIVERABLE, AIM_RETRY, LEDGER_NOT_SENT, LEDGER_NONE, -1,
          "no attempt left, the SMSC could not be reached" },
        { GROUP_UNDELIVERABLE, AIM_FAIL, LEDGER_NONE, LEDGER_NONE, -1,
          "receiver or route is not allowed" },
        { GROUP_EXPIRED, AIM_EXPIRE, LEDGER_ACCEPTED, LEDGER_NONE, 1,
          "deadline passed before every segment was delivered" },
        { GROUP_CANCELLED, AIM_CANCEL, LEDGER_CANCELLED, LEDGER_ACCEPTED, 0,
          "cancelled before every segment was delivered" },
        { GROUP_UNKNOWN, AIM_NONE, LEDGER_DELIVERED, LEDGER_ACCEPTED, 1,
          "no receipt came in time" },
        { GROUP_SENDING, AIM_NONE, LEDGER_ACCEPTED, LEDGER_NONE, -1, "" },
    };

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        Group g;
        int segment = 99;

        group_init(&g, &defaults, 2, cases[i].state, cases[i].aim, 1, false,
                   DEADLINE, TIME_NEVER);
        if (cases[i].first != LEDGER_NONE)
            group_restore(&g, 1, 0, 1, cases[i].first, 0);
        if (cases[i].second != LEDGER_NONE)
            group_restore(&g, 2, 1, 1, cases[i].second, 0);
        assert_string_equal(group_cause(&g, &segment), cases[i].expected);
        assert_int_equal(segment, cases[i].segment);
        group_free(&g);
    }
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

        group_init(&g, &defaults, 3, cases[i].state, AIM_FAIL, 1, false,
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
        cmocka_unit_test(parts_that_a_phone_may_keep),
        cmocka_unit_test(rows_of_one_copy),
        cmocka_unit_test(rows_that_contradict_the_group),
        cmocka_unit_test(the_cause_of_a_result),
        cmocka_unit_test(what_a_group_leaves_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
