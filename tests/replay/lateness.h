/*
 * lateness.h - how much later than due things were done.
 */
#ifndef LATENESS_H
#define LATENESS_H

#include <stddef.h>
#include <stdint.h>

struct lateness {               /* all zero: nothing so far */
    uint32_t *us;
    uint32_t max;
    size_t count, room;
};

/* Microseconds; what is negative counts as none. */
void lateness_add(struct lateness *lateness, int64_t us);
/* The nearest-rank percentile in microseconds, of `percent` from 0 to 100; 0
 * if there is nothing. Sorts what it has. */
int64_t lateness_percentile(struct lateness *lateness, int percent);
void lateness_free(struct lateness *lateness);

#endif
