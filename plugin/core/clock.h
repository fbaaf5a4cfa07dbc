/*
 * clock.h - how long to wait before trying again
 *
 * Delays double and end at a ceiling, so that a fault of a second costs
 * little and a fault of an hour does not load the SMSC. Jitter takes up to a
 * fifth away (it never adds, so that the ceiling and a retry's place before
 * the deadline hold), so that groups that failed together do not return
 * together.
 */
#ifndef CONVOY_CORE_CLOCK_H
#define CONVOY_CORE_CLOCK_H

#include <stdint.h>

/* "No such moment"; also the end of all times for sums. */
#define TIME_NEVER INT64_MAX

/* `at` + `delay` (>= 0) without overflow. */
int64_t clock_add(int64_t at, int64_t delay);

/*
 * Delay before try number `step` + 2, `step` from 0: first, 2*first, ... up
 * to `max`, less up to a fifth by `random` (in [0, 1)). Microseconds; first
 * and max >= 0; max below first counts as first.
 */
int64_t clock_backoff(int64_t first, int64_t max, int step, double random);

#endif
