/*
 * smpp_link.c - see smpp_link.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon.h"
#include "receipt_text.h"
#include "smpp_link.h"
#include "smpp_reader.h"

enum {
    OPEN_MAX = 2048,
    TLS_HANDSHAKE = 0x16,
    MESSAGE_ID_SIZE = 65
};

/* What a request without an answer is, in horizon_entry.a, with the number of
 * the submit (0: of none) << 8; .b: the hash of its destination. */
enum request { REQUEST_BIND = 1, REQUEST_SUBMIT, REQUEST_CANCEL };

struct direction {
    struct smpp_reader reader;
    bool silent;                /* it was lost from the beginning */
    bool missed;                /* perhaps the last request of this side */
};

struct smpp_link {
    struct smpp_links *links;
    struct direction sides[2];
    struct horizon *open;       /* by sequence number + 1 */
    int number;                 /* of the link; 0: not bound */
    bool joined;                /* the capture begins after the bind */
    bool given_up, seen;
    bool unbound;
    enum tcp_side unbound_by;
    char system_id[16];
    const char *mode;
};

/* Nothing else is a text of SMPP. */
static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

/* --- links -------------------------------------------------------------- */

static void go_up(struct smpp_link *link, struct tcp_moment moment)
{
    struct trace_record record = trace_clear(TRACE_LINK, 0);
    int number = 1;

    while (number <= SMPP_LINKS_MAX && link->links->up[number])
        number++;
    if (number > SMPP_LINKS_MAX)
        return;
    record.link = number;
    record.state = "up";
    record.mode = link->mode;
    if (link->mode != NULL && is_printable(link->system_id))
        record.system_id = link->system_id;
    /* one that was bound when the trace began was up at 0 */
    if (link->joined && moment.t <= TRACE_SLACK_US)
        moment.t = 0;
    if (!records_write(link->links->records, &record, moment))
        return;
    link->number = number;
    link->links->up[number] = true;
}

static void answer(struct smpp_link *link, const struct horizon_entry *entry,
                   int64_t status, const char *message_id,
                   struct tcp_moment moment)
{
    bool cancel = (entry->a & 0xff) == REQUEST_CANCEL;
    struct trace_record record
        = trace_clear(cancel ? TRACE_CANCEL : TRACE_SUBMIT_ANSWER, 0);

    record.submit = (int64_t) (entry->a >> 8);
    if ((entry->a & 0xff) == REQUEST_BIND || record.submit == 0)
        return;
    record.status = status;
    if (!cancel && status == 0)
        record.message_id = message_id;
    if (!records_write(link->links->records, &record, moment))
        return;
    if (record.message_id != NULL)
        segments_accepted(link->links->segments, record.submit, entry->b,
                          message_id);
}

static void forget_open(struct smpp_link *link)
{
    struct horizon_entry *entry;

    while ((entry = horizon_oldest(link->open)) != NULL)
        horizon_remove(link->open, entry);
}

/* The connection ends; what is open has no answer, unless some may have been
 * missed, or the capture lacks the end of one. */
static void go_down(struct smpp_link *link, enum tcp_side by,
                    struct tcp_moment moment)
{
    struct trace_record record = trace_clear(TRACE_LINK, 0);
    struct horizon_entry *entry;

    while (!smpp_reader_is_busy(&link->sides[TCP_SERVER].reader)
           && (entry = horizon_oldest(link->open)) != NULL) {
        answer(link, entry, TRACE_NONE, NULL, moment);
        horizon_remove(link->open, entry);
    }
    forget_open(link);
    if (link->number > 0) {
        record.link = link->number;
        record.state = "down";
        if (link->unbound)
            by = link->unbound_by;
        else if (link->sides[TCP_CLIENT].missed
                 || link->sides[TCP_SERVER].missed)
            by = TCP_NOBODY;
        record.by = by == TCP_CLIENT ? "gateway"
                    : by == TCP_SERVER ? "smsc" : NULL;
        records_write(link->links->records, &record, moment);
        link->links->up[link->number] = false;
        link->number = 0;
    }
    link->given_up = true;
}

