/*
 * trace.h - reads and writes traces: the one door for every tool.
 *
 * A trace is an operator's traffic, one JSON object a line; README.md beside
 * this file says what each means. Here a line is a struct trace_record. Both
 * ways are streaming: one line is in memory, and of those before it only a
 * bit for each that may be answered once, so that a trace may be longer than
 * memory. What is written is held against the same rules as what is read.
 *
 * Not for two threads at once; two readers are independent.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    TRACE_VERSION = 1,
    TRACE_LINE_MAX = 1024 * 1024,       /* octets, without the newline */
    TRACE_SLACK_US = 1000000,           /* so far may the time go back */
    TRACE_ERROR_SIZE = 512
};

/* In place of a number: nobody knows it; it is known that there is none. An
 * unknown text or octet string is NULL. */
enum { TRACE_UNKNOWN = -1, TRACE_NONE = -2 };

enum trace_event {
    TRACE_PUSH,                 /* the PI posts to the PPG */
    TRACE_PUSH_ANSWER,          /* and reads this */
    TRACE_LINK,                 /* a link to the SMSC comes or goes */
    TRACE_SUBMIT,               /* a segment */
    TRACE_SUBMIT_ANSWER,
    TRACE_RECEIPT,
    TRACE_CANCEL,               /* cancel_sm, when it was answered */
    TRACE_NOTIFICATION,         /* a result notification to the PI */
    TRACE_NOTIFICATION_ANSWER,
    TRACE_PHONE,                /* a phone is turned on or off */
    TRACE_OUTCOME,              /* what became of a push to one address */
    TRACE_EVENTS
};

struct trace_octets {
    const uint8_t *bytes;       /* NULL: unknown */
    size_t size;
};

struct trace_header {           /* of HTTP */
    const char *name, *value;
};

struct trace_headers {
    const struct trace_header *items;   /* NULL: unknown, if count is 0 */
    size_t count;
};

/* The first line. */
struct trace_begin {
    const char *begin;          /* of the time; RFC 3339, UTC, or NULL */
    const char *source;         /* what it was made from: pcap, ... */
    const char *program;        /* what made it, or NULL */
    const char *pseudonyms;     /* fingerprint of their key; NULL: none */
    const char *seed;           /* of a generated one, or NULL */
    const char *note;           /* for people, or NULL */
    unsigned unknown;           /* bit 1 << event: its source shows none */
    bool time_unknown;          /* the times were assigned, not recorded */
};

/* Which members belong to which event, and which it must have, is said in
 * README.md; trace_clear() makes the others unknown. */
struct trace_record {
    enum trace_event event;
    int64_t t;                  /* microseconds since the trace's begin */

    /* numbers: each counts from 1 in the order of its records */
    int64_t push, submit, notification;

    int64_t link, http, code, status;
    int64_t part, total, ref, attempt, first, octets;
    int64_t esm_class, data_coding, registered, priority;
    int64_t interim, displayed;         /* 0 or 1 */
    int64_t displayed_at;               /* as t */

    const char *url, *pi, *operation, *push_id, *dst, *src, *state, *told;
    const char *by, *system_id, *mode, *message_id, *validity;
    struct trace_headers headers;
    struct trace_octets body, message;
};

/* The name in the file: "push", "push_answer", ... */
const char *trace_event_name(enum trace_event event);
/* The event of that name, or -1. */
int trace_event_named(const char *name);

/* A record of this event and time of which nothing else is known. */
struct trace_record trace_clear(enum trace_event event, int64_t t);

/* Whether the octets may be a text of a trace: UTF-8 without NUL. */
bool trace_is_text(const void *bytes, size_t size);
/* Whether it is a URL's path and query without user, password, host. */
bool trace_is_url(const char *url);
/* Whether a header of this name would give away a credential; no trace has
 * one. */
bool trace_is_secret_header(const char *name);

/* --- reading --------------------------------------------------------- */

struct trace_reader;

/* Opens a trace ("-": standard input) and reads its first line. NULL, and
 * why in `error` (one line, with file and line number), if that fails. */
struct trace_reader *trace_open(const char *path,
                                char error[TRACE_ERROR_SIZE]);
/* The same for a file that is open, and is the reader's from now on; `name`
 * is for messages. */
struct trace_reader *trace_open_file(FILE *file, const char *name,
                                     char error[TRACE_ERROR_SIZE]);
const struct trace_begin *trace_begin(const struct trace_reader *reader);

/* The next record: 1; 0 at the end; -1, and why in trace_error(), if the
 * line is wrong, after which there is no going on. What the record points to
 * lives until the next call. */
int trace_read(struct trace_reader *reader, struct trace_record *record);
const char *trace_error(const struct trace_reader *reader);
/* Of the line read last; the first is 1. */
uint64_t trace_line(const struct trace_reader *reader);
void trace_close(struct trace_reader *reader);  /* NULL: nothing */

/* --- writing --------------------------------------------------------- */

struct trace_writer;

/* Writes the first line to the file, which stays the caller's. NULL, and
 * why in `error`, if a member is not as README.md has it. */
struct trace_writer *trace_create(FILE *file, const struct trace_begin *begin,
                                  char error[TRACE_ERROR_SIZE]);

/* 0; or -1 if the record breaks a rule or the file cannot be written; then
 * trace_write_error() says why and nothing of the record was written (of a
 * full disk: perhaps a part). */
int trace_write(struct trace_writer *writer,
                const struct trace_record *record);
const char *trace_write_error(const struct trace_writer *writer);

/* Flushes and frees; 0, or -1 with errno if the file could not take it. */
int trace_finish(struct trace_writer *writer);

#endif
