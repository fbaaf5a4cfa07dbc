/*
 * survey.h - what a replay has to know of a trace before it begins.
 */
#ifndef SURVEY_H
#define SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace.h"

/* A Push Initiator's answer to a notification that was no acknowledgement. */
struct survey_refusal {
    int64_t push;
    int http;                   /* or TRACE_NONE: the connection ended */
    size_t order;
    bool played;
};

struct survey {
    int64_t pushes;
    int64_t last_us;            /* when the last push was made */
    bool begin_known;
    int64_t begin_s;            /* seconds since the epoch */
    struct survey_refusal *refusals;    /* by push, in their order */
    size_t refusal_count, refusal_room;
};

/* Reads the whole trace. False, and why in `error`, if it is wrong. */
bool survey_take(struct survey *survey, const char *path,
                 char error[TRACE_ERROR_SIZE]);
void survey_free(struct survey *survey);

/* How the next notification of a push is to be answered: with what it was
 * refused with, as often as that was, then with 202. */
int survey_answer(struct survey *survey, int64_t push);

#endif
