/*
 * smpp_link.c - see smpp_link.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horizon.h"
#include "smpp_link.h"

enum {
    OPEN_MAX = 2048,
    TLS_HANDSHAKE = 0x16,
    ESM_KIND = 0x3c, ESM_RECEIPT = 0x04, ESM_INTERIM = 0x20,
    MESSAGE_ID_SIZE = 65
};

/* What a request without an answer is, in horizon_entry.a, with the number of
 * the submit (0: of none) << 8; .b: the hash of its destination. */
enum request { REQUEST_BIND = 1, REQUEST_SUBMIT, REQUEST_CANCEL };

struct direction {
    bool lost;                  /* nobody knows where a PDU begins */
    bool silent;                /* it was lost from the beginning */
    bool missed;                /* perhaps the last request of this side */
    size_t skip;                /* octets left of a PDU that is of no use */
    struct buffer in;
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
    const struct direction *answers = &link->sides[TCP_SERVER];
    struct horizon_entry *entry;

    while (!answers->lost && answers->skip == 0
           && buffer_length(&answers->in) == 0
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
    buffer_free(&link->sides[TCP_CLIENT].in);
    buffer_free(&link->sides[TCP_SERVER].in);
}

/* --- requests of the gateway ----------------------------------------------- */

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

static void take_bind(struct smpp_link *link, const struct smpp_header *header,
                      const uint8_t *body, size_t size)
{
    struct smpp_bind bind;

    if (smpp_decode_bind(body, size, &bind) != SMPP_OK)
        return;
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

/* --- answers and receipts ---------------------------------------------------- */

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

/* The word behind "name:" in a receipt's text; "" if there is none. */
static void find_word(char *word, size_t room, const char *text,
                      const char *name)
{
    const char *at = strcasestr(text, name);
    size_t length = 0;

    if (at != NULL) {
        at += strlen(name);
        length = strcspn(at, " ");
    }
    if (length >= room)
        length = 0;
    memcpy(word, at != NULL ? at : "", length);
    word[length] = '\0';
}

static const char *state_of(const char *word, int state)
{
    static const char *const names[] = {
        "NOSTAT", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV",
        "ACCEPTD", "UNKNOWN", "REJECTD"
    };
    size_t i;

    for (i = 1; i < sizeof(names) / sizeof(names[0]); i++)
        if (*word != '\0' ? strcasecmp(word, names[i]) == 0
                          : state == (int) i)
            return names[i];
    return names[0];
}

/* What a receipt says, in its text and beside it. */
static void read_receipt(struct trace_record *record, char *message_id,
                         const struct smpp_submit *sms,
                         const struct smpp_receipt *receipt)
{
    char text[256], word[16];
    size_t length = sms->message_length;

    if (length >= sizeof(text))
        length = sizeof(text) - 1;
    memcpy(text, sms->message, length);
    text[length] = '\0';
    find_word(message_id, MESSAGE_ID_SIZE, text, "id:");
    if (receipt->message_id != NULL
        && receipt->message_id_length < MESSAGE_ID_SIZE) {
        memcpy(message_id, receipt->message_id, receipt->message_id_length);
        message_id[receipt->message_id_length] = '\0';
    }
    find_word(word, sizeof(word), text, "stat:");
    record->state = state_of(word, receipt->state);
    if (message_id[0] != '\0' && is_printable(message_id))
        record->message_id = message_id;
}

static void take_deliver(struct smpp_link *link,
                         const struct smpp_header *header,
                         const uint8_t *body, size_t size,
                         struct tcp_moment moment)
{
    struct trace_record record = trace_clear(TRACE_RECEIPT, 0);
    struct smpp_receipt receipt;
    struct smpp_submit sms;
    char message_id[MESSAGE_ID_SIZE];

    if ((header->command == SMPP_DATA_SM
         ? smpp_decode_data(body, size, &sms, &receipt)
         : smpp_decode_deliver(body, size, &sms, &receipt)) != SMPP_OK) {
        records_say(link->links->records, moment, "SMPP: a %s that cannot "
                    "be read", smpp_command_name(header->command));
        return;
    }
    if ((sms.esm_class & ESM_KIND) != ESM_RECEIPT
        && (sms.esm_class & ESM_KIND) != ESM_INTERIM
        && receipt.message_id == NULL)
        return;                 /* from a phone */
    read_receipt(&record, message_id, &sms, &receipt);
    if ((sms.esm_class & ESM_KIND) == ESM_INTERIM)
        record.interim = 1;
    if (record.message_id != NULL)
        record.submit = segments_find(link->links->segments,
                                      segments_number(sms.source.digits),
                                      message_id);
    if (record.message_id != NULL && record.submit < 0)
        record.submit = segments_find(
            link->links->segments, segments_number(sms.destination.digits),
            message_id);
    record.link = link->number > 0 ? link->number : TRACE_UNKNOWN;
    records_write(link->links->records, &record, moment);
}

/* --- PDUs ---------------------------------------------------------------------- */

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

static bool is_command(uint32_t command)
{
    return strcmp(smpp_command_name(command), "unknown") != 0
           || strcmp(smpp_command_name(command & ~SMPP_RESPONSE),
                     "unknown") != 0;
}

static bool is_length(uint32_t length)
{
    return length >= SMPP_HEADER_SIZE && length <= SMPP_PDU_MAX;
}

/* Drops what is before something that looks like a header. */
static void find_header(struct direction *side)
{
    while (buffer_length(&side->in) >= SMPP_HEADER_SIZE) {
        struct smpp_header header
            = smpp_decode_header(buffer_bytes(&side->in));
        if (is_length(header.length) && is_command(header.command)
            && ((header.command & SMPP_RESPONSE) != 0
                || header.status == 0)) {
            side->lost = false;
            return;
        }
        buffer_consume(&side->in, 1);
    }
}

/* After octets that are missing, or that make no sense. */
static void lose_way(struct smpp_link *link, enum tcp_side side,
                     const char *why, struct tcp_moment moment)
{
    struct direction *direction = &link->sides[side];

    if (!direction->silent)
        records_say(link->links->records, moment, "SMPP: %s", why);
    direction->lost = direction->missed = true;
    direction->skip = 0;
    buffer_free(&direction->in);
    if (side == TCP_SERVER)
        forget_open(link);
}

/* The PDU at the beginning of what has come; false if it is not complete. */
static bool next_pdu(struct smpp_link *link, enum tcp_side side,
                     struct tcp_moment moment)
{
    struct direction *direction = &link->sides[side];
    struct smpp_header header;
    char why[80];

    if (direction->lost)
        find_header(direction);
    if (direction->lost || buffer_length(&direction->in) < SMPP_HEADER_SIZE)
        return false;
    header = smpp_decode_header(buffer_bytes(&direction->in));
    if (!is_length(header.length)) {
        snprintf(why, sizeof(why), "a PDU of %u octets", header.length);
        buffer_consume(&direction->in, 1);
        lose_way(link, side, why, moment);
        return false;
    }
    if (buffer_length(&direction->in) < header.length)
        return false;
    direction->silent = false;
    take_pdu(link, side, &header,
             buffer_bytes(&direction->in) + SMPP_HEADER_SIZE,
             header.length - SMPP_HEADER_SIZE, moment);
    buffer_consume(&direction->in, header.length);
    return true;
}

void smpp_link_octets(struct smpp_link *link, enum tcp_side side,
                      const uint8_t *bytes, size_t size,
                      struct tcp_moment moment)
{
    struct direction *direction = &link->sides[side];
    size_t skip = size < direction->skip ? size : direction->skip;

    if (link->given_up)
        return;
    if (side == TCP_CLIENT && !link->seen) {
        link->seen = true;
        if (!direction->lost && bytes[0] == TLS_HANDSHAKE) {
            give_up(link, "TLS: what it says is left out", moment);
            return;
        }
    }
    direction->skip -= skip;
    buffer_append(&direction->in, bytes + skip, size - skip);
    while (!link->given_up && next_pdu(link, side, moment))
        ;
    if (buffer_length(&direction->in) == 0)
        buffer_free(&direction->in);
}

void smpp_link_lost(struct smpp_link *link, enum tcp_side side, size_t size,
                    struct tcp_moment moment)
{
    struct direction *direction = &link->sides[side];
    size_t held = buffer_length(&direction->in), left = direction->skip;
    char why[80];

    if (link->given_up)
        return;
    if (size == 0) {            /* the capture begins in the middle */
        direction->lost = direction->missed = true;
        direction->silent = link->joined = true;
        return;
    }
    if (held >= SMPP_HEADER_SIZE)
        left = smpp_decode_header(buffer_bytes(&direction->in)).length - held;
    snprintf(why, sizeof(why), "%zu octets are missing", size);
    if (direction->lost || left < size) {
        lose_way(link, side, why, moment);
        return;
    }
    /* within one PDU: the next one begins where it should */
    lose_way(link, side, why, moment);
    direction->lost = false;
    direction->skip = left - size;
}

/* --- connections ---------------------------------------------------------------- */

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
    buffer_free(&link->sides[TCP_CLIENT].in);
    buffer_free(&link->sides[TCP_SERVER].in);
    free(link);
}