static void give_up(struct smpp_link *link, const char *why,
                    struct tcp_moment moment)
{
    records_say(link->links->records, moment, "SMPP: %s", why);
    link->given_up = true;
    forget_open(link);
    smpp_reader_free(&link->sides[TCP_CLIENT].reader);
    smpp_reader_free(&link->sides[TCP_SERVER].reader);
}

/* --- requests of the gateway -------------------------------------------- */

static void remember(struct smpp_link *link, uint32_t sequence,
                     enum request request, int64_t submit, uint64_t number)
{
    uint64_t key = (uint64_t) sequence + 1;
    struct horizon_entry *entry = horizon_find(link->open, key);

    if (entry == NULL)
        entry = horizon_add(link->open, key);
    entry->a = (uint64_t) submit << 8 | request;
    entry->b = number;
}

static void take_bind(struct smpp_link *link,
                      const struct smpp_header *header, const uint8_t *body,
                      size_t size)
{
    struct smpp_bind bind;

    if (smpp_decode_bind(body, size, &bind) != SMPP_OK)
        return;
    link->joined = false;
    memcpy(link->system_id, bind.system_id, sizeof(link->system_id));
    link->mode = header->command == SMPP_BIND_RECEIVER ? "receiver"
        : header->command == SMPP_BIND_TRANSMITTER ? "transmitter"
        : "transceiver";
    remember(link, header->sequence, REQUEST_BIND, 0, 0);
}

static void fill_submit(struct trace_record *record,
                        const struct smpp_submit *sms,
                        const struct segment *segment)
{
    bool parts = segment->udh.concatenated;

    record->push = segment->push;
    record->attempt = segment->attempt;
    record->first = segment->first;
    record->dst = sms->destination.digits;
    record->src = is_printable(sms->source.digits) ? sms->source.digits
                                                   : NULL;
    record->part = parts ? segment->udh.sequence : 1;
    record->total = parts ? segment->udh.total : 1;
    record->ref = parts ? segment->udh.reference : TRACE_UNKNOWN;
    record->esm_class = sms->esm_class;
    record->data_coding = sms->data_coding;
    record->registered = sms->registered;
    record->octets = (int64_t) sms->message_length;
    record->message = (struct trace_octets) {
        sms->message, sms->message_length
    };
}

static void take_submit(struct smpp_link *link,
                        const struct smpp_header *header,
                        const uint8_t *body, size_t size,
                        struct tcp_moment moment)
{
    struct smpp_links *links = link->links;
    struct trace_record record = trace_clear(TRACE_SUBMIT, 0);
    struct smpp_receipt ignored;
    struct smpp_submit sms;
    struct segment segment;
    bool data = header->command == SMPP_DATA_SM;

    if ((data ? smpp_decode_data(body, size, &sms, &ignored)
              : smpp_decode_submit(body, size, &sms)) != SMPP_OK
        || sms.destination.digits[0] == '\0'
        || !is_printable(sms.destination.digits)) {
        records_say(links->records, moment, "SMPP: a %s that cannot be read",
                    smpp_command_name(header->command));
        return;
    }
    record.submit = links->records->submits + 1;
    segment = segments_submit(links->segments, record.submit, &sms);
    fill_submit(&record, &sms, &segment);
    if (!data) {
        record.priority = sms.priority;
        record.validity = is_printable(sms.validity) ? sms.validity : NULL;
    }
    record.link = link->number > 0 ? link->number : TRACE_UNKNOWN;
    if (records_write(links->records, &record, moment))
        remember(link, header->sequence, REQUEST_SUBMIT, record.submit,
                 segment.number);
}

static void take_cancel(struct smpp_link *link,
                        const struct smpp_header *header,
                        const uint8_t *body, size_t size,
                        struct tcp_moment moment)
{
    struct smpp_reference reference;
    int64_t submit = -1;

