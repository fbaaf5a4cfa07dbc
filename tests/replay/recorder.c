/*
 * recorder.c - see recorder.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../smsc/buffer.h"
#include "recorder.h"

struct recorder {
    FILE *file;
    bool own_file;
    struct pseudonyms *pseudonyms;
    struct trace_writer *writer;
    int64_t latest;
    uint64_t bodies;
};

bool recorder_option(struct recorder_options *options, int letter,
                     const char *value)
{
    switch (letter) {
    case 'o':
        options->output = value;
        return true;
    case 'k':
        options->key = value;
        return true;
    case 'n':
        options->real = true;
        return true;
    default:
        return false;
    }
}

struct recorder *recorder_open_file(FILE *file, struct pseudonyms *pseudonyms,
                                    struct trace_begin begin,
                                    char error[TRACE_ERROR_SIZE])
{
    struct recorder *recorder = mem_new(sizeof(*recorder));

    begin.program = "convoy-trace " CONVOY_VERSION;
    begin.pseudonyms = pseudonyms == NULL
                       ? NULL : pseudonyms_fingerprint(pseudonyms);
    recorder->file = file;
    recorder->pseudonyms = pseudonyms;
    recorder->writer = trace_create(file, &begin, error);
    if (recorder->writer != NULL)
        return recorder;
    pseudonyms_free(pseudonyms);
    free(recorder);
    return NULL;
}

struct recorder *recorder_open(const struct recorder_options *options,
                               struct trace_begin begin,
                               char error[TRACE_ERROR_SIZE])
{
    struct pseudonyms *pseudonyms = NULL;
    struct recorder *recorder;
    FILE *file = stdout;

    if (options->real && options->key != NULL) {
        snprintf(error, TRACE_ERROR_SIZE, "--no-pseudonyms needs no --key");
        return NULL;
    }
    if (!options->real) {
        pseudonyms = pseudonyms_new(options->key, error);
        if (pseudonyms == NULL)
            return NULL;
    }
    if (options->output != NULL)
        file = fopen(options->output, "w");
    if (file == NULL) {
        snprintf(error, TRACE_ERROR_SIZE, "%s: %s", options->output,
                 strerror(errno));
        pseudonyms_free(pseudonyms);
        return NULL;
    }
    recorder = recorder_open_file(file, pseudonyms, begin, error);
    if (recorder != NULL)
        recorder->own_file = options->output != NULL;
    else if (options->output != NULL)
        fclose(file);
    return recorder;
}

bool recorder_write(struct recorder *recorder,
                    const struct trace_record *given)
{
    struct trace_record record = *given;

    if (record.t < recorder->latest - TRACE_SLACK_US)
        record.t = recorder->latest - TRACE_SLACK_US;
    if (record.t > recorder->latest)
        recorder->latest = record.t;
    if (recorder->pseudonyms != NULL
        && !pseudonyms_apply(recorder->pseudonyms, &record))
        recorder->bodies++;
    if (trace_write(recorder->writer, &record) == 0)
        return true;
    if (ferror(recorder->file) || record.body.bytes == NULL)
        return false;
    record.body = (struct trace_octets) { NULL, 0 };
    if (trace_write(recorder->writer, &record) < 0)
        return false;
    recorder->bodies++;
    return true;
}

const char *recorder_error(const struct recorder *recorder)
{
    return trace_write_error(recorder->writer);
}

bool recorder_failed(const struct recorder *recorder)
{
    return ferror(recorder->file) != 0;
}

uint64_t recorder_bodies(const struct recorder *recorder)
{
    return recorder->bodies;
}

bool recorder_close(struct recorder *recorder, char error[TRACE_ERROR_SIZE])
{
    bool good = trace_finish(recorder->writer) == 0;

    if (recorder->own_file && fclose(recorder->file) != 0)
        good = false;
    if (!good)
        snprintf(error, TRACE_ERROR_SIZE, "the trace cannot be written: %s",
                 strerror(errno));
    pseudonyms_free(recorder->pseudonyms);
    free(recorder);
    return good;
}
