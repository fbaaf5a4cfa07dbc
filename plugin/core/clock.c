/*
 * clock.c - how long to wait before trying again
 */
#include "clock.h"

#define JITTER 0.2

int64_t clock_add(int64_t at, int64_t delay)
{
    if (at > 0 && delay > TIME_NEVER - at)
        return TIME_NEVER;
    return at + delay;
}

int64_t clock_backoff(int64_t first, int64_t max, int step, double random)
{
    int64_t delay = first;

    while (step-- > 0 && delay < max)
        delay = clock_add(delay, delay);
    if (delay > max && max > first)
        delay = max;
    else if (max <= first)
        delay = first;
    return delay - (int64_t) ((double) delay * JITTER * random);
}
