/*
 * search.h - every state the model can reach, once
 *
 * Breadth first, first all states that need no fault, then those that need
 * one, and so on. A state is therefore first met with the largest budget left
 * and never needs a second visit, and a violation is first met on a history
 * with the fewest faults and, among these, the fewest steps.
 */
#ifndef CONVOY_TESTS_SEARCH_H
#define CONVOY_TESTS_SEARCH_H

#include "world.h"

#define SEARCH_MAX_FAULTS 7

typedef struct {
    const char *violation;      /* NULL: none */
    int steps;                  /* of the history that leads to it */
    int faults;
    long states;
    long moves;
    unsigned finals;            /* bit mask of the final states reached */
    GroupState smooth_end;      /* without any fault, stop or time-out */
} Finding;

/* Search all; with `trace` print the history of a violation as TAP
 * diagnostics. */
Finding search(const WorldSetup *setup, bool trace);

#endif
