/*
 * horizon.c - see horizon.h. The entries are a ring; an index with open
 * addressing, twice as large, finds them.
 */
#include <stdlib.h>

#include "../smsc/buffer.h"
#include "../smsc/table.h"
#include "horizon.h"

struct horizon {
    uint32_t most;
    uint64_t begin, end;        /* of what is in the ring, counted on */
    struct horizon_entry *ring;
    uint32_t *index;            /* place in the ring + 1; 0: free */
};

static uint32_t home_of(const struct horizon *horizon, uint64_t key)
{
    return (uint32_t) hash_finish(key) & (2 * horizon->most - 1);
}

/* Where the key is in the index, or the free slot where it would go. */
static uint32_t slot_of(const struct horizon *horizon, uint64_t key)
{
    uint32_t mask = 2 * horizon->most - 1, slot = home_of(horizon, key);

    while (horizon->index[slot] != 0
           && horizon->ring[horizon->index[slot] - 1].key != key)
        slot = (slot + 1) & mask;
    return slot;
}

/* Later entries of the run move back, so that no tombstones are needed. */
static void free_slot(struct horizon *horizon, uint32_t hole)
{
    uint32_t mask = 2 * horizon->most - 1, slot, home;

    horizon->index[hole] = 0;
    for (slot = (hole + 1) & mask; horizon->index[slot] != 0;
         slot = (slot + 1) & mask) {
        home = home_of(horizon, horizon->ring[horizon->index[slot] - 1].key);
        if (((slot - home) & mask) < ((slot - hole) & mask))
            continue;
        horizon->index[hole] = horizon->index[slot];
        horizon->index[slot] = 0;
        hole = slot;
    }
}

struct horizon *horizon_new(uint32_t most)
{
    struct horizon *horizon = mem_new(sizeof(*horizon));

    horizon->most = most;
    horizon->ring = mem_new(most * sizeof(*horizon->ring));
    horizon->index = mem_new(2 * (size_t) most * sizeof(*horizon->index));
    return horizon;
}

void horizon_free(struct horizon *horizon)
{
    free(horizon->ring);
    free(horizon->index);
    free(horizon);
}

struct horizon_entry *horizon_find(struct horizon *horizon, uint64_t key)
{
    uint32_t place = horizon->index[slot_of(horizon, key)];

    return place == 0 ? NULL : &horizon->ring[place - 1];
}

void horizon_remove(struct horizon *horizon, struct horizon_entry *entry)
{
    free_slot(horizon, slot_of(horizon, entry->key));
    *entry = (struct horizon_entry) { 0 };
}

static struct horizon_entry *at(struct horizon *horizon, uint64_t place)
{
    return &horizon->ring[place & (horizon->most - 1)];
}

struct horizon_entry *horizon_oldest(struct horizon *horizon)
{
    while (horizon->begin < horizon->end
           && at(horizon, horizon->begin)->key == 0)
        horizon->begin++;
    return horizon->begin < horizon->end ? at(horizon, horizon->begin) : NULL;
}

struct horizon_entry *horizon_add(struct horizon *horizon, uint64_t key)
{
    struct horizon_entry *entry = at(horizon, horizon->end);

    if (horizon->end - horizon->begin == horizon->most) {
        if (entry->key != 0)
            horizon_remove(horizon, entry);
        horizon->begin++;
    }
    entry->key = key;
    horizon->index[slot_of(horizon, key)]
        = (uint32_t) (horizon->end & (horizon->most - 1)) + 1;
    horizon->end++;
    return entry;
}
