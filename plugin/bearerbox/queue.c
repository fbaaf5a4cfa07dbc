/*
 * queue.c - see queue.h
 */

#include "bearerbox/queue.h"

static bool goes_before(const Active *a, const Active *b)
{
    return a->priority != b->priority ? a->priority > b->priority
                                      : a->id < b->id;
}

void queue_put(ActiveQueue *queue, Active *active)
{
    Active **at = &queue->first;

    if (queue->n > 0 && goes_before(queue->last, active))
        at = &queue->last->queue_next;
    while (*at != NULL && !goes_before(active, *at))
        at = &(*at)->queue_next;
    active->queued = true;
    active->queue_next = *at;
    if (*at == NULL)
        queue->last = active;
    *at = active;
    queue->n++;
}

Active *queue_take(ActiveQueue *queue)
{
    Active *active = queue->first;

    queue->first = active->queue_next;
    queue->n--;
    active->queued = false;
    return active;
}
