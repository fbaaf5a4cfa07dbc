/*
 * message.c - see message.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delivery.h"
#include "json.h"
#include "link.h"
#include "message.h"
#include "receipt.h"

enum {
    MESSAGE_DELIVER_US = 2000,          /* defaults of the plan */
    MESSAGE_RECEIPT_US = 2000,
    MESSAGE_REMEMBERED = 200000
};

static void message_due(struct loop_timer *timer);

static void format_id(char *text, size_t room, uint64_t number,
                      enum plan_id_form form)
{
    if (form == PLAN_ID_HEX)
        snprintf(text, room, "%" PRIx64, number);
    else if (form == PLAN_ID_DECIMAL)
        snprintf(text, room, "%" PRIu64, number);
    else
        snprintf(text, room, "%020" PRIu64, number);
}

struct message *message_find(struct smsc *smsc, const char *id)
{
    static const int bases[] = { 16, 10 };
    struct message *message;
    size_t i;

    /* whatever form it has, its text must be the one that was given out */
    for (i = 0; i < 2; i++) {
        message = table_get(&smsc->messages, strtoull(id, NULL, bases[i]));
        if (message != NULL && strcmp(message->id, id) == 0)
            return message;
    }
    return NULL;
}

struct plan_key message_key(const struct message *message)
{
    return (struct plan_key) {
        .receiver = message->receiver, .segment = message->segment,
        .attempt = message->attempt, .link = message->link
    };
}

static void message_free(struct message *message)
{
    loop_timer_clear(&message->smsc->loop, &message->timer);
    table_remove(&message->smsc->messages, message->number);
    free(message->bytes);
    free(message);
}

static void forget_oldest(struct smsc *smsc)
{
    struct message *oldest = TAILQ_FIRST(&smsc->final_messages);

    TAILQ_REMOVE(&smsc->final_messages, oldest, next);
    smsc->final_count--;
    message_free(oldest);
}

static void stop_waiting(struct message *message)
{
    struct smsc *smsc = message->smsc;

    if (message->waiting) {
        TAILQ_REMOVE(&smsc->waiting_messages, message, next);
        message->waiting = false;
        smsc->counts.messages_waiting--;
    } else {
        smsc->counts.messages_pending--;
    }
    loop_timer_clear(&smsc->loop, &message->timer);
}

/* Whether the client asked to hear of such an end (5.2.17). */
static bool is_asked_for(const struct message *message, uint32_t state)
{
    switch (message->registered & 3) {
    case 1:
        return true;
    case 2:
        return state == SMPP_EXPIRED || state == SMPP_DELETED
               || state == SMPP_UNDELIVERABLE || state == SMPP_REJECTED;
    default:
        return false;
    }
}

static void send_receipts(struct message *message, uint32_t told)
{
    int64_t due = loop_now() + message->receipt_after_us;

    if (told == PLAN_RECEIPT_NONE || !is_asked_for(message, told))
        return;
    if (due <= message->answer_us)
        due = message->answer_us + 1;
    receipt_schedule(message, told, due, false);
    if (message->twice_after_us >= 0)
        receipt_schedule(message, told, due + message->twice_after_us,
                         false);
}

/* The message has ended; `told` is what the receipt says of it. */
static void message_end(struct message *message,
                        enum smpp_message_state state, uint32_t told)
{
    struct smsc *smsc = message->smsc;

    stop_waiting(message);
    message->state = state;
    message->done_wall_us = loop_wall_clock();
    send_receipts(message, told);
    free(message->bytes);
    message->bytes = NULL;
    message->size = 0;
    TAILQ_INSERT_TAIL(&smsc->final_messages, message, next);
    smsc->final_count++;
}

static bool outcome_is_failure(uint32_t outcome)
{
    return outcome == SMPP_EXPIRED || outcome == SMPP_DELETED
           || outcome == SMPP_UNDELIVERABLE || outcome == SMPP_REJECTED;
}

static void journal_failure(const struct message *message, uint32_t state)
{
    struct buffer *event = journal_begin(&message->smsc->journal, "fail");

    json_string(event, "message_id", message->id);
    json_string(event, "dst", message->destination.digits);
    json_string(event, "state", receipt_state_name(state));
    journal_end(&message->smsc->journal);
}

/* A failure is known only when its receipt is due: the message can be
 * cancelled until then. */
static void message_fail(struct message *message, uint32_t state)
{
    journal_failure(message, state);
    message->receipt_after_us = 0;
    message_end(message, (enum smpp_message_state) state, state);
}

