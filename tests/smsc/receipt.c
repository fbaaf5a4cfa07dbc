/*
 * receipt.c - see receipt.h. The text is that of SMPP 3.4, appendix B.
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

static size_t format_receipt(char *out, size_t room,
                             const struct message *message, uint32_t state)
{
    char taken[13], done[13], text[RECEIPT_TEXT_SIZE + 1], stat[24] = "";
    int64_t done_us = message->done_wall_us != 0 ? message->done_wall_us
                                                 : loop_wall_clock();

    smpp_format_time(taken, message->taken_wall_us / 1000000);
    smpp_format_time(done, done_us / 1000000);
    format_text(text, message);
    if (state != PLAN_RECEIPT_NOSTAT)
        snprintf(stat, sizeof(stat), " stat:%s", receipt_state_name(state));
    return (size_t) snprintf(out, room, "id:%s sub:001 dlvrd:%s "
                             "submit date:%.10s done date:%.10s%s err:%s text:%s",
                             message->receipt_id,
                             state == SMPP_DELIVERED ? "001" : "000", taken,
                             done, stat,
                             state == SMPP_DELIVERED ? "000" : "001", text);
}

static void write_body(struct buffer *body, const struct message *message,
                       uint32_t state, bool interim)
{
    uint8_t state_octet = (uint8_t) state;
    char text[256];
    size_t length = format_receipt(text, sizeof(text), message, state);

    smpp_put_string(body, message->service_type);
    smpp_put_address(body, &message->destination);
    smpp_put_address(body, &message->source);
    smpp_put_octet(body, interim ? RECEIPT_ESM_CLASS_INTERIM
                                 : RECEIPT_ESM_CLASS);
    smpp_put_octet(body, 0);            /* protocol_id */
    smpp_put_octet(body, 0);            /* priority_flag */
    smpp_put_string(body, "");          /* schedule_delivery_time */
    smpp_put_string(body, "");          /* validity_period */
    smpp_put_octet(body, 0);            /* registered_delivery */
    smpp_put_octet(body, 0);            /* replace_if_present_flag */
    smpp_put_octet(body, 0);            /* data_coding */
    smpp_put_octet(body, 0);            /* sm_default_msg_id */
    smpp_put_octet(body, (uint8_t) length);
    buffer_append(body, text, length);
    smpp_put_tlv(body, SMPP_TLV_RECEIPTED_MESSAGE_ID, message->receipt_id,
                 strlen(message->receipt_id) + 1);
    if (state != PLAN_RECEIPT_NOSTAT)
        smpp_put_tlv(body, SMPP_TLV_MESSAGE_STATE, &state_octet, 1);
}

void receipt_schedule(const struct message *message, uint32_t state,
                      int64_t due_us, bool interim)
{
    struct delivery *delivery = delivery_new(message->smsc,
                                             message->account);

    write_body(&delivery->body, message, state, interim);
    delivery->link = message->receipt_any_link ? 0 : message->link;
    delivery->stat = receipt_state_name(state);
    strcpy(delivery->message_id, message->id);
    strcpy(delivery->receipted_id, message->receipt_id);
    strcpy(delivery->destination, message->destination.digits);
    if (due_us <= loop_now())
        delivery_send(delivery);
    else
        delivery_schedule(delivery, due_us);
}
