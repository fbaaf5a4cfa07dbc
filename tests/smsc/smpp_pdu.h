/*
 * smpp_pdu.h - reading and writing SMPP 3.4 PDUs.
 *
 * Written from the SMPP 3.4 specification (issue 1.2), on purpose not shared
 * with anything that is tested against it. Decoders look at nothing outside
 * the octets they are given and return the command_status (0: well formed)
 * with which a server must answer; what they fill in is valid only then.
 */
#ifndef SMSC_SMPP_PDU_H
#define SMSC_SMPP_PDU_H

#include "buffer.h"

enum {
    SMPP_HEADER_SIZE = 16,
    SMPP_PDU_MAX = 70000        /* a message_payload of 64 KiB and the rest */
};

enum smpp_command {
    SMPP_BIND_RECEIVER = 0x01,
    SMPP_BIND_TRANSMITTER = 0x02,
    SMPP_QUERY_SM = 0x03,
    SMPP_SUBMIT_SM = 0x04,
    SMPP_DELIVER_SM = 0x05,
    SMPP_UNBIND = 0x06,
    SMPP_REPLACE_SM = 0x07,
    SMPP_CANCEL_SM = 0x08,
    SMPP_BIND_TRANSCEIVER = 0x09,
    SMPP_ENQUIRE_LINK = 0x15,
    SMPP_SUBMIT_MULTI = 0x21,
    SMPP_DATA_SM = 0x103
};
#define SMPP_RESPONSE 0x80000000u
#define SMPP_GENERIC_NACK 0x80000000u

enum smpp_status {
    SMPP_OK = 0x00,
    SMPP_RINVMSGLEN = 0x01,
    SMPP_RINVCMDLEN = 0x02,
    SMPP_RINVCMDID = 0x03,
    SMPP_RINVBNDSTS = 0x04,
    SMPP_RALYBND = 0x05,
    SMPP_RSYSERR = 0x08,
    SMPP_RINVSRCADR = 0x0a,
    SMPP_RINVDSTADR = 0x0b,
    SMPP_RINVMSGID = 0x0c,
    SMPP_RBINDFAIL = 0x0d,
    SMPP_RCANCELFAIL = 0x11,
    SMPP_RMSGQFUL = 0x14,
    SMPP_RINVSERTYP = 0x15,
    SMPP_RINVESMCLASS = 0x43,
    SMPP_RTHROTTLED = 0x58,
    SMPP_RINVSCHED = 0x61,
    SMPP_RINVEXPIRY = 0x62,
    SMPP_RX_T_APPN = 0x64,
    SMPP_RQUERYFAIL = 0x67,
    SMPP_RINVOPTPARSTREAM = 0xc0,
    SMPP_RINVPARLEN = 0xc2
};

/* message_state of query_sm_resp and receipts (5.2.28). */
enum smpp_message_state {
    SMPP_ENROUTE = 1,
    SMPP_DELIVERED = 2,
    SMPP_EXPIRED = 3,
    SMPP_DELETED = 4,
    SMPP_UNDELIVERABLE = 5,
    SMPP_ACCEPTED = 6,
    SMPP_UNKNOWN = 7,
    SMPP_REJECTED = 8
};

enum smpp_tlv {
    SMPP_TLV_RECEIPTED_MESSAGE_ID = 0x001e,
    SMPP_TLV_SC_INTERFACE_VERSION = 0x0210,
    SMPP_TLV_MESSAGE_PAYLOAD = 0x0424,
    SMPP_TLV_MORE_MESSAGES = 0x0426,
    SMPP_TLV_MESSAGE_STATE = 0x0427
};

struct smpp_header {
    uint32_t length;            /* of the whole PDU */
    uint32_t command;
    uint32_t status;
    uint32_t sequence;
};

struct smpp_address {
    uint8_t ton, npi;
    char digits[21];
};

struct smpp_bind {
    char system_id[16], system_type[13];
    uint8_t interface_version;
};

struct smpp_submit {
    char service_type[6];
    struct smpp_address source, destination;
    uint8_t esm_class, protocol_id, priority;
    char schedule[17], validity[17];
    uint8_t registered, data_coding;
    int more_messages;          /* the TLV's value, -1 if absent */
    const uint8_t *message;     /* short_message or message_payload; */
    size_t message_length;      /* points into what was decoded */
};

/* What makes a deliver_sm a receipt, beside its text (B.2). */
struct smpp_receipt {
    const uint8_t *message_id;  /* receipted_message_id, NULL if absent; */
    size_t message_id_length;   /* points into what was decoded */
    int state;                  /* message_state, -1 if absent */
};

/* cancel_sm and query_sm name a message. */
struct smpp_reference {
    char service_type[6];
    char message_id[65];
    struct smpp_address source, destination;
};

/* `bytes` holds at least SMPP_HEADER_SIZE octets. */
struct smpp_header smpp_decode_header(const uint8_t *bytes);

/* The body follows the header. */
uint32_t smpp_decode_bind(const uint8_t *body, size_t size,
                          struct smpp_bind *bind);
uint32_t smpp_decode_submit(const uint8_t *body, size_t size,
                            struct smpp_submit *submit);
/* A deliver_sm has the fields of a submit_sm; `receipt` may be NULL. */
uint32_t smpp_decode_deliver(const uint8_t *body, size_t size,
                             struct smpp_submit *deliver,
                             struct smpp_receipt *receipt);
/* A data_sm: what a submit_sm does not share with it stays empty. */
uint32_t smpp_decode_data(const uint8_t *body, size_t size,
                          struct smpp_submit *data,
                          struct smpp_receipt *receipt);
uint32_t smpp_decode_query(const uint8_t *body, size_t size,
                           struct smpp_reference *reference);
uint32_t smpp_decode_cancel(const uint8_t *body, size_t size,
                            struct smpp_reference *reference);

/*
 * A time of SMPP 7.1.1, "YYMMDDhhmmsstnnp", as seconds since the epoch;
 * relative times ("R") count from `now_s`, with months of 30 and years of
 * 365 days. 0 for an empty text, -1 if it is malformed.
 */
int64_t smpp_decode_time(const char *text, int64_t now_s);

/* "YYMMDDhhmmss", UTC, of seconds since the epoch. */
void smpp_format_time(char text[static 13], int64_t time_s);

/* Write a PDU: begin returns the mark that end needs to fill in the length.
 * Nothing may be consumed from `out` in between. */
size_t smpp_begin(struct buffer *out, uint32_t command, uint32_t status,
                  uint32_t sequence);
void smpp_put_octet(struct buffer *out, uint8_t octet);
void smpp_put_string(struct buffer *out, const char *text);
void smpp_put_address(struct buffer *out, const struct smpp_address *address);
void smpp_put_tlv(struct buffer *out, uint16_t tag, const void *value,
                  size_t size);
void smpp_end(struct buffer *out, size_t mark);

/* A whole PDU with a header and no body. */
void smpp_put_header_only(struct buffer *out, uint32_t command,
                          uint32_t status, uint32_t sequence);

/* "submit_sm_resp" and so on; "unknown" for what SMPP 3.4 does not have. */
const char *smpp_command_name(uint32_t command);

#endif