static void message_reach_phone(struct message *message)
{
    struct phone_message arriving = {
        .receiver = message->receiver, .originator = message->source.digits,
        .id = message->id, .has_header = message->has_header,
        .bytes = message->bytes, .size = message->size
    };

    phone_receive(&message->smsc->phones, &arriving);
    message_end(message, SMPP_DELIVERED, message->outcome);
}

static void message_wait(struct message *message)
{
    struct smsc *smsc = message->smsc;

    if (message->waiting)
        return;
    message->waiting = true;
    TAILQ_INSERT_TAIL(&smsc->waiting_messages, message, next);
    smsc->counts.messages_pending--;
    smsc->counts.messages_waiting++;
    if (message->expires_us != INT64_MAX)
        loop_timer_set(&smsc->loop, &message->timer, message->expires_us);
}

/* Its time has come: to reach the phone, to fail, or to expire. */
static void message_step(struct message *message)
{
    struct smsc *smsc = message->smsc;

    if (loop_now() >= message->expires_us)
        message_fail(message, SMPP_EXPIRED);
    else if (outcome_is_failure(message->outcome))
        message_fail(message, message->outcome);
    else if (smsc_phone_is_on(smsc, message->receiver))
        message_reach_phone(message);
    else
        message_wait(message);
}

static void message_due(struct loop_timer *timer)
{
    message_step(loop_owner(timer, struct message, timer));
}

/* Everything the plan says of a message is drawn when it is taken. */
static int64_t draw_delivery(struct message *message,
                             const struct plan_key *key)
{
    const struct plan *plan = message->smsc->plan;
    const struct plan_rule *rule = plan_draw(plan, PLAN_MESSAGE_ID, key);
    uint32_t forms = rule != NULL ? rule->value : 0;
    int64_t deliver_us;

    format_id(message->id, sizeof(message->id), message->number,
              (enum plan_id_form) (forms / 4));
    format_id(message->receipt_id, sizeof(message->receipt_id),
              message->number, (enum plan_id_form) (forms % 4));

    rule = plan_draw(plan, PLAN_DELIVER, key);
    deliver_us = plan_time(plan, rule, key, MESSAGE_DELIVER_US);

    rule = plan_draw(plan, PLAN_RECEIPT, key);
    message->outcome = rule != NULL ? rule->value : SMPP_DELIVERED;
    message->receipt_after_us = plan_time(plan, rule, key,
                                          MESSAGE_RECEIPT_US);

    rule = plan_draw(plan, PLAN_RECEIPT_TWICE, key);
    message->twice_after_us = rule != NULL
        ? plan_time(plan, rule, key, MESSAGE_RECEIPT_US) : -1;

    rule = plan_draw(plan, PLAN_RECEIPT_LINK, key);
    message->receipt_any_link = rule != NULL && rule->value;

    rule = plan_draw(plan, PLAN_RECEIPT_CLOCK, key);
    message->receipt_clock_us = plan_time(plan, rule, key, 0);
    return deliver_us;
}

/* The same, of what a trace says. A receipt tells when the phone had the
 * message; without one it is not known, and is soon. */
static int64_t recorded_delivery(struct message *message,
                                 const struct recorded_submit *recorded)
{
    uint32_t told = recorded->receipt;

    /* it was deleted because it was cancelled, and may not be now */
    if (recorded->cancelled && told == SMPP_DELETED)
        told = 0;
    if (told == 0) {
        if (!recorded->unasked
            && recorded_has_receipts(message->smsc->recorded))
            message->outcome = PLAN_RECEIPT_NONE;
        return MESSAGE_DELIVER_US;
    }
    message->outcome = told;
    message->twice_after_us = recorded->again
        ? recorded->again_us - recorded->receipt_us : -1;
    if (recorded->answer == RECORDED_STATUS
        && recorded->receipt_us < recorded->answer_us)
        message->answer_us = 0;
    message->receipt_after_us = recorded->receipt_us < MESSAGE_RECEIPT_US
        ? recorded->receipt_us : MESSAGE_RECEIPT_US;
    return recorded->receipt_us - message->receipt_after_us;
}

static void send_interim(struct message *message, uint32_t state,
                         int64_t after_us, bool intermediate)
{
    int64_t due = loop_now() + after_us;

    if (message->registered == 0)
        return;
    if (due <= message->answer_us)
        due = message->answer_us + 1;
    receipt_schedule(message, state, due, intermediate);
}

