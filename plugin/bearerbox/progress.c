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

/* PAP codes of a result (facts of PAP: 1000 OK, 4000 service failure). */
enum { PAP_OK = 1000, PAP_SERVICE_FAILURE = 4000 };

/* How long a group whose segments are all accepted is kept. */
static const int64_t LINGER_US = 50 * 1000;

/* --- the open batch ------------------------------------------------------ */

static void add_row(Scheduler *s, const Ticket *about, LedgerOutcome outcome,
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
static Ticket about_copy(const Active *active, int copy)
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
    int n;

    n = snprintf(text, size, "%s", cause);
    if (segment >= 0 && active->group.segments > 1 && n < (int) size)
        n += snprintf(text + n, size - n, " (segment %d of %d)", segment + 1,
                      active->group.segments);
    if (active->said != NULL && active->group.state == GROUP_UNDELIVERABLE &&
        n < (int) size)
        snprintf(text + n, size - n, ": %s", active->said);
}

static void store_state_of(Scheduler *s, Active *active, int64_t due)
{
    const Group *g = &active->group;
    char cause[256];

    if (!group_is_final(g)) {
        batch_set_state(s->open, active, NULL, 0, due, 0);
        return;
    }
    cause_of(active, cause, sizeof(cause));
    batch_set_state(s->open, active, cause,
                    g->state == GROUP_DELIVERED ? PAP_OK
                                                : PAP_SERVICE_FAILURE,
                    TIME_NEVER,
                    g->state == GROUP_DELIVERED ? 0
                                            : s->setup.reference_hold_us);
    s->figures.finished++;
    s->open_final = true;
}

static bool differs(const Active *active)
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
        actives_drop(s->actives, active);
    }
    if (active->ticket != 0)
        tickets_revoke(s->setup.tickets, active->ticket);
    if (active->pending == 0 && !active->queued)
        actives_remove(s->actives, active);
}

/* No link can cancel: the state machine is told so for each copy. */
static bool give_up_cancels(Scheduler *s, Active *active, int64_t now)
{
    bool any = false;
    int copy;

    while ((copy = group_next_cancel(&active->group)) != -1) {
        group_cancel_asked(&active->group, copy);
        group_event(&active->group, EVENT_CANCEL_LOST, copy, now,
                    scheduler_random(s));
        any = true;
    }
    return any;
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

    if (give_up_cancels(s, active, now)) {
        progress_touch(s, active, now);
        return;
    }
    state = (GroupState) active->group.state;
    if (state != GROUP_SENDING && state != GROUP_ROLLBACK) {
        if (!active->queued && !differs(active) &&
            group_outstanding(&active->group) == 0)
            forget(s, active);
        return;
    }
    if (group_next_segment(&active->group, now) != -1)
        handover_queue(s, active, now);
}

