/*
 * delivery.c - see delivery.h.
 */
#include <stdlib.h>
#include <string.h>

#include "delivery.h"
#include "json.h"
#include "link.h"

enum {
    DELIVERY_WINDOW = 1000,             /* unanswered on one link */
    DELIVERY_RETRY_US = 1000000
};

struct account *delivery_account(struct smsc *smsc, const char *system_id)
{
    struct account *account;

    TAILQ_FOREACH(account, &smsc->accounts, next)
        if (strcmp(account->system_id, system_id) == 0)
            return account;
    account = mem_new(sizeof(*account));
    strcpy(account->system_id, system_id);
    TAILQ_INIT(&account->scheduled);
    TAILQ_INIT(&account->waiting);
    TAILQ_INSERT_TAIL(&smsc->accounts, account, next);
    return account;
}

static void delivery_due(struct loop_timer *timer)
{
    struct delivery *delivery = loop_owner(timer, struct delivery, timer);

    TAILQ_REMOVE(&delivery->account->scheduled, delivery, next);
    delivery_send(delivery);
}

static void write_body(struct buffer *body, const struct delivery_text *text)
{
    size_t length = strlen(text->text);

    smpp_put_string(body, text->service_type);
    smpp_put_address(body, text->source);
    smpp_put_address(body, text->destination);
    smpp_put_octet(body, text->esm_class);
    smpp_put_octet(body, 0);            /* protocol_id */
    smpp_put_octet(body, 0);            /* priority_flag */
    smpp_put_string(body, "");          /* schedule_delivery_time */
    smpp_put_string(body, "");          /* validity_period */
    smpp_put_octet(body, 0);            /* registered_delivery */
    smpp_put_octet(body, 0);            /* replace_if_present_flag */
    smpp_put_octet(body, 0);            /* data_coding */
    smpp_put_octet(body, 0);            /* sm_default_msg_id */
    smpp_put_octet(body, (uint8_t) length);
    buffer_append(body, text->text, length);
}

struct delivery *delivery_new(struct smsc *smsc, struct account *account,
                              const struct delivery_text *text)
{
    struct delivery *delivery = mem_new(sizeof(*delivery));

    delivery->smsc = smsc;
    delivery->account = account;
    delivery->timer.fire = delivery_due;
    write_body(&delivery->body, text);
    smsc->counts.deliveries_pending++;
    return delivery;
}

static void delivery_free(struct delivery *delivery)
{
    delivery->smsc->counts.deliveries_pending--;
    loop_timer_clear(&delivery->smsc->loop, &delivery->timer);
    buffer_free(&delivery->body);
    free(delivery);
}

void delivery_schedule(struct delivery *delivery, int64_t due_us)
{
    TAILQ_INSERT_TAIL(&delivery->account->scheduled, delivery, next);
    loop_timer_set(&delivery->smsc->loop, &delivery->timer, due_us);
}

/* The preferred link, or else the one with the fewest unanswered; among
 * equals the one whose last turn was longest ago. */
static struct link *choose_link(const struct delivery *delivery)
{
    struct link *link, *best = NULL;

    TAILQ_FOREACH(link, &delivery->smsc->links, next) {
        if (link->account != delivery->account || link->closing
            || link->paused || !(link->bound & LINK_RECEIVER)
            || link->unanswered_count >= DELIVERY_WINDOW)
            continue;
        if (link->number == delivery->link)
            return link;
        if (best == NULL || link->unanswered_count < best->unanswered_count
            || (link->unanswered_count == best->unanswered_count
                && link->last_turn < best->last_turn))
            best = link;
    }
    return best;
}

static void journal_delivery(const struct delivery *delivery,
                             const struct link *link)
{
    struct journal *journal = &delivery->smsc->journal;
    struct buffer *event = journal_begin(journal, delivery->stat != NULL
                                         ? "receipt" : "mo");

    json_number(event, "link", link->number);
    json_number(event, "seq", delivery->sequence);
    if (delivery->stat != NULL) {
        json_string(event, "message_id", delivery->message_id);
        json_string(event, "receipted_id", delivery->receipted_id);
        json_string(event, "dst", delivery->destination);
        json_string(event, "stat", delivery->stat);
    }
    json_number(event, "times", delivery->times);
    journal_end(journal);
}

