/*
 * smpp_pdu.c - see smpp_pdu.h.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "smpp_pdu.h"

/* What is left of a body, and the first thing that was wrong with it. */
struct reader {
    const uint8_t *at, *end;
    uint32_t status;
};

static uint32_t get_32(const uint8_t *bytes)
{
    return (uint32_t) bytes[0] << 24 | (uint32_t) bytes[1] << 16
           | (uint32_t) bytes[2] << 8 | bytes[3];
}

static void put_32(uint8_t *bytes, uint32_t number)
{
    bytes[0] = (uint8_t) (number >> 24);
    bytes[1] = (uint8_t) (number >> 16);
    bytes[2] = (uint8_t) (number >> 8);
    bytes[3] = (uint8_t) number;
}

static void reader_fail(struct reader *reader, uint32_t status)
{
    if (reader->status == SMPP_OK)
        reader->status = status;
    reader->at = reader->end;
}

static uint8_t read_octet(struct reader *reader)
{
    if (reader->at == reader->end) {
        reader_fail(reader, SMPP_RINVCMDLEN);
        return 0;
    }
    return *reader->at++;
}

/* A C-octet string of at most room - 1 octets and its NUL; `status` says
 * what it means if it is longer than that. */
static void read_string(struct reader *reader, char *text, size_t room,
                        uint32_t status)
{
    size_t left = (size_t) (reader->end - reader->at);
    size_t length = 0;

    while (length < left && length < room && reader->at[length] != '\0')
        length++;
    if (length == left || length == room) {
        reader_fail(reader, length == room ? status : SMPP_RINVCMDLEN);
        text[0] = '\0';
        return;
    }
    memcpy(text, reader->at, length + 1);
    reader->at += length + 1;
}

static void read_address(struct reader *reader, struct smpp_address *address,
                         uint32_t status)
{
    address->ton = read_octet(reader);
    address->npi = read_octet(reader);
    read_string(reader, address->digits, sizeof(address->digits), status);
}

/* The next optional parameter; false at the end or if it is cut short. */
static bool read_tlv(struct reader *reader, uint16_t *tag,
                     const uint8_t **value, size_t *size)
{
    size_t left = (size_t) (reader->end - reader->at);

    if (left == 0)
        return false;
    if (left < 4) {
        reader_fail(reader, SMPP_RINVOPTPARSTREAM);
        return false;
    }
    *tag = (uint16_t) (reader->at[0] << 8 | reader->at[1]);
    *size = (size_t) (reader->at[2] << 8 | reader->at[3]);
    if (left - 4 < *size) {
        reader_fail(reader, SMPP_RINVPARLEN);
        return false;
    }
    *value = reader->at + 4;
    reader->at += 4 + *size;
    return true;
}

struct smpp_header smpp_decode_header(const uint8_t *bytes)
{
    return (struct smpp_header) {
        .length = get_32(bytes), .command = get_32(bytes + 4),
        .status = get_32(bytes + 8), .sequence = get_32(bytes + 12)
    };
}

uint32_t smpp_decode_bind(const uint8_t *body, size_t size,
                          struct smpp_bind *bind)
{
    struct reader reader = { .at = body, .end = body + size };
    char password[9], address_range[41];

    read_string(&reader, bind->system_id, sizeof(bind->system_id),
                SMPP_RINVCMDLEN);
    read_string(&reader, password, sizeof(password), SMPP_RINVCMDLEN);
    read_string(&reader, bind->system_type, sizeof(bind->system_type),
                SMPP_RINVCMDLEN);
    bind->interface_version = read_octet(&reader);
    read_octet(&reader);
    read_octet(&reader);
    read_string(&reader, address_range, sizeof(address_range),
                SMPP_RINVCMDLEN);
    return reader.status;
}

static void read_options(struct reader *reader, struct smpp_submit *submit,
                         struct smpp_receipt *receipt)
{
    const uint8_t *value;
    uint16_t tag;
    size_t size;

