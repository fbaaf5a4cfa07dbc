/*
 * group.c - the life of one group: events in, the table's rows taken
 *
 * An event is handled in three steps: its fact is noted on its copy, the
 * first row of the table that fits is found, and enter() goes where it leads.
 * enter() is the only function that writes the state. A rollback with nothing
 * left to wait for is settled in the same breath, from the facts.
 */
#include <stdlib.h>

#include "clock.h"
#include "facts.h"
#include "group.h"
#include "transitions.h"

void group_init(Group *g, const GroupLimits *limits, int segments,
                GroupState state, GroupAim aim, int attempt, bool closed,
                int64_t deadline, int64_t due)
{
    *g = (Group) {
        .limits = limits,
        .deadline = deadline,
        .due = due,
        .retry_at = TIME_NEVER,
        .window_end = TIME_NEVER,
        .attempt = (uint16_t) attempt,
        .segments = (uint8_t) segments,
        .state = (uint8_t) state,
        .aim = (uint8_t) aim,
        .closed = closed,
    };
}

void group_free(Group *g)
{
    free(g->copies);
    g->copies = NULL;
    g->copies_len = g->copies_size = 0;
}

/* The window runs from the first acceptance of an attempt to the last. */
static void start_window(Group *g, const Copy *copy, int64_t at)
{
    if (g->state == GROUP_SENDING && g->segments > 1
        && copy->attempt == g->attempt && g->window_end == TIME_NEVER)
        g->window_end = clock_add(at, g->limits->window);
}

static void stop_clocks_of_sending(Group *g)
{
    g->retry_at = TIME_NEVER;
    g->window_end = TIME_NEVER;
}

int group_restore(Group *g, int number, int segment, int attempt,
                  LedgerOutcome outcome, int64_t at)
{
    if (segment < 0 || segment >= g->segments || number < 1
        || number > GROUP_MAX_COPIES || attempt < 1 || attempt > g->attempt)
        return -1;
    while (g->copies_len < number - 1)
        if (facts_add_copy(g, (Copy) { .state = COPY_UNSENT }) < 0)
            return -1;
    if (g->copies_len < number && facts_add_copy(g, (Copy) { 0 }) < 0)
        return -1;

    Copy *copy = &g->copies[number - 1];

    if (copy->attempt == 0)
        *copy = (Copy) { .segment = (uint8_t) segment,
                         .attempt = (uint16_t) attempt,
                         .since = at };
    if (copy->segment != segment || copy->attempt != attempt)
        return -1;
    if (at < copy->since)
        copy->since = at;
    facts_note(copy, outcome);
    if (outcome == LEDGER_ACCEPTED)
        start_window(g, copy, at);
    return number - 1;
}

void group_note_delivery(Group *g, int copy, int done, int64_t arrived)
{
    if (copy < 0 || copy >= g->copies_len || done == -1
        || g->copies[copy].done != 0)
        return;
    g->copies[copy].done = done;
    g->copies[copy].arrived = arrived;
}

bool group_is_final(const Group *g)
{
    return g->state >= GROUP_DELIVERED;
}

bool group_is_unsent(const Group *g)
{
    return facts_unsent(g);
}

LedgerOutcome group_outcome(GroupEvent event)
{
    switch (event) {
        case EVENT_ACCEPTED:
            return LEDGER_ACCEPTED;
        case EVENT_REFUSED_THROTTLED:
        case EVENT_REFUSED_CONFIG:
        case EVENT_REFUSED_TEMPORARY:
        case EVENT_REFUSED_AMBIGUOUS:
        case EVENT_REFUSED_PERMANENT:
            return LEDGER_REFUSED;
        case EVENT_NOT_SENT:
            return LEDGER_NOT_SENT;
        case EVENT_DOUBT:
            return LEDGER_IN_DOUBT;
        case EVENT_RECEIPT_DELIVERED:
            return LEDGER_DELIVERED;
        case EVENT_RECEIPT_FAILED_TEMPORARY:
        case EVENT_RECEIPT_FAILED_PERMANENT:
            return LEDGER_NOT_DELIVERED;
        case EVENT_RECEIPT_INFO:
            return LEDGER_RECEIPT_INFO;
        case EVENT_CANCEL_OK:
            return LEDGER_CANCELLED;
        case EVENT_CANCEL_LATE:
            return LEDGER_CANCEL_LATE;
        case EVENT_CANCEL_LOST:
        case EVENT_CLAIMED:
        case EVENT_ADOPTED:
        case EVENT_LINK_GONE:
        case EVENT_GIVEN_BACK:
        case EVENT_BARRED:
        case EVENT_CANCEL:
        case EVENT_DEADLINE:
        case EVENT_WINDOW:
        case EVENT_DUE:
        case EVENT_RECEIPT_TIMEOUT:
            break;
    }
    return LEDGER_NONE;
}

