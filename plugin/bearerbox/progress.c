/*
 * progress.c - what happens to groups
 *
 * News becomes an event of the group's state machine (core/group.h) and a
 * row of the ledger in the open batch. What the group wants next is asked
 * only when no batch with news of it is uncommitted any more: so the ledger
 * is always ahead of the wire (DESIGN, invariant 3).
 *
 * News about a group that is not in memory goes to the ledger all the same:
 * it is a fact.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bearerbox/scheduler_int.h"
#include "now.h"

/* How long a group whose segments are all accepted is kept. */
static const int64_t LINGER_US = 50 * 1000;

/* --- the open batch ------------------------------------------------------ */

void progress_row(Scheduler *s, const Ticket *about, LedgerOutcome outcome,
                  const char *message_id, int code, const char *text,
                  int64_t at_us)
{
    StoreLedgerRow row;

    memset(&row, 0, sizeof(row));
    row.group = about->group;
    row.segment = about->segment + 1;
    row.attempt = about->attempt;
    row.copy = about->copy;
    row.outcome = outcome;
    row.smsc_id = about->smsc_id;
    row.link = (int64_t) about->link;
    row.message_id = message_id;
    row.code = code;
    row.text = text;
    batch_add_row(s->open, &row, at_us);
}

/* What the ledger says of a copy of a group in memory. */
Ticket progress_about(const Active *active, int copy)
{
    const Copy *c = &active->group.copies[copy];
    Ticket about;

    memset(&about, 0, sizeof(about));
    about.group = active->id;
    about.segment = c->segment;
    about.attempt = c->attempt;
    about.copy = copy + 1;
    about.link = (unsigned long) c->tag;
    memcpy(about.smsc_id, active->smsc_id, sizeof(about.smsc_id));
    return about;
}

/* --- results ------------------------------------------------------------- */

static void cause_of(const Active *active, char *text, size_t size)
{
    int segment;
    const char *cause = group_cause(&active->group, &segment);
    char rest[80];
    int n;

    n = snprintf(text, size, "%s", cause);
    if (segment >= 0 && active->group.segments > 1 && n < (int) size)
        n += snprintf(text + n, size - n, " (segment %d of %d)", segment + 1,
                      active->group.segments);
    if (active->said != NULL && active->group.state == GROUP_UNDELIVERABLE &&
        n < (int) size)
        n += snprintf(text + n, size - n, ": %.200s", active->said);
    group_rest(&active->group, rest, sizeof(rest));
    if (rest[0] != '\0' && n < (int) size)
        snprintf(text + n, size - n, "; %s", rest);
}

void progress_store(Scheduler *s, Active *active, int64_t due)
{
    const Group *g = &active->group;
    char cause[512];

    if (!group_is_final(g)) {
        batch_set_state(s->open, active, NULL, 0, due, 0);
        return;
    }
    cause_of(active, cause, sizeof(cause));
    batch_set_state(s->open, active, cause, group_code(g, active->said),
                    TIME_NEVER,
                    group_leaves_parts(g) ? s->setup.reference_hold_us : 0);
    s->figures.finished++;
    s->open_final = true;
}

bool progress_differs(const Active *active)
{
    const Group *g = &active->group;
    const ActiveStored *stored = &active->stored;

    return stored->state != g->state || stored->aim != g->aim ||
           stored->attempt != g->attempt || stored->closed != g->closed;
}

/* --- after each change --------------------------------------------------- */

static void forget(Scheduler *s, Active *active)
{
    ids_forget_group(s->ids, active->id);
    actives_remove(s->actives, active);
}

void progress_drop(Scheduler *s, Active *active)
{
    if (!active->dropped) {
        ids_forget_group(s->ids, active->id);
        questions_forget(s->questions, active->id);
        actives_drop(s->actives, active);
    }
    if (active->ticket != 0)
        tickets_revoke(s->setup.tickets, active->ticket);
    if (active->pending == 0 && !active->queued)
        actives_remove(s->actives, active);
}

/*
 * A group whose segments are all accepted is kept for a moment before the
 * database takes it over: most receipts come by then, and it ends at once
 * without that step. Its receiver waits as long; should this process end,
 * the next owner finds in the ledger that nothing is owed.
 */
static bool lingers(Scheduler *s, Active *active, int64_t now)
{
    if (active->stored.state != GROUP_SENDING ||
        active->group.state != GROUP_AWAITING || active->group.closed ||
        atomic_load(&s->draining))
        return false;
    if (active->linger_until == 0)
        active->linger_until = now + LINGER_US;
    return now < active->linger_until;
}

/* Everything so far is committed: what does the group want next? */
static void go_on(Scheduler *s, Active *active, int64_t now)
{
    GroupState state;

    if (asks_cancel(s, active, now)) {
        progress_touch(s, active, now);
        return;
    }
    state = (GroupState) active->group.state;
    if (state != GROUP_SENDING && state != GROUP_ROLLBACK) {
        if (!active->queued && !progress_differs(active) &&
            group_outstanding(&active->group) == 0 && active->queries == 0)
            forget(s, active);
        return;
    }
    if (group_next_segment(&active->group, now) != -1)
        handover_queue(s, active, now);
}

static void set_timer(Scheduler *s, Active *active)
{
    int64_t when;

    if (!group_next_time(&active->group, &when) || active->queries > 0)
        when = TIME_NEVER;
    if (progress_differs(active) && active->linger_until < when)
        when = active->linger_until;
    if (active->ticket != 0 && active->answer_due < when)
        when = active->answer_due;
    actives_wake_at(s->actives, active, when);
}

