/*
 * survey.c - see survey.h.
 */
#include "survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../smsc/buffer.h"

enum { ACCEPTED = 202 };

/* The pushes that notifications are about, by their numbers; 0: unknown. */
struct subjects {
    int64_t *pushes;
    size_t count, room;
};

static void note_notification(struct subjects *subjects, int64_t push)
{
    if (subjects->count == subjects->room) {
        subjects->room = subjects->room == 0 ? 256 : 2 * subjects->room;
        subjects->pushes = mem_resize(subjects->pushes, subjects->room
                                      * sizeof(*subjects->pushes));
    }
    subjects->pushes[subjects->count++] = push;
}

static void note_answer(struct survey *survey,
                        const struct subjects *subjects,
                        const struct trace_record *record)
{
    int64_t push = subjects->pushes[record->notification - 1];

    if (push <= 0 || (record->http >= 200 && record->http < 300))
        return;
    if (survey->refusal_count == survey->refusal_room) {
        survey->refusal_room = survey->refusal_room == 0
            ? 64 : 2 * survey->refusal_room;
        survey->refusals = mem_resize(survey->refusals, survey->refusal_room
                                      * sizeof(*survey->refusals));
    }
    survey->refusals[survey->refusal_count] = (struct survey_refusal) {
        .push = push, .http = (int) record->http,
        .order = survey->refusal_count
    };
    survey->refusal_count++;
}

static int compare(const void *a, const void *b)
{
    const struct survey_refusal *one = a, *other = b;

    if (one->push != other->push)
        return one->push < other->push ? -1 : 1;
    return one->order < other->order ? -1 : one->order > other->order;
}

static int read_records(struct survey *survey, struct trace_reader *reader)
{
    struct subjects subjects = { .pushes = NULL };
    struct trace_record record;
    int found;

    while ((found = trace_read(reader, &record)) > 0) {
        if (record.event == TRACE_PUSH) {
            survey->pushes++;
            survey->last_us = record.t;
        } else if (record.event == TRACE_NOTIFICATION) {
            note_notification(&subjects, record.push);
        } else if (record.event == TRACE_NOTIFICATION_ANSWER) {
            note_answer(survey, &subjects, &record);
        }
    }
    free(subjects.pushes);
    return found;
}

bool survey_take(struct survey *survey, const char *path,
                 char error[TRACE_ERROR_SIZE])
{
    struct trace_reader *reader = trace_open(path, error);
    const char *begin;
    struct tm parts = { .tm_year = 0 };
    int found;

    if (reader == NULL)
        return false;
    begin = trace_begin(reader)->begin;
    if (begin != NULL
        && strptime(begin, "%Y-%m-%dT%H:%M:%S", &parts) != NULL) {
        survey->begin_known = true;
        survey->begin_s = timegm(&parts);
    }
    found = read_records(survey, reader);
    if (found < 0)
        snprintf(error, TRACE_ERROR_SIZE, "%s", trace_error(reader));
    trace_close(reader);
    if (survey->refusal_count > 0)
        qsort(survey->refusals, survey->refusal_count,
              sizeof(*survey->refusals), compare);
    return found == 0;
}

void survey_free(struct survey *survey)
{
    free(survey->refusals);
}

int survey_answer(struct survey *survey, int64_t push)
{
    size_t low = 0, high = survey->refusal_count, middle;

    while (low < high) {
        middle = (low + high) / 2;
        if (survey->refusals[middle].push < push)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < survey->refusal_count; low++) {
        struct survey_refusal *refusal = &survey->refusals[low];

        if (refusal->push != push)
            break;
        if (!refusal->played) {
            refusal->played = true;
            return refusal->http;
        }
    }
    return ACCEPTED;
}
