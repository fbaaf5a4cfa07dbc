/*
 * giveback.c - groups go back to the queue for another box to send
 *
 * When another box waits for a lease, or this one is about to end, what the
 * SMSC has no part of is given back at once, so that only what has begun
 * delays the lease: first segments that still wait in a link's queue are
 * taken back, and groups that wait for a link are looked at once more.
 */

#include <stdlib.h>

#include "bearerbox/scheduler_int.h"

typedef struct {
    Scheduler *s;
    Active **found;
    int n;
} First;

bool giveback_is_due(const Scheduler *s, const Active *active)
{
    return group_is_unsent(&active->group) &&
           scheduler_yields(s, active->lease);
}

/* Those of which but one segment was ever handed over in this attempt. */
static void find_first(Active *active, void *arg)
{
    First *first = arg;
    const Group *g = &active->group;

    if (active->ticket != 0 && g->state == GROUP_SENDING &&
        (g->copies_len == 1 ||
         g->copies[g->copies_len - 2].attempt < g->attempt) &&
        scheduler_yields(first->s, active->lease))
        first->found[first->n++] = active;
}

void giveback_all_due(Scheduler *s, int64_t now)
{
    First first = { .s = s };
    int i;

    first.found = calloc((size_t) actives_count(s->actives) + 1,
                         sizeof(*first.found));
    if (first.found == NULL)
        abort();
    actives_each(s->actives, find_first, &first);
    for (i = 0; i < first.n; i++)
        progress_take_back(s, first.found[i], now);
    free(first.found);
    handover_look_again(s, true, now);
}
