/*
 * asks.c - cancels and queries: what is asked, and what answers mean
 *
 * A group in ROLLBACK takes back what the SMSC has accepted and not yet
 * delivered (DESIGN, invariant 8): the state machine names the copies, each
 * is asked once by its owner, and each answer is a row of the ledger. A copy
 * that the SMSC gave no message id cannot be cancelled: without one a cancel
 * would stop every message to that phone.
 *
 * Where the operator wants it (query), a group whose receipts did not come
 * in time is not UNKNOWN before the SMSC was asked once about each copy. An
 * answer that is final counts as the receipt that was lost.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bearerbox/scheduler_int.h"
#include "now.h"

/* Before an SMSC is asked again that refused for the moment. */
static const int64_t PAUSE_US = 1000 * 1000;

static char *copy_text(const char *text)
{
    char *made = strdup(text);

    if (made == NULL)
        abort();
    return made;
}

/* False if the SMSC has no name for this copy. */
static bool ask(Scheduler *s, const Active *active, WireAsk what, int copy,
                int64_t now)
{
    Question *question;
    IdsName name;

    if (!ids_name(s->ids, active->id, copy, &name) || name.written[0] == '\0')
        return false;
    /* an earlier holding of this group has asked: its answer will do */
    if (questions_has(s->questions, what, active->id, copy + 1))
        return true;
    question = calloc(1, sizeof(*question));
    if (question == NULL)
        abort();
    question->what = what;
    question->about = progress_about(active, copy);
    snprintf(question->about.smsc_id, sizeof(question->about.smsc_id), "%s",
             name.smsc_id);
    question->sender = copy_text(active->sender);
    question->receiver = copy_text(active->receiver);
    question->message_id = copy_text(name.message_id);
    question->written = copy_text(name.written);
    questions_add(s->questions, question, now);
    return true;
}

bool asks_cancel(Scheduler *s, Active *active, int64_t now)
{
    bool changed = false;
    int copy;

    while ((copy = group_next_cancel(&active->group)) != -1) {
        group_cancel_asked(&active->group, copy);
        if (ask(s, active, WIRE_CANCEL, copy, now))
            continue;
        group_event(&active->group, EVENT_CANCEL_LOST, copy, now,
                    scheduler_random(s));
        changed = true;
    }
    return changed;
}

bool asks_query(Scheduler *s, Active *active, int64_t now)
{
    const Group *g = &active->group;
    int copy;

    if (!s->setup.query || g->state != GROUP_AWAITING || now < g->due)
        return false;
    for (copy = 0; copy < g->copies_len && !active->queried; copy++) {
        if (g->copies[copy].state == COPY_ACCEPTED &&
            ask(s, active, WIRE_QUERY, copy, now))
            active->queries++;
    }
    active->queried = true;
    if (active->queries > 0)
        actives_wake_at(s->actives, active, TIME_NEVER);
    return active->queries > 0;
}

/* --- answers -------------------------------------------------------------- */

/* No operator's override counts: those are about submits. */
static GroupEvent class_of(uint32_t status)
{
    static const StatusOverrides none;

    return classify_status(status, &none);
}

static bool is_for_the_moment(uint32_t status)
{
    GroupEvent class = class_of(status);

    return class == EVENT_REFUSED_THROTTLED ||
           class == EVENT_REFUSED_TEMPORARY;
}

/* An SMSC that refuses because it is too busy, or knows no such command, has
 * not said that it is too late. */
static GroupEvent cancel_event(Heard heard, uint32_t status)
{
    if (heard != HEARD_ANSWER || is_for_the_moment(status) ||
        class_of(status) == EVENT_REFUSED_CONFIG)
        return EVENT_CANCEL_LOST;
    return status == 0 ? EVENT_CANCEL_OK : EVENT_CANCEL_LATE;
}

/* The event of a copy, also of one that is not in hand any more. */
static void tell(Scheduler *s, const Question *question, GroupEvent what,
                 int code, const char *text, int64_t at_us)
{
    Active *active = actives_find(s->actives, question->about.group);
    int copy = question->about.copy - 1;

    if (active != NULL && copy < active->group.copies_len)
        progress_event(s, active, what, copy, &question->about,
                       question->message_id, code, text, at_us);
    else if (group_outcome(what) != LEDGER_NONE)
        progress_row(s, &question->about, group_outcome(what),
                     question->message_id, code, text, at_us);
}

static void end_cancel(Scheduler *s, const Question *question, Heard heard,
                       uint32_t status, int64_t at_us)
{
    GroupEvent what = cancel_event(heard, status);

    if (class_of(status) == EVENT_REFUSED_CONFIG)
        scheduler_log(s, LOG_LEVEL_ERROR, "SMSC <%s> refuses to cancel: "
                      "status 0x%08x", question->about.smsc_id, status);
    if (what == EVENT_CANCEL_OK)
        s->figures.cancelled++;
    tell(s, question, what,
         what == EVENT_CANCEL_LOST ? -1 : (int) status, NULL, at_us);
}

/* SMPP 3.4, 5.2.28. */
static const char *state_name(int message_state)
{
    static const char *const names[] = {
        [1] = "ENROUTE", [2] = "DELIVERED", [3] = "EXPIRED", [4] = "DELETED",
        [5] = "UNDELIVERABLE", [6] = "ACCEPTED", [7] = "UNKNOWN",
        [8] = "REJECTED"
    };

    return message_state >= 1 && message_state <= 8 ? names[message_state]
                                                    : "no state";
}

static void end_query(Scheduler *s, const Question *question, Heard heard,
                      uint32_t status, int message_state, int64_t at_us)
{
    Active *active = actives_find(s->actives, question->about.group);
    GroupEvent what = classify_receipt_state(message_state);
    char text[40];

    if (active != NULL && active->queries > 0)
        active->queries--;
    snprintf(text, sizeof(text), "query_sm: %s", state_name(message_state));
    if (heard == HEARD_ANSWER && status == 0 && what != EVENT_RECEIPT_INFO)
        tell(s, question, what, progress_receipt_code(what, text), text,
             at_us);
    active = actives_find(s->actives, question->about.group);
    if (active != NULL && active->queries == 0)
        progress_tick(s, active, now_us());
}

static void end(Scheduler *s, Question *question, Heard heard,
                uint32_t status, int message_state, int64_t at_us)
{
    if (question->what == WIRE_CANCEL)
        end_cancel(s, question, heard, status, at_us);
    else
        end_query(s, question, heard, status, message_state, at_us);
    question_free(question);
}

void asks_answered(Scheduler *s, const LinkNews *news)
{
    Question *question = questions_take(s->questions, news->ticket);
    int64_t now = now_us();

    if (question == NULL)
        return;
    if (news->heard == HEARD_LOSS &&
        questions_again(s->questions, question, now))
        return;
    if (news->heard == HEARD_ANSWER && is_for_the_moment(news->status) &&
        questions_again(s->questions, question, now + PAUSE_US))
        return;
    end(s, question, news->heard, news->status, news->message_state,
        news->at_us);
}

void asks_pump(Scheduler *s, int64_t now)
{
    Question *question;

    if (now >= s->held_until)
        return;
    questions_pump(s->questions, now);
    while (!atomic_load(&s->links_end) &&
           (question = questions_failed(s->questions)) != NULL)
        end(s, question, HEARD_NOTHING, 0, 0, now);
}