    while (read_tlv(reader, &tag, &value, &size)) {
        if (tag == SMPP_TLV_MORE_MESSAGES) {
            if (size != 1)
                reader_fail(reader, SMPP_RINVPARLEN);
            else
                submit->more_messages = value[0];
        } else if (tag == SMPP_TLV_MESSAGE_PAYLOAD) {
            /* either field may carry the text, not both (3.4, 4.4.1) */
            if (submit->message_length > 0) {
                reader_fail(reader, SMPP_RINVMSGLEN);
            } else {
                submit->message = value;
                submit->message_length = size;
            }
        } else if (receipt != NULL
                   && tag == SMPP_TLV_RECEIPTED_MESSAGE_ID) {
            receipt->message_id = value;
            receipt->message_id_length = strnlen((const char *) value, size);
        } else if (receipt != NULL && tag == SMPP_TLV_MESSAGE_STATE
                   && size == 1) {
            receipt->state = value[0];
        }
    }
}

static void read_addresses(struct reader *reader, struct smpp_submit *submit)
{
    read_string(reader, submit->service_type, sizeof(submit->service_type),
                SMPP_RINVSERTYP);
    read_address(reader, &submit->source, SMPP_RINVSRCADR);
    read_address(reader, &submit->destination, SMPP_RINVDSTADR);
    submit->esm_class = read_octet(reader);
    submit->more_messages = -1;
}

uint32_t smpp_decode_deliver(const uint8_t *body, size_t size,
                             struct smpp_submit *submit,
                             struct smpp_receipt *receipt)
{
    struct reader reader = { .at = body, .end = body + size };

    if (receipt != NULL)
        *receipt = (struct smpp_receipt) { .state = -1 };
    read_addresses(&reader, submit);
    submit->protocol_id = read_octet(&reader);
    submit->priority = read_octet(&reader);
    read_string(&reader, submit->schedule, sizeof(submit->schedule),
                SMPP_RINVSCHED);
    read_string(&reader, submit->validity, sizeof(submit->validity),
                SMPP_RINVEXPIRY);
    submit->registered = read_octet(&reader);
    read_octet(&reader);                /* replace_if_present_flag */
    submit->data_coding = read_octet(&reader);
    read_octet(&reader);                /* sm_default_msg_id */
    submit->message_length = read_octet(&reader);
    submit->message = reader.at;
    if (submit->message_length > (size_t) (reader.end - reader.at))
        reader_fail(&reader, SMPP_RINVMSGLEN);
    else
        reader.at += submit->message_length;
    read_options(&reader, submit, receipt);
    return reader.status;
}

uint32_t smpp_decode_submit(const uint8_t *body, size_t size,
                            struct smpp_submit *submit)
{
    return smpp_decode_deliver(body, size, submit, NULL);
}

uint32_t smpp_decode_data(const uint8_t *body, size_t size,
                          struct smpp_submit *data,
                          struct smpp_receipt *receipt)
{
    struct reader reader = { .at = body, .end = body + size };

    *receipt = (struct smpp_receipt) { .state = -1 };
    *data = (struct smpp_submit) { 0 };
    read_addresses(&reader, data);
    data->registered = read_octet(&reader);
    data->data_coding = read_octet(&reader);
    data->message = reader.at;
    read_options(&reader, data, receipt);
    return reader.status;
}

uint32_t smpp_decode_query(const uint8_t *body, size_t size,
                           struct smpp_reference *reference)
{
    struct reader reader = { .at = body, .end = body + size };

    *reference = (struct smpp_reference) { 0 };
    read_string(&reader, reference->message_id,
                sizeof(reference->message_id), SMPP_RINVMSGID);
    read_address(&reader, &reference->source, SMPP_RINVSRCADR);
    return reader.status;
}

uint32_t smpp_decode_cancel(const uint8_t *body, size_t size,
                            struct smpp_reference *reference)
{
    struct reader reader = { .at = body, .end = body + size };

    read_string(&reader, reference->service_type,
                sizeof(reference->service_type), SMPP_RINVSERTYP);
    read_string(&reader, reference->message_id,
                sizeof(reference->message_id), SMPP_RINVMSGID);
    read_address(&reader, &reference->source, SMPP_RINVSRCADR);
    read_address(&reader, &reference->destination, SMPP_RINVDSTADR);
    return reader.status;
}

/* Two decimal digits of a text known to hold only digits there. */
static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

