/*
 * trace_fields.c - see trace_fields.h. trace.schema.json says the same to
 * others, and tests/replay/schema.t holds one against the other.
 */
#include <string.h>

#include "trace_fields.h"

static const char *const event_names[TRACE_EVENTS] = {
    [TRACE_PUSH] = "push", [TRACE_PUSH_ANSWER] = "push_answer",
    [TRACE_LINK] = "link", [TRACE_SUBMIT] = "submit",
    [TRACE_SUBMIT_ANSWER] = "submit_answer", [TRACE_RECEIPT] = "receipt",
    [TRACE_CANCEL] = "cancel", [TRACE_NOTIFICATION] = "notification",
    [TRACE_NOTIFICATION_ANSWER] = "notification_answer",
    [TRACE_PHONE] = "phone", [TRACE_OUTCOME] = "outcome"
};

static const char *const operations[] = { "push", "cancel", "query", NULL };
static const char *const link_states[] = { "up", "down", NULL };
static const char *const link_ends[] = { "smsc", "gateway", NULL };
static const char *const link_modes[] = {
    "transmitter", "receiver", "transceiver", NULL
};
static const char *const receipt_states[] = {
    "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD",
    "UNKNOWN", "REJECTD", "NOSTAT", NULL
};
static const char *const phone_states[] = { "on", "off", NULL };
/* message-state of PAP */
static const char *const push_states[] = {
    "rejected", "pending", "delivered", "undeliverable", "expired",
    "aborted", "timeout", "cancelled", "unknown", NULL
};
static const char *const told_states[] = {
    "rejected", "pending", "delivered", "undeliverable", "expired",
    "aborted", "timeout", "cancelled", "unknown", "nothing", NULL
};

#define P (1u << TRACE_PUSH)
#define PA (1u << TRACE_PUSH_ANSWER)
#define L (1u << TRACE_LINK)
#define S (1u << TRACE_SUBMIT)
#define SA (1u << TRACE_SUBMIT_ANSWER)
#define R (1u << TRACE_RECEIPT)
#define C (1u << TRACE_CANCEL)
#define N (1u << TRACE_NOTIFICATION)
#define NA (1u << TRACE_NOTIFICATION_ANSWER)
#define PH (1u << TRACE_PHONE)
#define O (1u << TRACE_OUTCOME)

#define AT(member) offsetof(struct trace_record, member)
#define COUNT INT64_C(2000000000)

