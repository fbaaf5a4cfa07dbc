/*
 * pseudonyms_command.c - convoy-trace pseudonyms: a trace without people.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"

static enum command_status copy(struct trace_reader *reader,
                                struct trace_writer *writer,
                                struct pseudonyms *pseudonyms)
{
    struct trace_record record;
    uint64_t dropped = 0;
    int found;

    while ((found = trace_read(reader, &record)) > 0) {
        dropped += !pseudonyms_apply(pseudonyms, &record);
        if (trace_write(writer, &record) < 0)
            return command_failed(trace_write_error(writer));
    }
    if (found < 0)
        return command_failed(trace_error(reader));
    if (dropped > 0)
        fprintf(stderr, "convoy-trace: bodies left out, in UTF-16 or UTF-32:"
                " %" PRIu64 "\n", dropped);
    return COMMAND_DONE;
}

static enum command_status pseudonymise(struct trace_reader *reader,
                                        struct pseudonyms *pseudonyms)
{
    struct trace_begin begin = *trace_begin(reader);
    char error[TRACE_ERROR_SIZE];
    enum command_status status;
    struct trace_writer *writer;

    if (begin.pseudonyms != NULL)
        return command_failed("the trace has pseudonyms already");
    begin.pseudonyms = pseudonyms_fingerprint(pseudonyms);
    writer = trace_create(stdout, &begin, error);
    if (writer == NULL)
        return command_failed(error);
    status = copy(reader, writer, pseudonyms);
    if (trace_finish(writer) < 0 && status == COMMAND_DONE)
        status = command_failed(strerror(errno));
    return status;
}

static enum command_status run(const struct settings *settings, int count,
                               char **names)
{
    char error[TRACE_ERROR_SIZE];
    enum command_status status;
    struct pseudonyms *pseudonyms = pseudonyms_new(settings->recorder.key,
                                                   error);
    struct trace_reader *reader;

    (void) count;
    if (pseudonyms == NULL)
        return command_failed(error);
    reader = trace_open(names[0], error);
    status = reader == NULL ? command_failed(error)
                            : pseudonymise(reader, pseudonyms);
    trace_close(reader);
    pseudonyms_free(pseudonyms);
    return status;
}

static const struct option options[] = {
    { "key", required_argument, NULL, 'k' }, COMMAND_HELP
};

const struct command pseudonyms_command = {
    .name = "pseudonyms",
    .summary = "put stand-ins for people's numbers and texts",
    .usage =
        "usage: convoy-trace pseudonyms [--key FILE] FILE > NEW\n\n"
        "Reads a trace (- is standard input) and writes it with stand-ins"
        " of the same\nlength for phone numbers, URLs and texts. What the"
        " SMSC got is left out, but\nfor its length. README.md says what"
        " stays as it is.\n\n"
        PSEUDONYMS_KEY_HELP,
    .options = options, .letters = "", .most = 1, .run = run
};