static void set_timer(Scheduler *s, Active *active)
{
    int64_t when;

    if (!group_next_time(&active->group, &when))
        when = TIME_NEVER;
    if (differs(active) && active->linger_until < when)
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
        about = about_copy(active, copy);
        add_row(s, &about, LEDGER_IN_DOUBT, NULL, -1, NULL, now);
        batch_touch(s->open, active);
    }
    if (differs(active) && !lingers(s, active, now)) {
        if (active->ticket != 0 && active->group.state != GROUP_SENDING)
            tickets_revoke(s->setup.tickets, active->ticket);
        if (active->group.attempt != active->stored.attempt)
            active->link = 0;
        store_state_of(s, active, active->group.due);
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

/* An event about a copy: its row, then the state machine. */
static void event(Scheduler *s, Active *active, GroupEvent what, int copy,
                  const Ticket *about, const char *message_id, int code,
                  const char *text, int64_t at_us)
{
    int64_t now = now_us();
    LedgerOutcome outcome = group_outcome(what);

    if (outcome != LEDGER_NONE) {
        add_row(s, about, outcome, message_id, code, text, at_us);
        batch_touch(s->open, active);
    }
    if (!group_event(&active->group, what, copy, now, scheduler_random(s)))
        scheduler_log(s, LOG_LEVEL_ERROR,
                      "group %lld: no event %s in state %s",
                      (long long) active->id, group_event_name(what),
                      group_state_name((GroupState) active->group.state));
    progress_touch(s, active, now);
}

/* --- answers ------------------------------------------------------------- */

static Active *group_of(Scheduler *s, uint64_t number, const Ticket *ticket)
{
    Active *active = actives_find(s->actives, ticket->group);

    if (active == NULL || ticket->copy > active->group.copies_len)
        return NULL;
    if (active->ticket == number)
        active->ticket = 0;
    return active;
}

/* `code` as in StoreLedgerRow: 1 if it failed for good. */
static GroupEvent receipt_event(LedgerOutcome outcome, int code)
{
    if (outcome == LEDGER_DELIVERED)
        return EVENT_RECEIPT_DELIVERED;
    if (outcome == LEDGER_RECEIPT_INFO)
        return EVENT_RECEIPT_INFO;
    return code == 1 ? EVENT_RECEIPT_FAILED_PERMANENT
                     : EVENT_RECEIPT_FAILED_TEMPORARY;
}

/* A receipt that came before the answer to its submit. */
static void early_receipt(Scheduler *s, Active *active, int copy,
                          const char *smsc_id, const char *message_id)
{
    StoreReceipt receipt;
    Ticket about;
    int64_t at_us;

    if (!receipts_claim(s->receipts, smsc_id, message_id, &receipt, &at_us))
        return;
    about = about_copy(active, copy);
    event(s, active, receipt_event((LedgerOutcome) receipt.outcome,
                                   receipt.code),
          copy, &about, message_id, receipt.code, NULL, at_us);
}

static void sent(Scheduler *s, const LinkNews *news)
{
    Ticket ticket;
    Active *active;

    if (!tickets_take(s->setup.tickets, news->ticket, &ticket))
        return;
    links_count_answer(s->links, ticket.link, false, now_us());
    s->figures.accepted++;
    active = group_of(s, news->ticket, &ticket);
    if (active == NULL) {
        add_row(s, &ticket, LEDGER_ACCEPTED, news->message_id, 0, NULL,
                news->at_us);
        return;
    }
    if (news->message_id != NULL) {
        filter_add(s->known, ticket.smsc_id, news->message_id);
        ids_add(s->ids, ticket.smsc_id, news->message_id, ticket.group,
                ticket.copy - 1);
    }
    event(s, active, EVENT_ACCEPTED, ticket.copy - 1, &ticket,
          news->message_id, 0, NULL, news->at_us);
    active = actives_find(s->actives, ticket.group);
    if (active != NULL && news->message_id != NULL)
        early_receipt(s, active, ticket.copy - 1, ticket.smsc_id,
                      news->message_id);
}

/* What never was written surely did not leave, whatever the driver says. */
static GroupEvent failure_event(Scheduler *s, const LinkNews *news,
                                const Ticket *ticket, int64_t *status)
{
    GroupEvent what = classify_failure(news->reason, news->text,
                                       s->setup.overrides, status);

    return *status == -1 && ticket->written_us == 0 ? EVENT_NOT_SENT : what;
}

static void failed(Scheduler *s, const LinkNews *news)
{
    GroupEvent what;
    Ticket ticket;
    Active *active;
    int64_t status;

    if (!tickets_take(s->setup.tickets, news->ticket, &ticket))
        return;
    what = failure_event(s, news, &ticket, &status);
    if (what == EVENT_DOUBT && ticket.doubted)
        return;
    if (status >= 0) {
        links_count_answer(s->links, ticket.link,
                           what == EVENT_REFUSED_THROTTLED, now_us());
        s->figures.refused++;
    }
    if (what == EVENT_REFUSED_CONFIG)
        scheduler_log(s, LOG_LEVEL_ERROR,
                      "SMSC <%s> refuses what it is sent: %s; check the "
                      "link's configuration", ticket.smsc_id, news->text);
    active = group_of(s, news->ticket, &ticket);
    if (active == NULL) {
        if (group_outcome(what) != LEDGER_NONE)
            add_row(s, &ticket, group_outcome(what), NULL, (int) status,
                    news->text, news->at_us);
        return;
    }
    if (news->text != NULL) {
        free(active->said);
        active->said = strdup(news->text);
    }
    event(s, active, what, ticket.copy - 1, &ticket, NULL, (int) status,
          news->text, news->at_us);
}

/* --- receipts ------------------------------------------------------------ */

/* The SMSC's words decide; without any, what the driver made of them. */
static GroupEvent receipt_meaning(const LinkNews *news)
{
    if (news->text != NULL && news->text[0] != '\0')
        return classify_receipt_text(news->text);
    return news->dlr;
}

static void receipt(Scheduler *s, const LinkNews *news)
{
    GroupEvent what = receipt_meaning(news);
    StoreReceipt row;
    Active *active = NULL;
    Ticket about;
    int64_t group;
    int copy;

    s->figures.receipts++;
    memset(&row, 0, sizeof(row));
    row.outcome = group_outcome(what);
    row.smsc_id = news->smsc_id;
    row.message_id = news->message_id;
    row.text = news->text;
    row.code = what == EVENT_RECEIPT_FAILED_PERMANENT
        ? 1 : what == EVENT_RECEIPT_FAILED_TEMPORARY ? 0 : -1;
    if (ids_find(s->ids, news->smsc_id, news->message_id, &group, &copy))
        active = actives_find(s->actives, group);
    if (active != NULL) {
        about = about_copy(active, copy);
        snprintf(about.smsc_id, sizeof(about.smsc_id), "%s", news->smsc_id);
        event(s, active, what, copy, &about, news->message_id, row.code,
              news->text, news->at_us);
        return;
    }
    if (!receipts_add(s->receipts, &row, news->at_us,
                      !filter_has(s->known, news->smsc_id,
                                  news->message_id)))
        scheduler_log(s, LOG_LEVEL_ERROR, "too many receipts wait for the "
                      "database: the oldest is lost");
}

/* --- links, leases ------------------------------------------------------- */

/* A new instance counts its batches from one. */
static void new_instance(Scheduler *s, const char *instance)
{
    memcpy(s->instance, instance, sizeof(s->instance));
    s->next_number = 1;
    s->adopt_wanted = true;
    s->reclaiming = s->n_held > 0;
}

static void leases(Scheduler *s, const LeaseNews *news)
{
    bool other = strcmp(s->instance, news->instance) != 0;
    int i;

    if (s->reclaim && !other)
        return;
    free(s->held);
    s->held = malloc((news->n + 1) * sizeof(*s->held));
    if (s->held == NULL)
        abort();
    s->n_held = news->n;
    s->held_until = news->until_us;
    for (i = 0; i < news->n; i++) {
        s->held[i] = news->held[i];
        if (news->held[i].fresh)
            s->adopt_wanted = true;
    }
    s->claim_wanted = true;
    s->next_sweep = 0;          /* a lease may have gone */
    if (news->until_us > 0 && other) {
        s->reclaim = false;
        new_instance(s, news->instance);
    }
}

void progress_news(Scheduler *s, News *news)
{
    LinkNews *link = (LinkNews *) news;

    switch (news->kind) {
    case NEWS_SENT:
        sent(s, link);
        break;
    case NEWS_FAILED:
        failed(s, link);
        break;
    case NEWS_RECEIPT:
        receipt(s, link);
        break;
    case NEWS_LINK_UP:
        leases_hurry(s->setup.leases);
        handover_unstrand(s, now_us());
        break;
    case NEWS_LINK_DOWN:
        links_forget(s->links, link->serial);
        leases_hurry(s->setup.leases);
        handover_link_down(s, link->serial, now_us());
        break;
    case NEWS_LEASES:
        leases(s, (LeaseNews *) news);
        break;
    }
}

/* --- timers -------------------------------------------------------------- */

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
    if (ticket.written_us == 0 &&
        tickets_revoke(s->setup.tickets, number)) {
        tickets_take(s->setup.tickets, number, &ticket);
        active->ticket = 0;
        event(s, active, EVENT_NOT_SENT, ticket.copy - 1, &ticket, NULL, -1,
              NULL, now);
        return;
    }
    tickets_get(s->setup.tickets, number, &ticket);
    if (now < ticket.written_us + s->setup.answer_timeout_us) {
        active->answer_due = ticket.written_us + s->setup.answer_timeout_us;
        set_timer(s, active);
        return;
    }
    tickets_doubt(s->setup.tickets, number);
    active->ticket = 0;
    s->figures.doubted++;
    event(s, active, EVENT_DOUBT, ticket.copy - 1, &ticket, NULL, -1, NULL,
          now);
}