static void delivery_write(struct delivery *delivery, struct link *link)
{
    size_t mark;

    delivery->sequence = ++link->last_sequence;
    delivery->times++;
    link->last_turn = ++delivery->account->turns;
    mark = smpp_begin(&link->out, SMPP_DELIVER_SM, SMPP_OK,
                      delivery->sequence);
    buffer_append(&link->out, buffer_bytes(&delivery->body),
                  buffer_length(&delivery->body));
    smpp_end(&link->out, mark);
    TAILQ_INSERT_TAIL(&link->unanswered, delivery, next);
    link->unanswered_count++;
    delivery->smsc->counts.receipts += delivery->stat != NULL;
    journal_delivery(delivery, link);
}

void delivery_send(struct delivery *delivery)
{
    struct link *link = choose_link(delivery);

    if (link != NULL)
        delivery_write(delivery, link);
    else
        TAILQ_INSERT_TAIL(&delivery->account->waiting, delivery, next);
}

/* Give waiting deliveries to the links of the account as far as they go. */
static void send_waiting(struct account *account)
{
    struct delivery *delivery;
    struct link *link;

    while ((delivery = TAILQ_FIRST(&account->waiting)) != NULL
           && (link = choose_link(delivery)) != NULL) {
        TAILQ_REMOVE(&account->waiting, delivery, next);
        delivery_write(delivery, link);
    }
}

static bool is_temporary(uint32_t status)
{
    return status == SMPP_RSYSERR || status == SMPP_RMSGQFUL
           || status == SMPP_RTHROTTLED || status == SMPP_RX_T_APPN;
}

bool delivery_answered(struct link *link, const struct smpp_header *header)
{
    struct delivery *delivery;
    struct buffer *event;

    /* answers come in order as a rule: the first is nearly always the one */
    TAILQ_FOREACH(delivery, &link->unanswered, next)
        if (delivery->sequence == header->sequence)
            break;
    if (delivery == NULL)
        return false;
    TAILQ_REMOVE(&link->unanswered, delivery, next);
    link->unanswered_count--;
    event = journal_begin(&link->smsc->journal, delivery->stat != NULL
                          ? "receipt-answer" : "mo-answer");
    json_number(event, "link", link->number);
    json_number(event, "seq", header->sequence);
    if (delivery->stat != NULL)
        json_string(event, "message_id", delivery->message_id);
    json_number(event, "status", header->status);
    journal_end(&link->smsc->journal);
    if (is_temporary(header->status)) {
        delivery_schedule(delivery, loop_now() + DELIVERY_RETRY_US);
    } else {
        link->smsc->counts.receipts_answered += delivery->stat != NULL;
        delivery_free(delivery);
    }
    if (!TAILQ_EMPTY(&link->account->waiting))
        send_waiting(link->account);
    return true;
}

void delivery_link_ready(struct link *link)
{
    if (link->account != NULL)
        send_waiting(link->account);
}

void delivery_link_lost(struct link *link)
{
    struct delivery *delivery;

    /* by their timers: other links may have finished this round's writing */
    while ((delivery = TAILQ_FIRST(&link->unanswered)) != NULL) {
        TAILQ_REMOVE(&link->unanswered, delivery, next);
        link->unanswered_count--;
        delivery_schedule(delivery, loop_now());
    }
}

static void free_list(struct delivery_list *list)
{
    struct delivery *delivery;

    while ((delivery = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, delivery, next);
        delivery_free(delivery);
    }
}

void delivery_free_all(struct smsc *smsc)
{
    struct account *account;

    while ((account = TAILQ_FIRST(&smsc->accounts)) != NULL) {
        free_list(&account->scheduled);
        free_list(&account->waiting);
        TAILQ_REMOVE(&smsc->accounts, account, next);
        free(account);
    }
}
