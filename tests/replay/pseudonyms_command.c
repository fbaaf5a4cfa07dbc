/*
 * pseudonyms_command.c - convoy-trace pseudonyms: a trace without people.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "pseudonyms.h"

static void print_usage(FILE *stream)
{
    fputs("usage: convoy-trace pseudonyms [--key FILE] FILE > NEW\n\n"
          "Reads a trace (- is standard input) and writes it with stand-ins"
          " of the same\nlength for phone numbers, URLs and texts. What the"
          " SMSC got is left out, but\nfor its length. README.md says what"
          " stays as it is.\n\n"
          PSEUDONYMS_KEY_HELP, stream);
}

static int complain(const char *error)
{
    fprintf(stderr, "convoy-trace: %s\n", error);
    return 1;
}

static int copy(struct trace_reader *reader, struct trace_writer *writer,
                struct pseudonyms *pseudonyms)
{
    struct trace_record record;
    uint64_t dropped = 0;
    int found;

    while ((found = trace_read(reader, &record)) > 0) {
        dropped += !pseudonyms_apply(pseudonyms, &record);
        if (trace_write(writer, &record) < 0)
            return complain(trace_write_error(writer));
    }
    if (found < 0)
        return complain(trace_error(reader));
    if (dropped > 0)
        fprintf(stderr, "convoy-trace: bodies left out, in UTF-16 or UTF-32:"
                " %" PRIu64 "\n", dropped);
    return 0;
}

static int pseudonymise(struct trace_reader *reader,
                        struct pseudonyms *pseudonyms)
{
    struct trace_begin begin = *trace_begin(reader);
    char error[TRACE_ERROR_SIZE];
    struct trace_writer *writer;
    int result;

    if (begin.pseudonyms != NULL)
        return complain("the trace has pseudonyms already");
    begin.pseudonyms = pseudonyms_fingerprint(pseudonyms);
    writer = trace_create(stdout, &begin, error);
    if (writer == NULL)
        return complain(error);
    result = copy(reader, writer, pseudonyms);
    if (trace_finish(writer) < 0 && result == 0)
        result = complain(strerror(errno));
    return result;
}

int pseudonyms_command(int argc, char **argv)
{
    static const struct option known[] = {
        { "key", required_argument, NULL, 'k' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };
    char error[TRACE_ERROR_SIZE];
    struct pseudonyms *pseudonyms;
    struct trace_reader *reader;
    const char *key = NULL;
    int letter, result;

    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (letter == 'k') {
            key = optarg;
        } else {
            print_usage(letter == 'h' ? stdout : stderr);
            return letter == 'h' ? 0 : 2;
        }
    }
    if (optind != argc - 1) {
        print_usage(stderr);
        return 2;
    }
    pseudonyms = pseudonyms_new(key, error);
    if (pseudonyms == NULL)
        return complain(error);
    reader = trace_open(argv[optind], error);
    result = reader == NULL ? complain(error)
                            : pseudonymise(reader, pseudonyms);
    trace_close(reader);
    pseudonyms_free(pseudonyms);
    return result;
}