    if (smpp_decode_cancel(body, size, &reference) == SMPP_OK
        && reference.message_id[0] != '\0')
        submit = segments_find(
            link->links->segments,
            segments_number(reference.destination.digits),
            reference.message_id);
    if (submit < 0) {
        records_say(link->links->records, moment, "SMPP: a cancel_sm for "
                    "none of the submits here");
        return;
    }
    remember(link, header->sequence, REQUEST_CANCEL, submit, 0);
}

/* --- answers and receipts ----------------------------------------------- */

static void take_answer(struct smpp_link *link,
                        const struct smpp_header *header, const uint8_t *body,
                        size_t size, struct tcp_moment moment)
{
    struct horizon_entry *entry
        = horizon_find(link->open, (uint64_t) header->sequence + 1);
    size_t length = strnlen((const char *) body, size);
    char message_id[MESSAGE_ID_SIZE] = "";

    if (entry == NULL)
        return;
    if (length < size && length < MESSAGE_ID_SIZE)
        memcpy(message_id, body, length);
    if ((entry->a & 0xff) == REQUEST_BIND) {
        if (header->status == SMPP_OK && link->number == 0)
            go_up(link, moment);
    } else {
        answer(link, entry, header->status,
               message_id[0] != '\0' && is_printable(message_id)
               ? message_id : NULL, moment);
    }
    horizon_remove(link->open, entry);
}

static void take_deliver(struct smpp_link *link,
                         const struct smpp_header *header,
                         const uint8_t *body, size_t size,
                         struct tcp_moment moment)
{
    struct trace_record record = trace_clear(TRACE_RECEIPT, 0);
    struct smpp_receipt beside;
    struct smpp_submit sms;
    struct receipt receipt;

    if ((header->command == SMPP_DATA_SM
         ? smpp_decode_data(body, size, &sms, &beside)
         : smpp_decode_deliver(body, size, &sms, &beside)) != SMPP_OK) {
        records_say(link->links->records, moment, "SMPP: a %s that cannot "
                    "be read", smpp_command_name(header->command));
        return;
    }
    if (!receipt_read(&receipt, &sms, &beside))
        return;                 /* from a phone */
    record.state = receipt.state;
    if (receipt.interim)
        record.interim = 1;
    if (receipt.message_id[0] != '\0' && is_printable(receipt.message_id)) {
        record.message_id = receipt.message_id;
        record.submit = segments_find(link->links->segments,
                                      segments_number(sms.source.digits),
                                      receipt.message_id);
    }
    if (record.message_id != NULL && record.submit < 0)
        record.submit = segments_find(
            link->links->segments, segments_number(sms.destination.digits),
            receipt.message_id);
    record.link = link->number > 0 ? link->number : TRACE_UNKNOWN;
    records_write(link->links->records, &record, moment);
}

/* --- PDUs --------------------------------------------------------------- */

static void take_request(struct smpp_link *link,
                         const struct smpp_header *header,
                         const uint8_t *body, size_t size,
                         struct tcp_moment moment)
{
    switch (header->command) {
    case SMPP_BIND_RECEIVER:
    case SMPP_BIND_TRANSMITTER:
    case SMPP_BIND_TRANSCEIVER:
        take_bind(link, header, body, size);
        break;
    case SMPP_SUBMIT_SM:
    case SMPP_DATA_SM:
        take_submit(link, header, body, size, moment);
        break;
    case SMPP_CANCEL_SM:
        take_cancel(link, header, body, size, moment);
        break;
    case SMPP_SUBMIT_MULTI:
    case SMPP_REPLACE_SM:
        records_say(link->links->records, moment, "SMPP: a %s, which a trace "
                    "cannot have", smpp_command_name(header->command));
        break;
    default:
        break;
    }
}

static bool is_bind(uint32_t command)
{
    return command == SMPP_BIND_RECEIVER || command == SMPP_BIND_TRANSMITTER
           || command == SMPP_BIND_TRANSCEIVER;
}

