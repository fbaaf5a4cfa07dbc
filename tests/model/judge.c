/*
 * judge.c - what must hold, whatever happens
 *
 * Judged by what the model itself has seen and done; what the group believes
 * is asked only where a belief is the point.
 */
#include <string.h>

#include "world.h"

void world_violate(World *w, const char *what)
{
    if (w->violation == NULL)
        w->violation = what;
}

bool world_is_full(World *w)
{
    if (w->g.copies_len < WORLD_MAX_COPIES)
        return false;
    world_violate(w, "more copies than any budget of faults accounts for");
    return true;
}

static unsigned all_segments(void)
{
    return (1u << world_the_setup.segments) - 1;
}

/* ---- the phone ---- */

/* One that forgets nothing, and gets whatever may get there. */
static bool may_display(const World *w)
{
    unsigned parts = w->orphans;

    for (int i = 0; i < w->g.copies_len; i++)
        if (w->fates[i].where != GONE)
            parts |= 1u << w->copies[i].segment;
    return parts == all_segments();
}

/* The segments that came in the present attempt, soon or late. One whose date
 * cannot be true counts for both, since nobody could know. */
static unsigned parts_that_came(const World *w, int done)
{
    unsigned parts = 0;

    for (int i = 0; i < w->g.copies_len; i++)
        if (w->fates[i].where == AT_PHONE
            && w->copies[i].attempt == w->g.attempt
            && (w->copies[i].done == done
                || world_clock_is_ahead(&w->copies[i])))
            parts |= 1u << w->copies[i].segment;
    return parts;
}

/* One that has forgotten all but what came in the present attempt, and of
 * that the early parts when a late one came. */
static bool must_have_displayed(const World *w)
{
    return parts_that_came(w, WORLD_SOON) == all_segments()
        || parts_that_came(w, WORLD_LATE) == all_segments();
}

/* All came, but not together, and another attempt is allowed. */
static bool is_retry_forgotten(const World *w)
{
    return (parts_that_came(w, WORLD_SOON) | parts_that_came(w, WORLD_LATE))
            == all_segments()
        && !w->unheard && !w->given_up && !w->stopped
        && w->now == WORLD_NOW && w->g.attempt < world_the_setup.max_attempts;
}

/* ---- results ---- */

static bool is_all_accepted(const World *w)
{
    unsigned segments = 0;

    for (int i = 0; i < w->g.copies_len; i++)
        if (w->fates[i].answer == ANSWER_GIVEN
            && w->copies[i].attempt == w->g.attempt)
            segments |= 1u << w->copies[i].segment;
    return segments == all_segments();
}

/* Does the group itself know that some segment is absent? */
static bool is_absence_known(const World *w)
{
    unsigned present = 0;

    for (int i = 0; i < w->g.copies_len; i++) {
        CopyState state = w->copies[i].state;

        if (state == COPY_OUTSTANDING || state == COPY_DOUBT
            || state == COPY_ACCEPTED || state == COPY_DELIVERED)
            present |= 1u << w->copies[i].segment;
    }
    return present != all_segments();
}

static void judge_result(World *w)
{
    switch ((GroupState) w->g.state) {
        case GROUP_DELIVERED:
            if (!must_have_displayed(w)
                && !(world_the_setup.complete_on == ON_ACCEPTED
                     && is_all_accepted(w)))
                world_violate(w, "false result: DELIVERED, and the phone may "
                              "not have displayed it");
            return;
        case GROUP_UNKNOWN:
            if (must_have_displayed(w))
                world_violate(w, "UNKNOWN, and every receipt came");
            else if (is_retry_forgotten(w))
                world_violate(w, "UNKNOWN, and a retry was allowed");
            if (is_absence_known(w))
                world_violate(w, "UNKNOWN, and a segment is known absent");
            return;
        case GROUP_EXPIRED:
            if (w->g.aim != AIM_EXPIRE)
                world_violate(w, "EXPIRED without a deadline");
            break;
        case GROUP_CANCELLED:
            if (w->g.aim != AIM_CANCEL)
                world_violate(w, "CANCELLED without a cancel");
            break;
        case GROUP_UNDELIVERABLE:
            if (w->g.aim != AIM_FAIL && w->now == WORLD_NOW
                && w->g.attempt < world_the_setup.max_attempts)
                world_violate(w, "UNDELIVERABLE with attempts left");
            break;
        case GROUP_QUEUED:
        case GROUP_DEFERRED:
        case GROUP_SENDING:
        case GROUP_AWAITING:
        case GROUP_ROLLBACK:
            return;
    }
    if (may_display(w))
        world_violate(w, "false result: negative, and the phone may display "
                      "it");
}

/* Nothing that may still come changes a result, and nothing is an error. */
static void judge_finality(World *w)
{
    for (int event = 0; event < GROUP_EVENTS; event++) {
        if (event < EVENT_ACCEPTED && event != EVENT_LINK_GONE
            && event != EVENT_CANCEL)
            continue;
        for (int i = 0; i < w->g.copies_len; i++) {
            World after = *w;

            after.g.copies = after.copies;
            if (!group_event(&after.g, event, i, WORLD_NOW, 0))
                world_violate(w, "illegal event after the result");
            if (after.g.state != w->g.state)
                world_violate(w, "a second result");
        }
    }
}