/* ---- the state, and the one way to another ---- */

static int64_t attempt_delay(const Group *g, double random)
{
    return clock_backoff(g->limits->retry_delay, g->limits->retry_delay_max,
                         g->attempt - 1, random);
}

static void enter(Group *g, GroupState next, int64_t now, double random)
{
    GroupState from = g->state;

    if (next == from)
        return;
    g->state = next;
    g->due = TIME_NEVER;
    g->closed = false;
    stop_clocks_of_sending(g);
    switch (next) {
        case GROUP_QUEUED:
            if (from == GROUP_DEFERRED && g->aim != AIM_NONE)
                g->attempt++;
            break;
        case GROUP_DEFERRED:
            g->due = clock_add(now, attempt_delay(g, random));
            break;
        case GROUP_AWAITING:
            /* Not beyond deadline + receipt-timeout: the body may go then. */
            g->due = clock_add(now < g->deadline ? now : g->deadline,
                               g->limits->receipt_timeout);
            g->closed = from == GROUP_ROLLBACK;
            break;
        case GROUP_ROLLBACK:
            for (int i = 0; i < g->copies_len; i++)
                if (g->copies[i].cancel == CANCEL_UNANSWERED)
                    g->copies[i].cancel = CANCEL_NONE;
            break;
        case GROUP_SENDING:
        case GROUP_DELIVERED:
        case GROUP_UNDELIVERABLE:
        case GROUP_EXPIRED:
        case GROUP_CANCELLED:
        case GROUP_UNKNOWN:
            break;
    }
}

static GroupState final_state(GroupAim aim)
{
    switch (aim) {
        case AIM_EXPIRE:
            return GROUP_EXPIRED;
        case AIM_CANCEL:
            return GROUP_CANCELLED;
        case AIM_NONE:
        case AIM_RETRY:
        case AIM_FAIL:
            break;
    }
    return GROUP_UNDELIVERABLE;
}

static bool may_retry(const Group *g, int64_t now, double random)
{
    return g->aim == AIM_RETRY && g->attempt < g->limits->max_attempts
        && clock_add(now, attempt_delay(g, random)) < g->deadline;
}

/* Where a group goes whose attempt is over, once nothing is outstanding. */
static void settle(Group *g, int64_t now, double random)
{
    bool is_absent = facts_first_absent(g) >= 0;

    if (group_outstanding(g) > 0 || group_next_cancel(g) >= 0)
        return;
    if (facts_displayed(g))
        enter(g, GROUP_DELIVERED, now, random);
    else if ((is_absent || facts_apart(g)) && may_retry(g, now, random))
        enter(g, GROUP_DEFERRED, now, random);
    else if (!is_absent)
        enter(g, GROUP_AWAITING, now, random);
    else
        enter(g, final_state(g->aim), now, random);
}

/* ---- the table ---- */

static bool guard_holds(const Group *g, const Transition *row,
                        const Copy *copy)
{
    const GroupLimits *limits = g->limits;

    switch (row->guard) {
        case GUARD_ALWAYS:
            return true;
        case GUARD_UNSENT:
            return facts_unsent(g);
        case GUARD_OWED:
            return facts_owed(g) < g->segments;
        case GUARD_ANSWERED:
            return facts_owed(g) == g->segments && !facts_answer_awaited(g);
        case GUARD_COMPLETE:
            return facts_owed(g) == g->segments && !facts_answer_awaited(g)
                && (limits->complete_on == ON_ACCEPTED
                    || facts_displayed(g));
        case GUARD_DELIVERED:
            return facts_displayed(g);
        case GUARD_APART:
            return !g->closed && facts_apart(g);
        case GUARD_OUTDATED:
            return copy->attempt != g->attempt
                || facts_accepted(g, copy->segment);
        case GUARD_TRIES_LEFT:
            return facts_tries(g, copy->segment) <= limits->segment_retries;
        case GUARD_FEW_TRIES_LEFT:
            return facts_tries(g, copy->segment)
                <= (limits->segment_retries + 1) / 2;
        case GUARD_LOST:
            return !g->closed && copy->attempt == g->attempt
                && facts_accepted(g, copy->segment)
                && facts_gone(g, copy->segment);
        case GUARD_ABSENT:
            return facts_first_absent(g) >= 0;
        case GUARD_CLOSED_ABSENT:
            return g->closed && facts_first_absent(g) >= 0;
        case GUARD_RAISES:
            return g->aim < row->aim;
    }
    return false;
}