void progress_timers(Scheduler *s, int64_t now)
{
    Active *active;

    while ((active = actives_first(s->actives)) != NULL &&
           active->when <= now) {
        if (active->ticket != 0 && active->answer_due <= now) {
            check_answer(s, active, now);
            continue;
        }
        group_tick(&active->group, now, scheduler_random(s));
        /* a moment that group_tick() did nothing about is a back-off that
         * is over; it must not come again at once */
        actives_wake_at(s->actives, active, TIME_NEVER);
        progress_touch(s, active, now);
    }
}

/* --- rows from the database ---------------------------------------------- */

static Active *take(Scheduler *s, const StoreGroup *row)
{
    Active *active = actives_add(s->actives, row, s->setup.limits, now_us());

    if (active == NULL)
        scheduler_log(s, LOG_LEVEL_ERROR,
                      "group %lld: its ledger contradicts it; left alone",
                      (long long) row->id);
    return active;
}

/* Message ids of before, so that its receipts find it. */
static void learn_ids(Scheduler *s, const StoreGroup *row)
{
    const StoreHistory *h;
    int i;

    for (i = 0; i < row->histories; i++) {
        h = &row->history[i];
        if (h->outcome == LEDGER_ACCEPTED && h->message_id != NULL &&
            h->smsc_id != NULL)
            ids_add(s->ids, h->smsc_id, h->message_id, row->id, h->copy - 1);
    }
}

