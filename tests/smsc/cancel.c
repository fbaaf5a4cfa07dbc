/*
 * cancel.c - see cancel.h.
 *
 * As 3.4 has it (4.9): the source must be the one of the submit; a cancel
 * without a message id cancels every message from that source to that
 * destination. The journal marks the latter as "wildcard", for no gateway
 * should ever send one.
 */
#include <stdio.h>
#include <string.h>

#include "cancel.h"
#include "json.h"
#include "link.h"
#include "message.h"
#include "receipt.h"
#include "session.h"

static bool same_address(const struct smpp_address *a,
                         const struct smpp_address *b)
{
    return a->ton == b->ton && a->npi == b->npi
           && strcmp(a->digits, b->digits) == 0;
}

static void journal_cancel(struct link *link,
                           const struct smpp_header *header,
                           const char *message_id, const char *destination,
                           bool wildcard, int64_t status, const char *result)
{
    struct buffer *event = journal_begin(&link->smsc->journal, "cancel");

    json_number(event, "link", link->number);
    json_number(event, "seq", header->sequence);
    json_string(event, "message_id", message_id);
    json_string(event, "dst", destination);
    json_boolean(event, "wildcard", wildcard);
    json_known(event, "status", status);
    json_string(event, "result", result);
    journal_end(&link->smsc->journal);
}

/* Cancel one message; the status for the answer, and a word for it. */
static uint32_t cancel_message(struct message *message,
                               const struct smpp_reference *reference,
                               const char **result)
{
    if (message == NULL) {
        *result = "unknown";
        return SMPP_RINVMSGID;
    }
    if (!same_address(&message->source, &reference->source)
        || (reference->destination.digits[0] != '\0'
            && !same_address(&message->destination,
                             &reference->destination))) {
        *result = "address mismatch";
        return SMPP_RCANCELFAIL;
    }
    if (!message_cancel(message)) {
        *result = "too late";
        return SMPP_RCANCELFAIL;
    }
    *result = "cancelled";
    return SMPP_OK;
}

static uint32_t cancel_all(struct link *link,
                           const struct smpp_header *header,
                           const struct smpp_reference *reference)
{
    struct smsc *smsc = link->smsc;
    struct message *message;
    unsigned cancelled = 0;
    size_t i;

    if (reference->destination.digits[0] == '\0')
        return SMPP_RINVDSTADR;
    for (i = 0; i < smsc->messages.room; i++) {
        message = smsc->messages.slots[i].value;
        if (message == NULL || message->state != SMPP_ENROUTE
            || !same_address(&message->source, &reference->source)
            || !same_address(&message->destination, &reference->destination)
            || (reference->service_type[0] != '\0'
                && strcmp(message->service_type,
                          reference->service_type) != 0))
            continue;
        message_cancel(message);
        journal_cancel(link, header, message->id,
                       message->destination.digits, true, SMPP_OK,
                       "cancelled");
        cancelled++;
    }
    if (cancelled == 0)
        journal_cancel(link, header, "", reference->destination.digits, true,
                       SMPP_RCANCELFAIL, "none");
    return cancelled > 0 ? SMPP_OK : SMPP_RCANCELFAIL;
}

static bool is_answered(const struct plan_rule *rule)
{
    return rule == NULL || rule->effect == PLAN_STATUS;
}

static uint32_t cancel_one(struct link *link,
                           const struct smpp_header *header,
                           const struct smpp_reference *reference,
                           const struct plan_rule *rule,
                           struct message *message)
{
    const char *result = "refused by the plan";
    uint32_t status;

    if (rule != NULL && rule->effect == PLAN_STATUS
        && rule->value != SMPP_OK)
        status = rule->value;
    else if (rule != NULL && rule->effect == PLAN_NOANSWER_LOST) {
        status = SMPP_OK;
        result = "lost";
    } else {
        status = cancel_message(message, reference, &result);
    }
    journal_cancel(link, header, reference->message_id,
                   message != NULL ? message->destination.digits
                                   : reference->destination.digits,
                   false, is_answered(rule) ? (int64_t) status : -1, result);
    return status;
}

void cancel_handle(struct link *link, const struct smpp_header *header,
                   const uint8_t *body, size_t size)
{
    struct smsc *smsc = link->smsc;
    const struct plan_rule *rule = NULL;
    struct smpp_reference reference = { 0 };
    struct message *message;
    struct plan_key key;
    uint32_t status = smpp_decode_cancel(body, size, &reference);

    if (status != SMPP_OK) {
        session_bad_pdu(link, header, status);
    } else if (reference.message_id[0] == '\0') {
        status = cancel_all(link, header, &reference);
    } else {
        message = message_find(smsc, reference.message_id);
        if (message != NULL) {
            key = message_key(message);
            rule = plan_draw(smsc->plan, PLAN_CANCEL, &key);
        }
        status = cancel_one(link, header, &reference, rule, message);
    }
    if (is_answered(rule))
        smpp_put_header_only(&link->out, header->command | SMPP_RESPONSE,
                             status, header->sequence);
}

static void query_answer(struct link *link, const struct smpp_header *header,
                         const struct message *message)
{
    char ended[13], final_date[17] = "";
    size_t mark = smpp_begin(&link->out, header->command | SMPP_RESPONSE,
                             SMPP_OK, header->sequence);

    if (message->state != SMPP_ENROUTE) {
        smpp_format_time(ended, message->done_wall_us / 1000000);
        snprintf(final_date, sizeof(final_date), "%s000+", ended);
    }
    smpp_put_string(&link->out, message->id);
    smpp_put_string(&link->out, final_date);
    smpp_put_octet(&link->out, (uint8_t) message->state);
    smpp_put_octet(&link->out, 0);
    smpp_end(&link->out, mark);
}

void query_handle(struct link *link, const struct smpp_header *header,
                  const uint8_t *body, size_t size)
{
    struct smsc *smsc = link->smsc;
    const struct plan_rule *rule = NULL;
    struct smpp_reference reference = { 0 };
    struct message *message = NULL;
    struct buffer *event;
    struct plan_key key;
    uint32_t status = smpp_decode_query(body, size, &reference);

    if (status != SMPP_OK) {
        session_bad_pdu(link, header, status);
    } else {
        message = message_find(smsc, reference.message_id);
        if (message == NULL
            || !same_address(&message->source, &reference.source))
            status = message == NULL ? SMPP_RINVMSGID : SMPP_RQUERYFAIL;
    }
    if (message != NULL) {
        key = message_key(message);
        rule = plan_draw(smsc->plan, PLAN_QUERY, &key);
        if (rule != NULL && rule->value != SMPP_OK)
            status = rule->value;
    }
    event = journal_begin(&smsc->journal, "query");
    json_number(event, "link", link->number);
    json_number(event, "seq", header->sequence);
    json_string(event, "message_id", reference.message_id);
    json_number(event, "status", status);
    json_string(event, "state", message != NULL
                ? receipt_state_name(message->state) : "");
    journal_end(&smsc->journal);
    if (rule != NULL && rule->effect != PLAN_STATUS)
        return;
    if (status == SMPP_OK)
        query_answer(link, header, message);
    else
        smpp_put_header_only(&link->out, header->command | SMPP_RESPONSE,
                             status, header->sequence);
}
