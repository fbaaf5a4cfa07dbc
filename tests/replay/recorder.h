/*
 * recorder.h - where what makes a trace from something writes it: with
 * pseudonyms, unless they were switched off, to a file or standard output.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include "pseudonyms.h"
#include "trace.h"

/* What every command that makes a trace can be told. */
struct recorder_options {
    const char *output;         /* NULL: standard output */
    const char *key;            /* a file; NULL: a random key */
    bool real;                  /* no pseudonyms */
};

#define RECORDER_OPTIONS \
    { "output", required_argument, NULL, 'o' }, \
    { "key", required_argument, NULL, 'k' }, \
    { "no-pseudonyms", no_argument, NULL, 'n' }
#define RECORDER_LETTERS "o:"

#define RECORDER_HELP \
    "    -o, --output FILE  writes the trace there, not to standard" \
    " output\n" PSEUDONYMS_HELP

/* Takes an option; false if it is none of these. */
bool recorder_option(struct recorder_options *options, int letter,
                     const char *value);

struct recorder;

/* Begins a trace; its `pseudonyms` and `program` are filled in. NULL, and why
 * in `error`, if that fails. */
struct recorder *recorder_open(const struct recorder_options *options,
                               struct trace_begin begin,
                               char error[TRACE_ERROR_SIZE]);
/* The same on a file that stays the caller's; no pseudonyms if NULL, which
 * are the recorder's from now on. */
struct recorder *recorder_open_file(FILE *file, struct pseudonyms *pseudonyms,
                                    struct trace_begin begin,
                                    char error[TRACE_ERROR_SIZE]);

/* Writes the record. One that is more than a second behind the others is
 * moved up to that. A body with which the line would be too long is left
 * out. False, and why in recorder_error(), if it was not written. */
bool recorder_write(struct recorder *recorder,
                    const struct trace_record *record);
const char *recorder_error(const struct recorder *recorder);
/* The file cannot be written; there is no use in going on. */
bool recorder_failed(const struct recorder *recorder);
/* How many bodies were left out. */
uint64_t recorder_bodies(const struct recorder *recorder);

/* False, and why in `error`, if not all of it could be written. */
bool recorder_close(struct recorder *recorder, char error[TRACE_ERROR_SIZE]);

#endif