int64_t smpp_decode_time(const char *text, int64_t now_s)
{
    struct tm tm = { 0 };
    int64_t offset;
    int i;

    if (text[0] == '\0')
        return 0;
    if (strlen(text) != 16)
        return -1;
    for (i = 0; i < 15; i++)
        if (!isdigit((unsigned char) text[i]))
            return -1;
    tm.tm_year = two_digits(text);
    tm.tm_mon = two_digits(text + 2);
    tm.tm_mday = two_digits(text + 4);
    tm.tm_hour = two_digits(text + 6);
    tm.tm_min = two_digits(text + 8);
    tm.tm_sec = two_digits(text + 10);
    if (text[15] == 'R')
        return now_s + ((tm.tm_year * 365 + tm.tm_mon * 30 + tm.tm_mday)
                        * (int64_t) 86400)
               + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
    offset = two_digits(text + 13) * 15 * 60;   /* quarters of an hour */
    if ((text[15] != '+' && text[15] != '-') || tm.tm_mon < 1
        || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31
        || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59
        || offset > 48 * 15 * 60)
        return -1;
    tm.tm_year += 100;
    tm.tm_mon -= 1;
    return timegm(&tm) + (text[15] == '+' ? -offset : offset);
}

void smpp_format_time(char text[static 13], int64_t time_s)
{
    time_t seconds = (time_t) time_s;
    struct tm tm;

    gmtime_r(&seconds, &tm);
    snprintf(text, 13, "%02u%02u%02u%02u%02u%02u",
             (unsigned) tm.tm_year % 100, (unsigned) tm.tm_mon % 12 + 1,
             (unsigned) tm.tm_mday % 32, (unsigned) tm.tm_hour % 24,
             (unsigned) tm.tm_min % 60, (unsigned) tm.tm_sec % 61);
}

size_t smpp_begin(struct buffer *out, uint32_t command, uint32_t status,
                  uint32_t sequence)
{
    size_t mark = buffer_length(out);
    uint8_t *header = buffer_reserve(out, SMPP_HEADER_SIZE);

    put_32(header, 0);
    put_32(header + 4, command);
    put_32(header + 8, status);
    put_32(header + 12, sequence);
    buffer_commit(out, SMPP_HEADER_SIZE);
    return mark;
}

void smpp_end(struct buffer *out, size_t mark)
{
    put_32(buffer_bytes(out) + mark, (uint32_t) (buffer_length(out) - mark));
}

void smpp_put_octet(struct buffer *out, uint8_t octet)
{
    buffer_append(out, &octet, 1);
}

void smpp_put_string(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text) + 1);
}

void smpp_put_address(struct buffer *out, const struct smpp_address *address)
{
    smpp_put_octet(out, address->ton);
    smpp_put_octet(out, address->npi);
    smpp_put_string(out, address->digits);
}

void smpp_put_tlv(struct buffer *out, uint16_t tag, const void *value,
                  size_t size)
{
    uint8_t head[4] = { (uint8_t) (tag >> 8), (uint8_t) tag,
                        (uint8_t) (size >> 8), (uint8_t) size };

    buffer_append(out, head, sizeof(head));
    buffer_append(out, value, size);
}

void smpp_put_header_only(struct buffer *out, uint32_t command,
                          uint32_t status, uint32_t sequence)
{
    smpp_end(out, smpp_begin(out, command, status, sequence));
}

const char *smpp_command_name(uint32_t command)
{
    static const struct {
        uint32_t command;
        const char *name;
    } names[] = {
        { SMPP_BIND_RECEIVER, "bind_receiver" },
        { SMPP_BIND_TRANSMITTER, "bind_transmitter" },
        { SMPP_BIND_TRANSCEIVER, "bind_transceiver" },
        { SMPP_QUERY_SM, "query_sm" },
        { SMPP_SUBMIT_SM, "submit_sm" },
        { SMPP_DELIVER_SM | SMPP_RESPONSE, "deliver_sm_resp" },
        { SMPP_UNBIND, "unbind" },
        { SMPP_UNBIND | SMPP_RESPONSE, "unbind_resp" },
        { SMPP_REPLACE_SM, "replace_sm" },
        { SMPP_CANCEL_SM, "cancel_sm" },
        { SMPP_ENQUIRE_LINK, "enquire_link" },
        { SMPP_ENQUIRE_LINK | SMPP_RESPONSE, "enquire_link_resp" },
        { SMPP_SUBMIT_MULTI, "submit_multi" },
        { SMPP_DATA_SM, "data_sm" },
        { SMPP_GENERIC_NACK, "generic_nack" }
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].command == command)
            return names[i].name;
    return "unknown";
}
