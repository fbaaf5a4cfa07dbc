/*
 * records.c - see records.h.
 */
#include <inttypes.h>
#include <stdarg.h>

#include "records.h"

void records_say(struct records *records, struct tcp_moment moment,
                 const char *format, ...)
{
    va_list arguments;

    if (records->words == NULL || records->said++ >= RECORDS_WORDS_MAX)
        return;
    fprintf(records->words, "convoy-trace: %s: packet %" PRIu64 ": ",
            records->file, moment.packet);
    va_start(arguments, format);
    vfprintf(records->words, format, arguments);
    va_end(arguments);
    putc('\n', records->words);
}

bool records_write(struct records *records, struct trace_record *record,
                   struct tcp_moment moment)
{
    record->t = moment.t;
    if (!recorder_write(records->recorder, record)) {
        records_say(records, moment, "a %s is left out: %s",
                    trace_event_name(record->event),
                    recorder_error(records->recorder));
        return false;
    }
    if (record->event == TRACE_PUSH)
        records->pushes = record->push;
    else if (record->event == TRACE_SUBMIT)
        records->submits = record->submit;
    else if (record->event == TRACE_NOTIFICATION)
        records->notifications = record->notification;
    return true;
}
