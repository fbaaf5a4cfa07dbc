/*
 * trace_fields.h - which keys a record has, as a table; inside trace_*.c.
 */
#ifndef TRACE_FIELDS_H
#define TRACE_FIELDS_H

#include "trace.h"

enum trace_type {
    TRACE_NUMBER,               /* min..max */
    TRACE_NUMBER_OR_NONE,       /* or the text "none" */
    TRACE_BOOLEAN,
    TRACE_TEXT,                 /* min..max octets, no control characters */
    TRACE_ASCII,                /* the same, and printable ASCII only */
    TRACE_WORD,                 /* one of `words` */
    TRACE_HEX,                  /* min..max octets, two digits each */
    TRACE_BODY,                 /* text, or base64 under its second key */
    TRACE_HEADERS               /* [["name", "value"], ...] */
};

struct trace_field {
    unsigned needed, allowed;   /* bits 1 << event */
    const char *key;
    enum trace_type type;
    size_t offset;              /* in struct trace_record */
    int64_t min, max;
    const char *const *words;   /* ends with NULL */
};

/* In the order in which they are written; ends with a key of NULL. "ev" and
 * "t", which every record has, are not among them. */
extern const struct trace_field trace_fields[];

/* Key of TRACE_BODY that is no text. */
#define TRACE_BODY_BASE64 "body_base64"

/* The field of this key that records of the event may have, or NULL. */
const struct trace_field *trace_field(enum trace_event event,
                                      const char *key);

/* -1 if there is no such event. */
int trace_event_named(const char *name);

/* The largest time, 100 years. */
#define TRACE_TIME_MAX INT64_C(3155760000000000)

/* --- rules between records (trace_rules.c) ---------------------------- */

struct trace_bits {
    uint8_t *bits;
    size_t size;                /* octets */
};

/* What is remembered of the records before. All zero at the beginning. */
struct trace_rules {
    unsigned unknown;           /* as in struct trace_begin */
    int64_t latest;
    int64_t pushes, submits, notifications;
    struct trace_bits push_answered, submit_answered;
    struct trace_bits notification_answered, link_up;
};

/* Holds the first line against its rules; then there are rules for the
 * records behind it. */
bool trace_rules_begin(struct trace_rules *rules,
                       const struct trace_begin *begin, char *why,
                       size_t why_size);
/* Holds a record against its own rules and those between records; false, and
 * `why` in words, if it breaks one. */
bool trace_rules_check(struct trace_rules *rules,
                       const struct trace_record *record, char *why,
                       size_t why_size);
/* It was good, and is part of the trace now. */
void trace_rules_remember(struct trace_rules *rules,
                          const struct trace_record *record);
void trace_rules_free(struct trace_rules *rules);

#endif