const struct trace_field trace_fields[] = {
    /* needed, allowed, key, type, member, min, max, words */
    { P | PA | O, P | PA | S | N | O, "push", TRACE_NUMBER, AT(push),
      1, COUNT, NULL },
    { S | SA | C, S | SA | R | C, "submit", TRACE_NUMBER, AT(submit),
      1, COUNT, NULL },
    { N | NA, N | NA, "notification", TRACE_NUMBER, AT(notification),
      1, COUNT, NULL },
    { L, L | S | R, "link", TRACE_NUMBER, AT(link), 1, 100000, NULL },

    { 0, P, "pi", TRACE_TEXT, AT(pi), 1, 255, NULL },
    { 0, P, "operation", TRACE_WORD, AT(operation), 0, 0, operations },
    { 0, P, "push_id", TRACE_TEXT, AT(push_id), 1, 1024, NULL },
    { 0, P, "url", TRACE_ASCII, AT(url), 1, 8192, NULL },
    { 0, P, "headers", TRACE_HEADERS, AT(headers), 0, 200, NULL },
    { 0, P, "body", TRACE_BODY, AT(body), 0, TRACE_LINE_MAX, NULL },

    { PA | NA, PA | NA, "http", TRACE_NUMBER_OR_NONE, AT(http), 100, 599,
      NULL },

    { L, L, "state", TRACE_WORD, AT(state), 0, 0, link_states },
    { R, R, "state", TRACE_WORD, AT(state), 0, 0, receipt_states },
    { PH, PH, "state", TRACE_WORD, AT(state), 0, 0, phone_states },
    { 0, N | O, "state", TRACE_WORD, AT(state), 0, 0, push_states },
    { 0, PA | N, "code", TRACE_NUMBER, AT(code), 1000, 5999, NULL },

    { 0, L, "by", TRACE_WORD, AT(by), 0, 0, link_ends },
    { 0, L, "system_id", TRACE_ASCII, AT(system_id), 0, 15, NULL },
    { 0, L, "mode", TRACE_WORD, AT(mode), 0, 0, link_modes },

    { 0, S, "src", TRACE_ASCII, AT(src), 0, 20, NULL },
    { S | PH, S | PH | N | O, "dst", TRACE_ASCII, AT(dst), 1, 20, NULL },
    { 0, S, "part", TRACE_NUMBER, AT(part), 1, 255, NULL },
    { 0, S, "total", TRACE_NUMBER, AT(total), 1, 255, NULL },
    { 0, S, "ref", TRACE_NUMBER, AT(ref), 0, 65535, NULL },
    { 0, S, "attempt", TRACE_NUMBER, AT(attempt), 1, COUNT, NULL },
    { 0, S, "first", TRACE_NUMBER, AT(first), 1, COUNT, NULL },
    { 0, S, "esm_class", TRACE_NUMBER, AT(esm_class), 0, 255, NULL },
    { 0, S, "data_coding", TRACE_NUMBER, AT(data_coding), 0, 255, NULL },
    { 0, S, "registered", TRACE_NUMBER, AT(registered), 0, 255, NULL },
    { 0, S, "priority", TRACE_NUMBER, AT(priority), 0, 255, NULL },
    { 0, S, "validity", TRACE_ASCII, AT(validity), 0, 16, NULL },
    { 0, S, "octets", TRACE_NUMBER, AT(octets), 0, 65535, NULL },
    { 0, S, "message", TRACE_HEX, AT(message), 0, 65535, NULL },

    { SA | C, SA | C, "status", TRACE_NUMBER_OR_NONE, AT(status),
      0, UINT32_MAX, NULL },
    { 0, SA | R, "message_id", TRACE_ASCII, AT(message_id), 1, 64, NULL },
    { 0, R, "interim", TRACE_BOOLEAN, AT(interim), 0, 1, NULL },

    { 0, O, "displayed", TRACE_BOOLEAN, AT(displayed), 0, 1, NULL },
    { 0, O, "displayed_at", TRACE_NUMBER, AT(displayed_at),
      0, TRACE_TIME_MAX, NULL },
    { 0, O, "told", TRACE_WORD, AT(told), 0, 0, told_states },
    { 0, 0, NULL, TRACE_NUMBER, 0, 0, 0, NULL }
};

const struct trace_field *trace_field(enum trace_event event,
                                      const char *key)
{
    const struct trace_field *field;

    if (strcmp(key, TRACE_BODY_BASE64) == 0)
        key = "body";
    for (field = trace_fields; field->key != NULL; field++)
        if ((field->allowed & 1u << event) != 0
            && strcmp(field->key, key) == 0)
            return field;
    return NULL;
}

const void *trace_member(const struct trace_record *record,
                         const struct trace_field *field)
{
    return (const char *) record + field->offset;
}

const char *trace_event_name(enum trace_event event)
{
    return event_names[event];
}

int trace_event_named(const char *name)
{
    int event;

    for (event = 0; event < TRACE_EVENTS; event++)
        if (strcmp(event_names[event], name) == 0)
            return event;
    return -1;
}

struct trace_record trace_clear(enum trace_event event, int64_t t)
{
    return (struct trace_record) {
        .event = event, .t = t,
        .push = -1, .submit = -1, .notification = -1, .link = -1,
        .http = -1, .code = -1, .status = -1, .part = -1, .total = -1,
        .ref = -1, .attempt = -1, .first = -1, .octets = -1,
        .esm_class = -1, .data_coding = -1, .registered = -1,
        .priority = -1, .interim = -1, .displayed = -1, .displayed_at = -1
    };
}
