/*
 * records.h - numbers the records of a capture, and says what it could not
 * show.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include "recorder.h"
#include "tcp.h"

struct records {
    struct recorder *recorder;
    int64_t pushes, submits, notifications;     /* numbers given so far */
    const char *file;           /* that is read now */
    FILE *words;                /* where it says so; NULL: nowhere */
    uint64_t said;
};

enum { RECORDS_WORDS_MAX = 50 };        /* lines; the rest is counted */

/* Writes the record as of this moment. False if that was not possible: then
 * it was said why, and the record's number was not used. */
bool records_write(struct records *records, struct trace_record *record,
                   struct tcp_moment moment);

void records_say(struct records *records, struct tcp_moment moment,
                 const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