static void take_pdu(struct smpp_link *link, enum tcp_side side,
                     const struct smpp_header *header, const uint8_t *body,
                     size_t size, struct tcp_moment moment)
{
    if ((header->command & SMPP_RESPONSE) == 0)
        link->sides[side].missed = false;
    if (header->command == SMPP_UNBIND && !link->unbound) {
        link->unbound = true;
        link->unbound_by = side;
    }
    /* one that was bound before the capture began */
    if (link->joined && link->number == 0 && !is_bind(header->command)
        && !is_bind(header->command & ~SMPP_RESPONSE))
        go_up(link, moment);
    if (side == TCP_CLIENT)
        take_request(link, header, body, size, moment);
    else if ((header->command & SMPP_RESPONSE) != 0)
        take_answer(link, header, body, size, moment);
    else if (header->command == SMPP_DELIVER_SM
             || header->command == SMPP_DATA_SM)
        take_deliver(link, header, body, size, moment);
}

/* After octets that are missing, or that make no sense. */
static void lose_way(struct smpp_link *link, enum tcp_side side,
                     const char *why, struct tcp_moment moment)
{
    if (!link->sides[side].silent)
        records_say(link->links->records, moment, "SMPP: %s", why);
    link->sides[side].missed = true;
    if (side == TCP_SERVER)
        forget_open(link);
}

static void take_pdus(struct smpp_link *link, enum tcp_side side,
                      struct tcp_moment moment)
{
    struct direction *direction = &link->sides[side];
    struct smpp_header header;
    const uint8_t *body;
    enum smpp_next next;
    char why[80];

    while ((next = smpp_reader_next(&direction->reader, &header, &body))
           == SMPP_NEXT_PDU) {
        direction->silent = false;
        take_pdu(link, side, &header, body, header.length - SMPP_HEADER_SIZE,
                 moment);
    }
    if (next == SMPP_NEXT_BROKEN) {
        snprintf(why, sizeof(why), "a PDU of %u octets", header.length);
        lose_way(link, side, why, moment);
    }
}

void smpp_link_octets(struct smpp_link *link, enum tcp_side side,
                      const uint8_t *bytes, size_t size,
                      struct tcp_moment moment)
{
    struct direction *direction = &link->sides[side];

    if (link->given_up)
        return;
    if (side == TCP_CLIENT && !link->seen) {
        link->seen = true;
        if (!direction->reader.lost && bytes[0] == TLS_HANDSHAKE) {
            give_up(link, "TLS: what it says is left out", moment);
            return;
        }
    }
    smpp_reader_add(&direction->reader, bytes, size);
    take_pdus(link, side, moment);
}

void smpp_link_lost(struct smpp_link *link, enum tcp_side side, size_t size,
                    struct tcp_moment moment)
{
    struct direction *direction = &link->sides[side];
    char why[80];

    if (link->given_up)
        return;
    smpp_reader_lost(&direction->reader, size);
    if (size == 0) {            /* the capture begins in the middle */
        direction->missed = direction->silent = link->joined = true;
        if (side == TCP_SERVER)
            forget_open(link);
        return;
    }
    snprintf(why, sizeof(why), "%zu octets are missing", size);
    lose_way(link, side, why, moment);
}

/* --- connections -------------------------------------------------------- */

struct smpp_link *smpp_link_new(struct smpp_links *links, bool begun)
{
    struct smpp_link *link;

    if (links->open == SMPP_LINKS_MAX)
        return NULL;
    links->open++;
    link = mem_new(sizeof(*link));
    link->links = links;
    link->open = horizon_new(OPEN_MAX);
    link->joined = !begun;
    return link;
}

void smpp_link_end(struct smpp_link *link, enum tcp_side side,
                   struct tcp_moment moment)
{
    if (!link->given_up)
        go_down(link, side, moment);
}

void smpp_link_close(struct smpp_link *link, enum tcp_close how,
                     struct tcp_moment moment)
{
    if (how == TCP_REPLACED)
        forget_open(link);
    /* where the capture ends it is not known what became of the link */
    if (how != TCP_CUT && !link->given_up)
        go_down(link, TCP_NOBODY, moment);
    link->links->open--;
    horizon_free(link->open);
    smpp_reader_free(&link->sides[TCP_CLIENT].reader);
    smpp_reader_free(&link->sides[TCP_SERVER].reader);
    free(link);
}