/* Has the group in hand every copy that its ledger tells of? */
static bool knows_all(const Active *active, const StoreGroup *row)
{
    int i;

    for (i = 0; i < row->histories; i++) {
        if (row->history[i].copy > active->group.copies_len)
            return false;
    }
    return true;
}

void progress_claimed(Scheduler *s, const StoreGroup *row)
{
    StoreGroup queued = *row;
    Active *active = actives_find(s->actives, row->id);
    int64_t now = now_us();

    if (active != NULL)         /* its last rows are still on their way */
        progress_drop(s, active);
    queued.state = GROUP_QUEUED;
    active = take(s, &queued);
    if (active == NULL)
        return;
    learn_ids(s, row);
    active->stored.state = GROUP_SENDING;
    s->figures.claimed++;
    group_event(&active->group, EVENT_CLAIMED, 0, now, scheduler_random(s));
    progress_touch(s, active, now);
}

/* Feeds the receipts of its ledger again: group_event() judges by facts. */
static void feed_receipts(Scheduler *s, Active *active,
                          const StoreGroup *row, int64_t now)
{
    const StoreHistory *h;
    int i;

    for (i = 0; i < row->histories; i++) {
        h = &row->history[i];
        if ((h->outcome != LEDGER_DELIVERED &&
             h->outcome != LEDGER_NOT_DELIVERED) ||
            h->copy > active->group.copies_len)
            continue;
        group_event(&active->group,
                    receipt_event((LedgerOutcome) h->outcome, h->code),
                    h->copy - 1, now, scheduler_random(s));
    }
}

void progress_adopted(Scheduler *s, const StoreGroup *row)
{
    Active *active = actives_find(s->actives, row->id);
    int64_t now = now_us();

    if (active != NULL && knows_all(active, row)) {
        active->epoch = row->epoch;
        active->lease = row->lease;
        return;
    }
    if (active != NULL)         /* another box had it meanwhile */
        progress_drop(s, active);
    active = take(s, row);
    if (active == NULL)
        return;
    learn_ids(s, row);
    group_event(&active->group, EVENT_ADOPTED, 0, now, scheduler_random(s));
    progress_touch(s, active, now);
}

/*
 * What was only lent is given back with a transition, even if nothing has
 * changed; a group in hand just learns what came another way.
 */
void progress_reviewed(Scheduler *s, const StoreGroup *row)
{
    Active *active = actives_find(s->actives, row->id);
    int64_t now = now_us();
    bool lent = active == NULL;

    if (lent)
        active = take(s, row);
    if (active == NULL)
        return;
    feed_receipts(s, active, row, now);
    if (row->cancel_requested)
        group_event(&active->group, EVENT_CANCEL, 0, now,
                    scheduler_random(s));
    group_tick(&active->group, now, scheduler_random(s));
    if (lent && !differs(active))
        store_state_of(s, active, TIME_NEVER);
    progress_touch(s, active, now);
}