/* ---- steps ---- */

/* A copy that the group leaves at the SMSC without having tried. */
static bool is_left_uncancelled(const World *w)
{
    for (int i = 0; i < w->g.copies_len; i++)
        if (w->copies[i].state == COPY_ACCEPTED
            && w->copies[i].cancel == CANCEL_NONE)
            return true;
    return false;
}

/* An aim needs its reason. */
static bool is_reason(GroupAim aim, GroupEvent event)
{
    switch (aim) {
        case AIM_EXPIRE:
            return event == EVENT_DEADLINE;
        case AIM_CANCEL:
            return event == EVENT_CANCEL;
        case AIM_FAIL:
            return event == EVENT_REFUSED_PERMANENT || event == EVENT_BARRED
                || event == EVENT_RECEIPT_FAILED_PERMANENT;
        case AIM_NONE:
        case AIM_RETRY:
            break;
    }
    return true;
}

/* Nobody waits for what cannot come, or has come. */
static void judge_awaiting(World *w)
{
    if (is_absence_known(w))
        world_violate(w, "AWAITING, and a segment is known absent");
    if (must_have_displayed(w))
        world_violate(w, "AWAITING, and every receipt came");
    if (w->g.closed)
        return;
    if (!is_all_accepted(w))
        world_violate(w, "AWAITING, and not every segment was accepted");
    if (world_the_setup.complete_on == ON_ACCEPTED)
        world_violate(w, "AWAITING, and acceptance was to be enough");
}

/* There is something to send, or an answer or a receipt to wait for. */
static void judge_sending(World *w)
{
    if (is_all_accepted(w) && group_outstanding(&w->g) == 0)
        world_violate(w, "SENDING, and nothing is left to send");
}

/* Is this copy's answer of no concern to what is being sent now? */
static bool is_outdated(const World *w, int copy)
{
    const Copy *about = &w->copies[copy];

    if (about->attempt != w->g.attempt)
        return true;
    for (int i = 0; i < w->g.copies_len; i++)
        if (w->copies[i].segment == about->segment
            && w->copies[i].attempt == w->g.attempt
            && w->fates[i].answer == ANSWER_GIVEN
            && w->fates[i].where != GONE)
            return true;
    return false;
}

static int count_tries(const World *w, int copy)
{
    int tries = 0;

    for (int i = 0; i < w->g.copies_len; i++)
        if (w->copies[i].segment == w->copies[copy].segment
            && w->copies[i].attempt == w->g.attempt && !w->copies[i].free
            && (w->copies[i].state == COPY_REFUSED
                || w->copies[i].state == COPY_DOUBT))
            tries++;
    return tries;
}

/* After a refusal or silence while sending: go on, again, or give up? */
static void judge_refusal(World *w, GroupEvent event, int copy)
{
    bool given_up = w->g.state != GROUP_SENDING
        && w->g.state != GROUP_DELIVERED
        && (w->g.state != GROUP_AWAITING || w->g.closed);
    int allowed = event == EVENT_REFUSED_AMBIGUOUS
        ? (world_the_setup.segment_retries + 1) / 2
        : world_the_setup.segment_retries;
    bool counts = event == EVENT_REFUSED_TEMPORARY || event == EVENT_DOUBT
        || event == EVENT_REFUSED_AMBIGUOUS;

    if (is_outdated(w, copy)) {
        if (given_up)
            world_violate(w, "given up for an answer of no concern");
    } else if (event == EVENT_REFUSED_PERMANENT) {
        if (!given_up)
            world_violate(w, "refused for good, and sent again");
    } else if (counts) {
        if (given_up && count_tries(w, copy) <= allowed)
            world_violate(w, "given up with tries left");
        if (!given_up && count_tries(w, copy) > allowed)
            world_violate(w, "tried more often than allowed");
    }
}

/* The copy's segment was accepted and failed: its own rule. */
static bool has_failed_acceptance(const World *w, int copy)
{
    for (int i = 0; i < w->g.copies_len; i++)
        if (w->copies[i].segment == w->copies[copy].segment
            && w->copies[i].attempt == w->g.attempt
            && w->fates[i].answer == ANSWER_GIVEN
            && w->fates[i].where == GONE)
            return true;
    return false;
}

static bool is_refusal(GroupEvent event)
{
    return event > EVENT_ACCEPTED && event <= EVENT_DOUBT;
}

static void judge_stop(World *w, GroupEvent event, const Group *before)
{
    GroupAim aim = event == EVENT_CANCEL ? AIM_CANCEL : AIM_EXPIRE;

    if (before->aim < aim && w->g.aim != aim)
        world_violate(w, "a stop was not heeded");
    if (before->aim >= aim && w->g.state != before->state)
        world_violate(w, "a stop that changes no aim moved the group");
}

