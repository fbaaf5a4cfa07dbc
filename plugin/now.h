/*
 * now.h - the one clock of the module's workers
 *
 * CLOCK_BOOTTIME: it never jumps when somebody sets the time, and it goes on
 * while the machine sleeps, so that a lease does not seem alive afterwards.
 */

#ifndef CONVOY_NOW_H
#define CONVOY_NOW_H

#include <stdint.h>
#include <time.h>

/* Microseconds since an arbitrary start. Any thread. */
static inline int64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

#endif