void progress_touch(Scheduler *s, Active *active, int64_t now)
{
    Ticket about;
    int copy;

    while ((copy = group_next_doubt(&active->group)) != -1) {
        about = progress_about(active, copy);
        progress_row(s, &about, LEDGER_IN_DOUBT, NULL, -1, NULL, now);
        batch_touch(s->open, active);
    }
    if (progress_differs(active) && !lingers(s, active, now)) {
        if (active->ticket != 0 && active->group.state != GROUP_SENDING)
            tickets_revoke(s->setup.tickets, active->ticket);
        if (active->group.attempt != active->stored.attempt)
            active->link = 0;
        progress_store(s, active, active->group.due);
    }
    set_timer(s, active);
    if (active->pending == 0)
        go_on(s, active, now);
}

void progress_committed(Scheduler *s, Active *active, Batch *batch)
{
    active->pending--;
    if (active->batch == batch)
        active->batch = NULL;
    if (active->dropped)
        progress_drop(s, active);
    else if (active->pending == 0)
        go_on(s, active, now_us());
}

/* A stop puts what is unanswered in doubt at once; that no answer comes is
 * the same fact once more. */
static bool is_on_record(const Active *active, GroupEvent what, int copy)
{
    return what == EVENT_DOUBT &&
           active->group.copies[copy].state == COPY_DOUBT;
}

/* An event about a copy: its row, then the state machine. */
void progress_event(Scheduler *s, Active *active, GroupEvent what, int copy,
                    const Ticket *about, const char *message_id, int code,
                    const char *text, int64_t at_us)
{
    int64_t now = now_us();
    LedgerOutcome outcome = group_outcome(what);

    if (outcome != LEDGER_NONE && !is_on_record(active, what, copy)) {
        progress_row(s, about, outcome, message_id, code, text, at_us);
        batch_touch(s->open, active);
    }
    if (what == EVENT_RECEIPT_DELIVERED)
        group_note_delivery(&active->group, copy, code, at_us);
    if (!group_event(&active->group, what, copy, now, scheduler_random(s)))
        scheduler_log(s, LOG_LEVEL_ERROR,
                      "group %lld: no event %s in state %s",
                      (long long) active->id, group_event_name(what),
                      group_state_name((GroupState) active->group.state));
    progress_touch(s, active, now);
}

/* `code` as in StoreLedgerRow: of a failed one, 1 if for good. */
GroupEvent progress_receipt_event(LedgerOutcome outcome, int code)
{
    if (outcome == LEDGER_DELIVERED)
        return EVENT_RECEIPT_DELIVERED;
    if (outcome == LEDGER_RECEIPT_INFO)
        return EVENT_RECEIPT_INFO;
    return code == 1 ? EVENT_RECEIPT_FAILED_PERMANENT
                     : EVENT_RECEIPT_FAILED_TEMPORARY;
}

int progress_receipt_code(GroupEvent what, const char *text)
{
    if (what == EVENT_RECEIPT_DELIVERED && text != NULL)
        return classify_receipt_done(text);
    if (what == EVENT_RECEIPT_FAILED_PERMANENT)
        return 1;
    return what == EVENT_RECEIPT_FAILED_TEMPORARY ? 0 : -1;
}


/* --- timers -------------------------------------------------------------- */

bool progress_take_back(Scheduler *s, Active *active, int64_t now)
{
    uint64_t number = active->ticket;
    Ticket ticket;

    if (!tickets_revoke(s->setup.tickets, number) ||
        !tickets_take(s->setup.tickets, number, &ticket))
        return false;
    active->ticket = 0;
    progress_event(s, active, EVENT_NOT_SENT, ticket.copy - 1, &ticket, NULL,
                   -1, NULL, now);
    return true;
}

/* The answer time-out counts from the write; what still waits in the
 * driver's queue when it is over is taken back. */
static void check_answer(Scheduler *s, Active *active, int64_t now)
{
    uint64_t number = active->ticket;
    Ticket ticket;

    if (!tickets_get(s->setup.tickets, number, &ticket)) {
        active->ticket = 0;
        set_timer(s, active);
        return;
    }
    if (ticket.written_us == 0 && progress_take_back(s, active, now))
        return;
    tickets_get(s->setup.tickets, number, &ticket);
    if (now < ticket.written_us + s->setup.answer_timeout_us) {
        active->answer_due = ticket.written_us + s->setup.answer_timeout_us;
        set_timer(s, active);
        return;
    }
    tickets_revoke(s->setup.tickets, number);   /* if it is in a queue yet */
    tickets_doubt(s->setup.tickets, number);
    active->ticket = 0;
    s->figures.doubted++;
    progress_event(s, active, EVENT_DOUBT, ticket.copy - 1, &ticket, NULL,
                   -1, NULL, now);
}

void progress_tick(Scheduler *s, Active *active, int64_t now)
{
    group_tick(&active->group, now, scheduler_random(s));
    /* a moment that group_tick() did nothing about is a back-off that is
     * over; it must not come again at once */
    actives_wake_at(s->actives, active, TIME_NEVER);
    progress_touch(s, active, now);
}

void progress_timers(Scheduler *s, int64_t now)
{
    Active *active;

    while ((active = actives_first(s->actives)) != NULL &&
           active->when <= now) {
        if (active->ticket != 0 && active->answer_due <= now)
            check_answer(s, active, now);
        else if (!asks_query(s, active, now))
            progress_tick(s, active, now);
    }
}
