/*
 * core_script.c - see core_script.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_script.h"

const GroupLimits script_limits = {
    .window = 60000 * MS, .segment_delay = 200 * MS,
    .segment_delay_max = 5000 * MS, .segment_retries = 3,
    .retry_delay = 10000 * MS, .retry_delay_max = 30000 * MS,
    .max_attempts = 3, .receipt_timeout = 500000 * MS,
    .advance_on = ON_ACCEPTED, .complete_on = ON_DELIVERED,
};

static void write_row(Stage *stage, int copy, LedgerOutcome outcome)
{
    if (outcome == LEDGER_NONE)
        return;
    assert_true(stage->rows_len < (int) COUNT(stage->rows));
    stage->rows[stage->rows_len++] = (Row) {
        copy + 1, stage->g.copies[copy].segment,
        stage->g.copies[copy].attempt, outcome, stage->now,
        stage->g.copies[copy].done, stage->g.copies[copy].arrived
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
            group_note_delivery(&stage->g, row->number - 1, row->done,
                                row->arrived);
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
        group_note_delivery(&stage->g, copy, done, stage->now);
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

void script_run(Stage *stage, int segments, const char *text)
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

    script_run(&stage, c->segments, c->script);
    describe(&stage, got, sizeof(got));
    if (strcmp(got, c->expected) != 0)
        fail_msg("%s\n     got: %s\nexpected: %s", c->script, got,
                 c->expected);
    group_free(&stage.g);
}

void script_check(const Case *cases, size_t n, const GroupLimits *limits)
{
    for (size_t i = 0; i < n; i++)
        play(&cases[i], limits);
}
