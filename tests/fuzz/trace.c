/*
 * trace.c - traces, as anybody may have made them
 *
 * The input is a trace. Whatever it is, it is read to its end or refused
 * with the number of a line. What was read can be written, with and without
 * stand-ins, and what was written reads as the same again.
 */

#include "fuzz.h"

#include <stdbool.h>

#include "../replay/pseudonyms.h"
#include "../replay/trace.h"

static struct pseudonyms *pseudonyms;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char error[TRACE_ERROR_SIZE];

    (void) argc;
    (void) argv;
    pseudonyms = pseudonyms_new(NULL, error);
    return pseudonyms == NULL;
}

static void check_error(const char *error)
{
    unsigned long line;

    REQUIRE(sscanf(error, "fuzz:%lu: ", &line) == 1);
    REQUIRE(line > 0);
    REQUIRE(strchr(error, '\n') == NULL);
}

static struct trace_reader *open_octets(const void *octets, size_t size)
{
    /* fmemopen() takes no empty buffer */
    FILE *file = size == 0 ? fopen("/dev/null", "r")
                           : fmemopen((void *) (uintptr_t) octets, size, "r");
    char error[TRACE_ERROR_SIZE];
    struct trace_reader *reader;

    REQUIRE(file != NULL);
    reader = trace_open_file(file, "fuzz", error);
    if (reader == NULL)
        check_error(error);
    return reader;
}

/* Reads a trace and writes what was good in it; true if that was all. */
static bool copy(const void *octets, size_t size, bool people, char **out,
                 size_t *out_size)
{
    struct trace_reader *reader = open_octets(octets, size);
    struct trace_record record;
    struct trace_writer *writer;
    char error[TRACE_ERROR_SIZE];
    FILE *file;
    int found;

    *out = NULL;
    if (reader == NULL)
        return false;
    file = open_memstream(out, out_size);
    writer = trace_create(file, trace_begin(reader), error);
    REQUIRE(writer != NULL);
    while ((found = trace_read(reader, &record)) > 0) {
        size_t body = record.body.size;
        if (!people && pseudonyms_apply(pseudonyms, &record))
            REQUIRE(record.body.size == body);
        REQUIRE(trace_write(writer, &record) == 0);
    }
    if (found < 0)
        check_error(trace_error(reader));
    REQUIRE(trace_finish(writer) == 0);
    fclose(file);
    trace_close(reader);
    return found == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *first, *again, *standins;
    size_t first_size, again_size, standins_size;

    copy(data, size, true, &first, &first_size);
    if (first == NULL)
        return 0;
    REQUIRE(copy(first, first_size, true, &again, &again_size));
    REQUIRE(again_size == first_size);
    REQUIRE(memcmp(again, first, first_size) == 0);
    free(again);
    REQUIRE(copy(first, first_size, false, &standins, &standins_size));
    REQUIRE(copy(standins, standins_size, true, &again, &again_size));
    free(again);
    free(standins);
    free(first);
    return 0;
}
