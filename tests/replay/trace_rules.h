/*
 * trace_rules.h - what a trace may say; inside trace_*.c.
 *
 * Readers and writers meet the same rules here: each record's own
 * (trace_record.c, trace_text.c), and those between records (trace_rules.c).
 * False, and `why` in words, if one is broken.
 */
#ifndef TRACE_RULES_H
#define TRACE_RULES_H

#include "trace.h"

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
                       const struct trace_begin *begin,
                       char why[TRACE_ERROR_SIZE]);
/* Holds a record against its own rules and those between records. */
bool trace_rules_check(struct trace_rules *rules,
                       const struct trace_record *record,
                       char why[TRACE_ERROR_SIZE]);
/* It was good, and is part of the trace now. */
void trace_rules_remember(struct trace_rules *rules,
                          const struct trace_record *record);
void trace_rules_free(struct trace_rules *rules);

/* --- parts of these ---------------------------------------------------- */

/* Always false. */
bool __attribute__((format(printf, 2, 3)))
trace_wrong(char why[TRACE_ERROR_SIZE], const char *format, ...);

/* Holds a record against the rules that need no other one. */
bool trace_record_check(const struct trace_record *record,
                        char why[TRACE_ERROR_SIZE]);

/* Is it UTF-8 without control characters but for tabs? */
bool trace_is_plain(const char *text);
/* Is it printable ASCII? */
bool trace_is_printable(const char *text);
/* Is it a token of HTTP (RFC 9110, 5.6.2)? */
bool trace_is_token(const char *text);

#endif
