/*
 * answers.c - what the links and the leases tell
 *
 * Each letter becomes an event of the group that it is about, with its row
 * in the ledger (progress.c). Which copy an answer means is on its ticket;
 * which one a receipt means is known for the groups in hand, and otherwise
 * the database finds it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bearerbox/scheduler_int.h"
#include "now.h"

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

/* A receipt that came before the answer to its submit. */
static void early_receipt(Scheduler *s, Active *active, int copy,
                          const char *smsc_id, const char *message_id)
{
    StoreReceipt receipt;
    Ticket about;
    int64_t at_us;

    if (!receipts_claim(s->receipts, smsc_id, message_id, &receipt, &at_us))
        return;
    about = progress_about(active, copy);
    progress_event(s, active,
                   progress_receipt_event((LedgerOutcome) receipt.outcome,
                                          receipt.code),
                   copy, &about, message_id, receipt.code, NULL, at_us);
}

static void learn_name(Scheduler *s, const LinkNews *news,
                       const Ticket *ticket)
{
    IdsName name = {
        .smsc_id = ticket->smsc_id, .message_id = news->message_id,
        .written = news->text == NULL ? news->message_id : news->text
    };

    ids_add(s->ids, &name, ticket->group, ticket->copy - 1);
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
        progress_row(s, &ticket, LEDGER_ACCEPTED, news->message_id, 0,
                     news->text, news->at_us);
        return;
    }
    if (news->message_id != NULL) {
        filter_add(s->known, ticket.smsc_id, news->message_id);
        learn_name(s, news, &ticket);
    }
    progress_event(s, active, EVENT_ACCEPTED, ticket.copy - 1, &ticket,
                   news->message_id, 0, news->text, news->at_us);
    active = actives_find(s->actives, ticket.group);
    if (active != NULL && news->message_id != NULL)
        early_receipt(s, active, ticket.copy - 1, ticket.smsc_id,
                      news->message_id);
}

/* What never was written surely did not leave, whatever the driver says. */
static GroupEvent failure_event(Scheduler *s, const LinkNews *news,
                                const Ticket *ticket, int64_t *status)
{
    GroupEvent what = classify_failure(ticket->driver, news->reason,
                                       news->text, s->setup.overrides,
                                       status);

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
            progress_row(s, &ticket, group_outcome(what), NULL, (int) status,
                         news->text, news->at_us);
        return;
    }
    if (news->text != NULL) {
        free(active->said);
        active->said = strdup(news->text);
    }
    progress_event(s, active, what, ticket.copy - 1, &ticket, NULL,
                   (int) status, news->text, news->at_us);
}

/* --- receipts ------------------------------------------------------------ */

/* SMSCs send a receipt again whose answer they missed. */
static bool repeats(GroupEvent what, const Copy *copy)
{
    return (what == EVENT_RECEIPT_DELIVERED &&
            copy->state == COPY_DELIVERED) ||
           ((what == EVENT_RECEIPT_FAILED_TEMPORARY ||
             what == EVENT_RECEIPT_FAILED_PERMANENT) &&
            copy->state == COPY_FAILED);
}

static void receipt(Scheduler *s, const LinkNews *news)
{
    GroupEvent what = news->dlr;
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
    row.code = progress_receipt_code(what, news->text);
    if (ids_find(s->ids, news->smsc_id, news->message_id, &group, &copy))
        active = actives_find(s->actives, group);
    if (active != NULL && repeats(what, &active->group.copies[copy]))
        return;
    if (active != NULL) {
        about = progress_about(active, copy);
        snprintf(about.smsc_id, sizeof(about.smsc_id), "%s", news->smsc_id);
        progress_event(s, active, what, copy, &about, news->message_id,
                       row.code, news->text, news->at_us);
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
    s->yielding = false;
    for (i = 0; i < news->n; i++) {
        s->held[i] = news->held[i];
        s->yielding = s->yielding || news->held[i].yielding;
        if (news->held[i].fresh)
            s->adopt_wanted = true;
    }
    s->claim_wanted = true;
    s->next_sweep = 0;          /* a lease may have gone */
    if (news->until_us > 0 && other) {
        s->reclaim = false;
        new_instance(s, news->instance);
    }
    s->claim_outdated = s->claiming;
    if (s->yielding)
        giveback_all_due(s, now_us());
}

void answers_take(Scheduler *s, News *news)
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
    case NEWS_ANSWER:
        asks_answered(s, link);
        break;
    case NEWS_LINK_UP:
        leases_hurry(s->setup.leases);
        handover_look_again(s, false, now_us());
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
