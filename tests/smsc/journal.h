/*
 * journal.h - what happened, one JSON object a line; README.md lists them.
 *
 * Events are buffered, and reach the file when the buffer is large, at most
 * 20 ms after the first of them, and whenever journal_flush is called. A
 * journal that cannot be written ends the process: a judge without a record
 * judges nothing.
 */
#ifndef SMSC_JOURNAL_H
#define SMSC_JOURNAL_H

#include "buffer.h"
#include "loop.h"

struct journal {
    int fd;                     /* -1: events go nowhere */
    const char *path;           /* borrowed, for messages */
    struct buffer lines;
    struct loop *loop;
    struct loop_timer flush_timer;
};

/* `path` may be NULL. Appends to a file that exists. 0, or -1 with errno. */
int journal_open(struct journal *journal, struct loop *loop,
                 const char *path);
void journal_close(struct journal *journal);
void journal_flush(struct journal *journal);

/* Begin an event with its time and name; add fields to the buffer returned
 * with json_...(); finish with journal_end. */
struct buffer *journal_begin(struct journal *journal, const char *event);
void journal_end(struct journal *journal);

#endif
