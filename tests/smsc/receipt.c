/*
 * receipt.c - see receipt.h. The text is that of SMPP 3.4, appendix B, but
 * that the done date has seconds, as many SMSCs have it.
 */
#include <stdio.h>
#include <string.h>

#include "delivery.h"
#include "receipt.h"

enum {
    RECEIPT_ESM_CLASS = 0x04,
    RECEIPT_ESM_CLASS_INTERIM = 0x20,
    RECEIPT_TEXT_SIZE = 20
};

const char *receipt_state_name(uint32_t state)
{
    static const char *const names[] = {
        [SMPP_ENROUTE] = "ENROUTE", [SMPP_DELIVERED] = "DELIVRD",
        [SMPP_EXPIRED] = "EXPIRED", [SMPP_DELETED] = "DELETED",
        [SMPP_UNDELIVERABLE] = "UNDELIV", [SMPP_ACCEPTED] = "ACCEPTD",
        [SMPP_UNKNOWN] = "UNKNOWN", [SMPP_REJECTED] = "REJECTD"
    };

    return state >= SMPP_ENROUTE && state <= SMPP_REJECTED ? names[state]
                                                           : "";
}

uint32_t receipt_state_named(const char *name)
{
    uint32_t state;

    for (state = SMPP_ENROUTE; state <= SMPP_REJECTED; state++)
        if (strcmp(receipt_state_name(state), name) == 0)
            return state;
    return PLAN_RECEIPT_NOSTAT;
}

/* The message's first characters, if it is text at all. */
static void format_text(char *text, const struct message *message)
{
    size_t i, length = 0;

    if (!message->has_header && (message->data_coding & 0x0c) == 0)
        for (i = 0; i < message->size && length < RECEIPT_TEXT_SIZE; i++)
            text[length++] = message->bytes[i] >= 0x20
                             && message->bytes[i] < 0x7f
                             ? (char) message->bytes[i] : '.';
    text[length] = '\0';
}

static void format_receipt(char *out, size_t room,
                           const struct message *message, uint32_t state)
{
    bool delivered = state == SMPP_DELIVERED;
    char taken[13], done[13], text[RECEIPT_TEXT_SIZE + 1], stat[24] = "";
    int64_t done_us = message->done_wall_us != 0 ? message->done_wall_us
                                                 : loop_wall_clock();

    smpp_format_time(taken, message->taken_wall_us / 1000000);
    smpp_format_time(done, (done_us + message->receipt_clock_us) / 1000000);
    format_text(text, message);
    if (state != PLAN_RECEIPT_NOSTAT)
        snprintf(stat, sizeof(stat), " stat:%s", receipt_state_name(state));
    snprintf(out, room, "id:%s sub:001 dlvrd:%s submit date:%.10s "
             "done date:%s%s err:%s text:%s", message->receipt_id,
             delivered ? "001" : "000", taken, done, stat,
             delivered ? "000" : "001", text);
}

void receipt_schedule(const struct message *message, uint32_t state,
                      int64_t due_us, bool interim)
{
    uint8_t state_octet = (uint8_t) state;
    struct delivery *delivery;
    char line[255];
    struct delivery_text text = {
        .service_type = message->service_type,
        .source = &message->destination, .destination = &message->source,
        .esm_class = interim ? RECEIPT_ESM_CLASS_INTERIM : RECEIPT_ESM_CLASS,
        .text = line
    };

    format_receipt(line, sizeof(line), message, state);
    delivery = delivery_new(message->smsc, message->account, &text);
    smpp_put_tlv(&delivery->body, SMPP_TLV_RECEIPTED_MESSAGE_ID,
                 message->receipt_id, strlen(message->receipt_id) + 1);
    if (state != PLAN_RECEIPT_NOSTAT)
        smpp_put_tlv(&delivery->body, SMPP_TLV_MESSAGE_STATE, &state_octet,
                     1);
    delivery->link = message->receipt_any_link ? 0 : message->link;
    delivery->stat = receipt_state_name(state);
    strcpy(delivery->message_id, message->id);
    strcpy(delivery->receipted_id, message->receipt_id);
    strcpy(delivery->destination, message->destination.digits);
    /* by its timer: that of the answer may be due too, and goes first */
    if (message->answer_us == 0 && due_us <= loop_now())
        delivery_send(delivery);
    else
        delivery_schedule(delivery, due_us);
}
