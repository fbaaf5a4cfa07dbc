/*
 * held.c - see held.h
 *
 * A hash table by number, and two queues through the same entries: pushes
 * and tombstones, each oldest first, since both wait equally long.
 */

#include "wapbox/held.h"

#include <pthread.h>
#include <stdlib.h>

/* Clients are at most a few hundred: the host takes no more connections. */
#define BUCKETS 1024

typedef struct Entry {
    struct Entry *chain;            /* in its bucket */
    struct Entry *next, *previous;  /* in its queue */
    long number;
    void *push;                     /* NULL: a tombstone */
    int64_t since_us;
} Entry;

typedef struct {
    Entry *first, *last;
} Queue;

struct Held {
    pthread_mutex_t lock;
    Entry *buckets[BUCKETS];
    Queue pushes, tombstones;
};

static void append(Queue *queue, Entry *entry)
{
    entry->next = NULL;
    entry->previous = queue->last;
    if (queue->last != NULL)
        queue->last->next = entry;
    else
        queue->first = entry;
    queue->last = entry;
}

static void detach(Queue *queue, Entry *entry)
{
    if (entry->next != NULL)
        entry->next->previous = entry->previous;
    else
        queue->last = entry->previous;
    if (entry->previous != NULL)
        entry->previous->next = entry->next;
    else
        queue->first = entry->next;
}

static Entry **find(Held *held, long number)
{
    Entry **at = &held->buckets[(unsigned long)number % BUCKETS];

    while (*at != NULL && (*at)->number != number)
        at = &(*at)->chain;
    return at;
}

static void forget(Held *held, Entry **at)
{
    Entry *entry = *at;

    detach(entry->push != NULL ? &held->pushes : &held->tombstones, entry);
    *at = entry->chain;
    free(entry);
}

Held *held_create(void)
{
    Held *held = calloc(1, sizeof(*held));

    if (held != NULL)
        pthread_mutex_init(&held->lock, NULL);
    return held;
}

void held_destroy(Held *held)
{
    int i;

    if (held == NULL)
        return;
    for (i = 0; i < BUCKETS; ++i)
        while (held->buckets[i] != NULL)
            forget(held, &held->buckets[i]);
    pthread_mutex_destroy(&held->lock);
    free(held);
}

bool held_add(Held *held, long number, void *push, int64_t now_us)
{
    Entry *entry = malloc(sizeof(*entry)), **at;
    bool first;

    if (entry == NULL)
        abort();                    /* as the host's own allocator does */
    entry->number = number;
    entry->push = push;
    entry->since_us = now_us;
    pthread_mutex_lock(&held->lock);
    at = &held->buckets[(unsigned long)number % BUCKETS];
    entry->chain = *at;
    *at = entry;
    first = held->pushes.first == NULL;
    append(&held->pushes, entry);
    pthread_mutex_unlock(&held->lock);
    return first;
}

bool held_take(Held *held, long number, void **push)
{
    Entry **at;
    bool known;

    pthread_mutex_lock(&held->lock);
    at = find(held, number);
    known = *at != NULL;
    if (known) {
        *push = (*at)->push;
        forget(held, at);
    }
    pthread_mutex_unlock(&held->lock);
    return known;
}

void *held_expire(Held *held, int64_t since_us, int64_t now_us)
{
    Entry *entry;
    void *push = NULL;

    pthread_mutex_lock(&held->lock);
    while ((entry = held->tombstones.first) != NULL &&
           entry->since_us + HELD_TOMBSTONE_US <= now_us)
        forget(held, find(held, entry->number));
    entry = held->pushes.first;
    if (entry != NULL && entry->since_us <= since_us) {
        detach(&held->pushes, entry);
        push = entry->push;
        entry->push = NULL;
        entry->since_us = now_us;
        append(&held->tombstones, entry);
    }
    pthread_mutex_unlock(&held->lock);
    return push;
}

bool held_oldest(Held *held, int64_t *since_us)
{
    bool any;

    pthread_mutex_lock(&held->lock);
    any = held->pushes.first != NULL;
    if (any)
        *since_us = held->pushes.first->since_us;
    pthread_mutex_unlock(&held->lock);
    return any;
}
