/*
 * session.c - see session.h.
 */
#include <string.h>

#include "cancel.h"
#include "delivery.h"
#include "json.h"
#include "link.h"
#include "session.h"
#include "submit.h"

enum { SESSION_INTERFACE_VERSION = 0x34 };

void session_bad_pdu(struct link *link, const struct smpp_header *header,
                     uint32_t status)
{
    struct buffer *event = journal_begin(&link->smsc->journal, "bad-pdu");

    json_number(event, "link", link->number);
    json_number(event, "seq", header->sequence);
    json_number(event, "command", header->command);
    json_string(event, "name", smpp_command_name(header->command));
    json_number(event, "length", header->length);
    json_number(event, "status", status);
    journal_end(&link->smsc->journal);
    link->smsc->counts.bad_pdus++;
}

void session_bad_length(struct link *link, const struct smpp_header *header)
{
    session_bad_pdu(link, header, SMPP_RINVCMDLEN);
    smpp_put_header_only(&link->out, SMPP_GENERIC_NACK, SMPP_RINVCMDLEN,
                         header->sequence);
    link_close_gently(link);
}

/* Answer a request that cannot be served with its own response. */
static void refuse(struct link *link, const struct smpp_header *header,
                   uint32_t status)
{
    session_bad_pdu(link, header, status);
    smpp_put_header_only(&link->out, header->command | SMPP_RESPONSE, status,
                         header->sequence);
}

static void nack(struct link *link, const struct smpp_header *header,
                 uint32_t status)
{
    session_bad_pdu(link, header, status);
    smpp_put_header_only(&link->out, SMPP_GENERIC_NACK, status,
                         header->sequence);
}

static enum link_bound bound_by(uint32_t command)
{
    if (command == SMPP_BIND_TRANSMITTER)
        return LINK_TRANSMITTER;
    return command == SMPP_BIND_RECEIVER ? LINK_RECEIVER : LINK_TRANSCEIVER;
}

static void journal_bind(struct link *link, const struct smpp_header *header,
                         const struct smpp_bind *bind, uint32_t status)
{
    struct buffer *event = journal_begin(&link->smsc->journal, "bind");

    json_number(event, "link", link->number);
    json_string(event, "peer", link->peer);
    json_string(event, "mode", smpp_command_name(header->command) + 5);
    json_string(event, "system_id", bind->system_id);
    json_string(event, "system_type", bind->system_type);
    json_number(event, "version", bind->interface_version);
    json_number(event, "status", status);
    journal_end(&link->smsc->journal);
}

static void session_bind(struct link *link, const struct smpp_header *header,
                         const uint8_t *body, size_t size)
{
    struct plan_key key = { .receiver = "", .link = link->number };
    uint8_t version = SESSION_INTERFACE_VERSION;
    const struct plan_rule *rule;
    struct smpp_bind bind;
    uint32_t status;
    size_t mark;

    status = link->bound != LINK_UNBOUND
        ? SMPP_RALYBND : smpp_decode_bind(body, size, &bind);
    if (status != SMPP_OK) {
        refuse(link, header, status);
        return;
    }
    rule = plan_draw(link->smsc->plan, PLAN_BIND, &key);
    if (rule != NULL)
        status = rule->value;
    if (status == SMPP_OK && !outages_place(link))
        status = SMPP_RBINDFAIL;
    journal_bind(link, header, &bind, status);
    mark = smpp_begin(&link->out, header->command | SMPP_RESPONSE, status,
                      header->sequence);
    if (status == SMPP_OK) {
        smpp_put_string(&link->out, "convoy-smsc");
        smpp_put_tlv(&link->out, SMPP_TLV_SC_INTERFACE_VERSION, &version, 1);
    }
    smpp_end(&link->out, mark);
    if (status == SMPP_OK) {
        link->bound = bound_by(header->command);
        link->account = delivery_account(link->smsc, bind.system_id);
        delivery_link_ready(link);
    }
}

static void session_unbind(struct link *link,
                           const struct smpp_header *header)
{
    struct buffer *event = journal_begin(&link->smsc->journal, "unbind");

    json_number(event, "link", link->number);
    journal_end(&link->smsc->journal);
    smpp_put_header_only(&link->out, header->command | SMPP_RESPONSE, SMPP_OK,
                         header->sequence);
    link_close_gently(link);
}

/* submit_sm, cancel_sm and query_sm, which need a transmitter. */
static void session_transmit(struct link *link,
                             const struct smpp_header *header,
                             const uint8_t *body, size_t size)
{
    if (!(link->bound & LINK_TRANSMITTER))
        refuse(link, header, SMPP_RINVBNDSTS);
    else if (header->command == SMPP_SUBMIT_SM)
        submit_handle(link, header, body, size);
    else if (header->command == SMPP_CANCEL_SM)
        cancel_handle(link, header, body, size);
    else
        query_handle(link, header, body, size);
}

/* Nothing answers an answer: what is not expected is only noted. */
static void session_response(struct link *link,
                             const struct smpp_header *header)
{
    bool expected = false;

    if (header->command == (SMPP_DELIVER_SM | SMPP_RESPONSE)
        || header->command == SMPP_GENERIC_NACK)
        expected = delivery_answered(link, header);
    if (header->command == (SMPP_UNBIND | SMPP_RESPONSE)) {
        expected = true;
        link_close_gently(link);
    }
    if (!expected)
        session_bad_pdu(link, header, SMPP_RINVCMDID);
}

void session_handle(struct link *link, const struct smpp_header *header,
                    const uint8_t *body, size_t size)
{
    if (header->command & SMPP_RESPONSE) {
        session_response(link, header);
        return;
    }
    switch (header->command) {
    case SMPP_BIND_TRANSMITTER:
    case SMPP_BIND_RECEIVER:
    case SMPP_BIND_TRANSCEIVER:
        session_bind(link, header, body, size);
        break;
    case SMPP_SUBMIT_SM:
    case SMPP_CANCEL_SM:
    case SMPP_QUERY_SM:
        session_transmit(link, header, body, size);
        break;
    case SMPP_ENQUIRE_LINK:
        smpp_put_header_only(&link->out, header->command | SMPP_RESPONSE,
                             SMPP_OK, header->sequence);
        break;
    case SMPP_UNBIND:
        session_unbind(link, header);
        break;
    default:
        nack(link, header, SMPP_RINVCMDID);
        break;
    }
}