static void draw_interim(struct message *message, const struct plan_key *key)
{
    const struct plan *plan = message->smsc->plan;
    const struct plan_rule *rule = plan_draw(plan, PLAN_INTERIM, key);

    if (rule != NULL && rule->value != PLAN_RECEIPT_NONE)
        send_interim(message, rule->value, plan_time(plan, rule, key, 0),
                     true);
}

static void recorded_interim(struct message *message,
                             const struct recorded_submit *recorded)
{
    if (recorded->interim != 0)
        send_interim(message, recorded->interim, recorded->interim_us,
                     recorded->intermediate);
}

static struct message *message_new(struct link *link,
                                   const struct smpp_submit *submit,
                                   const struct plan_key *key,
                                   const struct message_times *times)
{
    struct message *message = mem_new(sizeof(*message));

    message->smsc = link->smsc;
    message->number = ++link->smsc->last_message;
    message->state = SMPP_ENROUTE;
    memcpy(message->service_type, submit->service_type,
           sizeof(message->service_type));
    message->source = submit->source;
    message->destination = submit->destination;
    message->receiver = message->destination.digits
                        + (message->destination.digits[0] == '+');
    message->registered = submit->registered;
    message->data_coding = submit->data_coding;
    message->has_header = (submit->esm_class & 0x40) != 0;
    message->size = submit->message_length;
    message->bytes = mem_new(message->size);
    if (message->size > 0)
        memcpy(message->bytes, submit->message, message->size);
    message->segment = key->segment;
    message->attempt = key->attempt;
    message->link = key->link;
    message->account = link->account;
    message->taken_wall_us = loop_wall_clock();
    message->answer_us = times->answer_us;
    message->expires_us = times->expires_us;
    message->timer.fire = message_due;
    *table_place(&link->smsc->messages, message->number) = message;
    link->smsc->counts.messages_pending++;
    return message;
}

struct message *message_take(struct link *link,
                             const struct smpp_submit *submit,
                             const struct plan_key *key,
                             const struct message_times *times,
                             const struct recorded_submit *recorded)
{
    struct smsc *smsc = link->smsc;
    struct message *message = message_new(link, submit, key, times);
    int64_t deliver_us = draw_delivery(message, key);

    if (recorded != NULL)
        deliver_us = recorded_delivery(message, recorded);
    deliver_us += loop_now();

    if (smsc->final_count > MESSAGE_REMEMBERED)
        forget_oldest(smsc);
    if (deliver_us < times->schedule_us)
        deliver_us = times->schedule_us;
    if (outcome_is_failure(message->outcome))
        deliver_us += message->receipt_after_us;
    if (deliver_us > message->expires_us)
        deliver_us = message->expires_us;
    if (recorded != NULL)
        recorded_interim(message, recorded);
    else
        draw_interim(message, key);
    if (recorded == NULL
        && plan_draw(smsc->plan, PLAN_RECEIPT_EARLY, key) != NULL) {
        /* now, before the caller writes the answer */
        message->answer_us = message->receipt_after_us = 0;
        message_step(message);
    } else {
        loop_timer_set(&smsc->loop, &message->timer, deliver_us);
    }
    return message;
}

bool message_cancel(struct message *message)
{
    struct plan_key key = message_key(message);
    const struct plan *plan = message->smsc->plan;
    const struct plan_rule *rule;

    if (message->state != SMPP_ENROUTE)
        return false;
    rule = plan_draw(plan, PLAN_CANCEL_RECEIPT, &key);
    message->receipt_after_us = plan_time(plan, rule, &key,
                                          MESSAGE_RECEIPT_US);
    message_end(message, SMPP_DELETED,
                rule != NULL ? SMPP_DELETED : PLAN_RECEIPT_NONE);
    message->smsc->counts.cancelled++;
    return true;
}

void message_retry_waiting(struct smsc *smsc)
{
    struct message *message, *next;

    for (message = TAILQ_FIRST(&smsc->waiting_messages); message != NULL;
         message = next) {
        next = TAILQ_NEXT(message, next);
        message_step(message);
    }
}

void message_free_all(struct smsc *smsc)
{
    size_t i;

    while (smsc->messages.count > 0)
        for (i = 0; i < smsc->messages.room; i++)
            if (smsc->messages.slots[i].value != NULL)
                message_free(smsc->messages.slots[i].value);
    table_free(&smsc->messages);
}
