/*
 * active.c - see active.h
 */

#include <stdlib.h>
#include <string.h>

#include "bearerbox/active.h"

enum { BUCKETS = 4096 };

struct Actives {
    Active *buckets[BUCKETS];
    Active **heap;
    int heap_len, heap_size;
    int count;
};

Actives *actives_create(void)
{
    Actives *actives = calloc(1, sizeof(*actives));

    if (actives == NULL)
        abort();
    return actives;
}

static void active_free(Active *active)
{
    group_free(&active->group);
    free(active->receiver);
    free(active->route);
    free(active->sender);
    free(active->service);
    free(active->extra);
    free(active->payload);
    free(active->said);
    free(active);
}

void actives_destroy(Actives *actives)
{
    Active *a, *next;
    int i;

    if (actives == NULL)
        return;
    for (i = 0; i < BUCKETS; i++) {
        for (a = actives->buckets[i]; a != NULL; a = next) {
            next = a->hash_next;
            active_free(a);
        }
    }
    free(actives->heap);
    free(actives);
}

static bool restore(Active *active, const StoreGroup *row, int64_t now)
{
    const StoreHistory *h;
    int i;

    for (i = 0; i < row->histories; i++) {
        h = &row->history[i];
        if (group_restore(&active->group, h->copy, h->segment - 1,
                          h->attempt, (LedgerOutcome) h->outcome,
                          now - h->ago_us) == -1)
            return false;
        if (h->outcome == LEDGER_DELIVERED)
            group_note_delivery(&active->group, h->copy - 1, h->code,
                                now - h->ago_us);
    }
    return true;
}

static char *copy(const char *text)
{
    char *made = strdup(text == NULL ? "" : text);

    if (made == NULL)
        abort();
    return made;
}

Active *actives_add(Actives *actives, const StoreGroup *row,
                    const GroupLimits *limits, int64_t now)
{
    Active *active = calloc(1, sizeof(*active));
    Active **bucket;

    if (active == NULL)
        abort();
    group_init(&active->group, limits, row->segments,
               (GroupState) row->state, (GroupAim) row->aim, row->attempt,
               row->closed, now + row->deadline_in_us,
               row->state == GROUP_DEFERRED || row->state == GROUP_AWAITING
               ? now + row->due_in_us : TIME_NEVER);
    active->id = row->id;
    active->epoch = row->epoch;
    active->lease = row->lease;
    active->stored.state = (GroupState) row->state;
    active->stored.aim = (GroupAim) row->aim;
    active->stored.attempt = row->attempt;
    active->stored.closed = row->closed;
    active->receiver = copy(row->receiver);
    active->route = copy(row->route);
    active->sender = copy(row->sender);
    active->service = copy(row->service);
    active->extra = row->extra == NULL ? NULL : copy(row->extra);
    active->priority = row->priority;
    active->concat_bits = row->concat_bits;
    active->deadline_at_us = row->deadline_at_us;
    active->reference = row->reference;
    memcpy(active->ports, row->ports, sizeof(active->ports));
    active->payload_len = row->payload.len;
    active->payload = malloc(row->payload.len + 1);
    if (active->payload == NULL)
        abort();
    if (row->payload.len > 0)
        memcpy(active->payload, row->payload.data, row->payload.len);
    active->transition = -1;
    active->heap_at = -1;
    active->when = TIME_NEVER;
    if (!restore(active, row, now)) {
        active_free(active);
        return NULL;
    }
    bucket = &actives->buckets[(uint64_t) row->id % BUCKETS];
    active->hash_next = *bucket;
    *bucket = active;
    actives->count++;
    return active;
}

Active *actives_find(Actives *actives, int64_t id)
{
    Active *a = actives->buckets[(uint64_t) id % BUCKETS];

    while (a != NULL && a->id != id)
        a = a->hash_next;
    return a;
}

int actives_count(const Actives *actives)
{
    return actives->count;
}

void actives_drop(Actives *actives, Active *active)
{
    Active **at = &actives->buckets[(uint64_t) active->id % BUCKETS];

    if (active->dropped)
        return;
    active->dropped = true;
    actives_wake_at(actives, active, TIME_NEVER);
    while (*at != active)
        at = &(*at)->hash_next;
    *at = active->hash_next;
    actives->count--;
}

void actives_remove(Actives *actives, Active *active)
{
    actives_drop(actives, active);
    active_free(active);
}

static void put(Actives *actives, int at, Active *active)
{
    actives->heap[at] = active;
    active->heap_at = at;
}

static int sift_up(Actives *actives, int at)
{
    Active *moved = actives->heap[at];

    while (at > 0 && actives->heap[(at - 1) / 2]->when > moved->when) {
        put(actives, at, actives->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(actives, at, moved);
    return at;
}

static void sift_down(Actives *actives, int at)
{
    Active *moved = actives->heap[at];
    int child;

    while ((child = 2 * at + 1) < actives->heap_len) {
        if (child + 1 < actives->heap_len &&
            actives->heap[child + 1]->when < actives->heap[child]->when)
            child++;
        if (actives->heap[child]->when >= moved->when)
            break;
        put(actives, at, actives->heap[child]);
        at = child;
    }
    put(actives, at, moved);
}

static void heap_add(Actives *actives, Active *active)
{
    if (actives->heap_len == actives->heap_size) {
        actives->heap_size = actives->heap_size * 2 + 64;
        actives->heap = realloc(actives->heap, actives->heap_size *
                                sizeof(*actives->heap));
        if (actives->heap == NULL)
            abort();
    }
    put(actives, actives->heap_len++, active);
}

static void heap_remove(Actives *actives, Active *active)
{
    int at = active->heap_at;
    Active *last = actives->heap[--actives->heap_len];

    active->heap_at = -1;
    if (last == active)
        return;
    put(actives, at, last);
    sift_down(actives, sift_up(actives, at));
}

void actives_wake_at(Actives *actives, Active *active, int64_t when)
{
    active->when = when;
    if (when == TIME_NEVER) {
        if (active->heap_at != -1)
            heap_remove(actives, active);
        return;
    }
    if (active->heap_at == -1)
        heap_add(actives, active);
    sift_down(actives, sift_up(actives, active->heap_at));
}

Active *actives_first(Actives *actives)
{
    return actives->heap_len == 0 ? NULL : actives->heap[0];
}

void actives_each(Actives *actives, void (*each)(Active *active, void *arg),
                  void *arg)
{
    Active *a, *next;
    int i;

    for (i = 0; i < BUCKETS; i++) {
        for (a = actives->buckets[i]; a != NULL; a = next) {
            next = a->hash_next;
            each(a, arg);
        }
    }
}
