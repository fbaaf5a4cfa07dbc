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

/* Where that field of the record is. */
const void *trace_member(const struct trace_record *record,
                         const struct trace_field *field);

/* The largest time, 100 years. */
#define TRACE_TIME_MAX INT64_C(3155760000000000)

#endif
