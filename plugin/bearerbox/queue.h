/*
 * queue.h - groups in the order in which they are to go on
 *
 * By priority, then age (the id). A group is in one queue at a time. Queues
 * are short, and most that come are the youngest of all: a list will do.
 *
 * Belongs to the scheduler's thread.
 */

#ifndef CONVOY_QUEUE_H
#define CONVOY_QUEUE_H

#include "bearerbox/active.h"

/* All zero: empty. */
typedef struct {
    Active *first, *last;
    int n;
} ActiveQueue;

void queue_put(ActiveQueue *queue, Active *active);

/* The first; the queue is not empty. */
Active *queue_take(ActiveQueue *queue);

#endif