static const Transition *find_row(const Group *g, GroupEvent event,
                                  const Copy *copy)
{
    for (int i = 0; i < group_table_len; i++) {
        const Transition *row = &group_table[i];

        if ((row->states & 1u << g->state) && (row->events & 1u << event)
            && guard_holds(g, row, copy))
            return row;
    }
    return NULL;
}

static bool is_about_copy(GroupEvent event)
{
    return event >= EVENT_ACCEPTED;
}

/* A submit whose answer will never move this owner on: put it in doubt. */
static void doubt(Copy *copy)
{
    if (copy->state == COPY_OUTSTANDING) {
        copy->state = COPY_DOUBT;
        copy->unrecorded = true;
    }
}

/* What was asked over a link, or by an owner, that is gone. */
static void abandon_questions(Group *g, bool cancel_again)
{
    for (int i = 0; i < g->copies_len; i++) {
        Copy *copy = &g->copies[i];

        doubt(copy);
        copy->awaited = false;
        if (copy->cancel == CANCEL_ASKED)
            copy->cancel = cancel_again ? CANCEL_NONE : CANCEL_UNANSWERED;
    }
}

/* The dead owner may have sent the segment in turn and told nobody. */
static bool doubt_segment_in_turn(Group *g)
{
    int segment = facts_in_turn(g);

    return segment < 0
        || facts_add_copy(g, (Copy) { .segment = (uint8_t) segment,
                                      .attempt = g->attempt,
                                      .state = COPY_DOUBT,
                                      .free = true,
                                      .unrecorded = true }) >= 0;
}

static void back_off(Group *g, const Copy *copy, GroupEvent event,
                     int64_t now, double random)
{
    const GroupLimits *limits = g->limits;
    int step = facts_handed_over(g, copy->segment) - 1;

    if (event == EVENT_NOT_SENT)
        step = 0;
    if (g->state == GROUP_SENDING && copy->attempt == g->attempt
        && !facts_accepted(g, copy->segment))
        g->retry_at = clock_add(now,
            clock_backoff(limits->segment_delay, limits->segment_delay_max,
                          step, random));
}

static void note_on_copy(Group *g, GroupEvent event, Copy *copy, int64_t now,
                         double random)
{
    bool awaited = copy->awaited;

    facts_note(copy, group_outcome(event));
    if (event == EVENT_REFUSED_THROTTLED || event == EVENT_REFUSED_CONFIG)
        copy->free = true;
    if (event == EVENT_CANCEL_LOST && copy->cancel == CANCEL_ASKED)
        copy->cancel = CANCEL_UNANSWERED;
    if (event == EVENT_ACCEPTED) {
        start_window(g, copy, now);
        g->retry_at = TIME_NEVER;
    } else if (awaited && !copy->awaited) {
        back_off(g, copy, event, now, random);
    }
}

static bool note(Group *g, GroupEvent event, Copy *copy, int64_t now,
                 double random)
{
    if (copy != NULL)
        note_on_copy(g, event, copy, now, random);
    if (event == EVENT_ADOPTED || event == EVENT_LINK_GONE)
        abandon_questions(g, event == EVENT_ADOPTED);
    if (event == EVENT_ADOPTED && !doubt_segment_in_turn(g))
        return false;
    return true;
}

/*
 * A next owner doubts the segment in turn of a SENDING group by itself. Any
 * other unanswered submit must be on record, or it would not know.
 */
static void doubt_what_nobody_could_guess(Group *g)
{
    for (int i = 0; i < g->copies_len; i++)
        if (g->state != GROUP_SENDING
            || facts_accepted(g, g->copies[i].segment))
            doubt(&g->copies[i]);
}

static bool is_legal(const Group *g, GroupEvent event, int copy)
{
    if (is_about_copy(event) && (copy < 0 || copy >= g->copies_len))
        return false;
    for (int i = 0; i < group_table_len; i++)
        if ((group_table[i].states & 1u << g->state)
            && (group_table[i].events & 1u << event))
            return true;
    return false;
}

bool group_event(Group *g, GroupEvent event, int copy, int64_t now,
                 double random)
{
    Copy *about = NULL;
    const Transition *row;

    if (!is_legal(g, event, copy))
        return false;
    if (is_about_copy(event))
        about = &g->copies[copy];
    if (!note(g, event, about, now, random))
        return false;
    row = find_row(g, event, about);
    if (row == NULL)
        return false;
    if (g->aim < row->aim)
        g->aim = row->aim;
    if (row->next < NEXT_SAME)
        enter(g, (GroupState) row->next, now, random);
    if (row->next == NEXT_ROLLBACK || row->next == NEXT_SETTLE)
        settle(g, now, random);
    if (facts_owed(g) == g->segments)
        g->window_end = TIME_NEVER;
    doubt_what_nobody_could_guess(g);
    return true;
}
