/*
 * lateness.c - see lateness.h.
 */
#include "lateness.h"

#include <stdlib.h>

#include "../smsc/buffer.h"

void lateness_add(struct lateness *lateness, int64_t us)
{
    if (lateness->count == lateness->room) {
        lateness->room = lateness->room == 0 ? 1024 : 2 * lateness->room;
        lateness->us = mem_resize(lateness->us,
                                  lateness->room * sizeof(*lateness->us));
    }
    if (us < 0)
        us = 0;
    if (us > (int64_t) UINT32_MAX)
        us = UINT32_MAX;
    if (us > (int64_t) lateness->max)
        lateness->max = (uint32_t) us;
    lateness->us[lateness->count++] = (uint32_t) us;
}

static int compare(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *) a, other = *(const uint32_t *) b;

    return (one > other) - (one < other);
}

int64_t lateness_percentile(struct lateness *lateness, int percent)
{
    size_t place;

    if (lateness->count == 0)
        return 0;
    qsort(lateness->us, lateness->count, sizeof(*lateness->us), compare);
    place = lateness->count * (size_t) percent / 100;
    return lateness->us[place < lateness->count ? place
                                                : lateness->count - 1];
}

void lateness_free(struct lateness *lateness)
{
    free(lateness->us);
    *lateness = (struct lateness) { .us = NULL };
}
