/*
 * check_command.c - convoy-trace check: reads a trace and sums it up.
 */
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"

struct summary {
    uint64_t events[TRACE_EVENTS];
    uint64_t pushes_with_body, refused, unanswered, repeated;
    uint64_t displayed, not_displayed;
    int64_t latest;
};

static void count(struct summary *summary, const struct trace_record *record)
{
    summary->events[record->event]++;
    if (record->t > summary->latest)
        summary->latest = record->t;
    switch (record->event) {
    case TRACE_PUSH:
        summary->pushes_with_body += record->body.bytes != NULL;
        break;
    case TRACE_SUBMIT:
        summary->repeated += record->attempt > 1;
        break;
    case TRACE_SUBMIT_ANSWER:
        summary->unanswered += record->status == TRACE_NONE;
        summary->refused += record->status > 0;
        break;
    case TRACE_OUTCOME:
        summary->displayed += record->displayed == 1;
        summary->not_displayed += record->displayed == 0;
        break;
    case TRACE_PUSH_ANSWER:
    case TRACE_LINK:
    case TRACE_RECEIPT:
    case TRACE_CANCEL:
    case TRACE_NOTIFICATION:
    case TRACE_NOTIFICATION_ANSWER:
    case TRACE_PHONE:
    case TRACE_EVENTS:
        break;
    }
}

static void print_begin(const struct trace_begin *begin)
{
    int event;

    printf("trace of version %d, from %s", TRACE_VERSION, begin->source);
    if (begin->program != NULL)
        printf(", by %s", begin->program);
    printf("\nbegins %s\n", begin->begin != NULL ? begin->begin
                                                 : "at an unknown time");
    if (begin->pseudonyms != NULL)
        printf("pseudonyms under the key %s\n", begin->pseudonyms);
    else
        puts("no pseudonyms: numbers, URLs and texts are those of people");
    if (begin->time_unknown)
        puts("unknown: times (those here were assigned)");
    for (event = 0; event < TRACE_EVENTS; event++)
        if ((begin->unknown & 1u << event) != 0)
            printf("unknown: %s\n",
                   trace_event_name((enum trace_event) event));
}

static void print_summary(const struct summary *summary, uint64_t lines)
{
    int event;

    printf("%" PRIu64 " lines, %" PRId64 ".%06" PRId64 " s\n", lines,
           summary->latest / 1000000, summary->latest % 1000000);
    for (event = 0; event < TRACE_EVENTS; event++)
        if (summary->events[event] > 0)
            printf("%10" PRIu64 " %s\n", summary->events[event],
                   trace_event_name((enum trace_event) event));
    printf("pushes with their body: %" PRIu64 "\n"
           "submits repeated: %" PRIu64 ", refused: %" PRIu64
           ", without an answer: %" PRIu64 "\n"
           "outcomes displayed: %" PRIu64 ", not displayed: %" PRIu64 "\n",
           summary->pushes_with_body, summary->repeated, summary->refused,
           summary->unanswered, summary->displayed, summary->not_displayed);
}

static enum command_status run(const struct settings *settings, int files,
                               char **names)
{
    enum command_status status = COMMAND_DONE;
    struct summary summary = { .latest = 0 };
    char error[TRACE_ERROR_SIZE];
    struct trace_reader *reader = trace_open(names[0], error);
    struct trace_record record;
    int found;

    (void) settings;
    (void) files;
    if (reader == NULL)
        return command_failed(error);
    while ((found = trace_read(reader, &record)) > 0)
        count(&summary, &record);
    if (found == 0) {
        print_begin(trace_begin(reader));
        print_summary(&summary, trace_line(reader) - 1);
    } else {
        status = command_failed(trace_error(reader));
    }
    trace_close(reader);
    return status;
}

static const struct option options[] = { COMMAND_HELP };

const struct command check_command = {
    .name = "check", .summary = "validate a trace and sum it up",
    .usage =
        "usage: convoy-trace check FILE\n\n"
        "Reads the trace (- is standard input) to its end. Says what is in"
        " it, or\nwhat is wrong with it: the first error, with its line;"
        " the exit status is\nthen 1.\n",
    .options = options, .letters = "", .most = 1, .run = run
};