/* Another owner may begin the attempt on another link. */
static void judge_given_back(World *w, const Group *before)
{
    if (w->g.state != GROUP_QUEUED) {
        if (before->state == GROUP_SENDING && group_is_unsent(&w->g))
            world_violate(w, "nothing of it was sent, and it stays");
        return;
    }
    if (w->g.attempt != before->attempt)
        world_violate(w, "giving back counted as an attempt");
    for (int i = 0; i < w->g.copies_len; i++)
        if (w->copies[i].attempt == w->g.attempt
            && w->fates[i].where != GONE)
            world_violate(w, "given back with a part of it sent");
}

static void judge_step(World *w, GroupEvent event, int copy,
                       const Group *before)
{
    const Group *g = &w->g;

    if (g->state == GROUP_AWAITING && !w->unheard)
        judge_awaiting(w);
    if (g->state == GROUP_SENDING)
        judge_sending(w);
    if (before->state == GROUP_SENDING && is_refusal(event)
        && !has_failed_acceptance(w, copy))
        judge_refusal(w, event, copy);
    if (event == EVENT_CANCEL || event == EVENT_DEADLINE)
        judge_stop(w, event, before);
    if (event == EVENT_BARRED && !group_is_final(g))
        world_violate(w, "barred before anything was sent, and no result");
    if (g->aim != before->aim && !is_reason(g->aim, event))
        world_violate(w, "an aim without its reason");
    if (g->aim < before->aim)
        world_violate(w, "an aim was lowered");
    if (g->attempt < before->attempt)
        world_violate(w, "an attempt was taken back");
    if (event == EVENT_GIVEN_BACK)
        judge_given_back(w, before);
    else if (g->state != before->state && g->state != GROUP_ROLLBACK
        && (before->state == GROUP_ROLLBACK || before->state == GROUP_SENDING)
        && (g->state != GROUP_AWAITING || g->closed)
        && g->state != GROUP_DELIVERED) {
        if (is_left_uncancelled(w))
            world_violate(w, "an attempt ended with a copy left uncancelled");
        if (group_outstanding(g) > 0)
            world_violate(w, "an attempt ended with an answer outstanding");
    }
}

/* The same news again must not move anything. */
static void judge_duplicate(World *w, GroupEvent event, int copy)
{
    World again = *w;

    again.g.copies = again.copies;
    if (!group_event(&again.g, event, copy, w->now, 0))
        world_violate(w, "illegal event: a duplicate");
    if (again.g.state != w->g.state || again.g.aim != w->g.aim
        || again.g.closed != w->g.closed || again.g.attempt != w->g.attempt
        || memcmp(again.copies, w->copies, sizeof(w->copies)) != 0)
        world_violate(w, "a duplicate moved the group");
}

static void note_stops(World *w, GroupEvent event, const Group *before)
{
    const Group *g = &w->g;

    if (g->attempt != before->attempt)
        w->given_up = false;
    if (g->state == GROUP_ROLLBACK || g->state == GROUP_DEFERRED || g->closed
        || (before->state == GROUP_SENDING
            && (event == EVENT_WINDOW || event == EVENT_LINK_GONE)))
        w->given_up = true;
    if (event == EVENT_CANCEL || event == EVENT_DEADLINE
        || g->aim >= AIM_EXPIRE)
        w->stopped = true;
}

void world_feed(World *w, GroupEvent event, int copy)
{
    Group before = w->g;

    if (!group_event(&w->g, event, copy, w->now, 0)) {
        world_violate(w, "illegal event");
        return;
    }
    while (group_next_doubt(&w->g) >= 0)
        ;                       /* on record from here on */
    note_stops(w, event, &before);
    if (w->g.state != before.state)
        w->unheard = false;
    judge_step(w, event, copy, &before);
    if (event >= EVENT_ACCEPTED)
        judge_duplicate(w, event, copy);
    if (group_is_final(&w->g)) {
        judge_result(w);
        judge_finality(w);
    }
}

/* ---- sending ---- */

void world_judge_submit(World *next, const World *from, int segment)
{
    unsigned reached = 0, alive = 0;
    unsigned before = (1u << segment) - 1;

    if (from->stopped)
        world_violate(next, "a segment was sent after a stop");
    if (from->given_up)
        world_violate(next, "a segment was sent after a rollback");
    for (int i = 0; i < from->g.copies_len; i++) {
        const Copy *copy = &from->copies[i];
        bool enough = world_the_setup.advance_on == ON_ACCEPTED
            ? from->fates[i].answer == ANSWER_GIVEN
            : from->fates[i].where == AT_PHONE;

        if (copy->awaited)
            world_violate(next, "two segments outstanding at once");
        if (copy->attempt == from->g.attempt && enough)
            reached |= 1u << copy->segment;
        if (copy->attempt == from->g.attempt && from->fates[i].where != GONE)
            alive |= 1u << copy->segment;
    }
    if ((alive & before) != before)
        world_violate(next, "a segment was sent after an earlier one failed");
    if ((reached & before) != before)
        world_violate(next, "a segment was sent out of order");
}
