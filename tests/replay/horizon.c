/*
 * horizon.c - see horizon.h. The entries are a ring; an index with open
 * addressing, twice as large, finds them.
 */
#include <stdlib.h>

#include "../smsc/buffer.h"
#include "../smsc/table.h"
#include "horizon.h"

enum { FIRST_ROOM = 64 };

struct horizon {
    uint32_t most, room;        /* of the ring; powers of two */
    uint64_t begin, end;        /* of what is in the ring, counted on */
    struct horizon_entry *ring;
    uint32_t *index;            /* place in the ring + 1; 0: free */
};

static struct horizon_entry *at(const struct horizon *horizon,
                                uint64_t place)
{
    return &horizon->ring[place & (horizon->room - 1)];
}

static uint32_t index_mask(const struct horizon *horizon)
{
    return 2 * horizon->room - 1;
}

static uint32_t home_of(const struct horizon *horizon, uint64_t key)
{
    return (uint32_t) hash_finish(key) & index_mask(horizon);
}

/* Where the key is in the index, or the free slot where it would go. */
static uint32_t slot_of(const struct horizon *horizon, uint64_t key)
{
    uint32_t slot = home_of(horizon, key);

    while (horizon->index[slot] != 0
           && horizon->ring[horizon->index[slot] - 1].key != key)
        slot = (slot + 1) & index_mask(horizon);
    return slot;
}

static void set_slot(struct horizon *horizon, uint64_t place)
{
    horizon->index[slot_of(horizon, at(horizon, place)->key)]
        = (uint32_t) (place & (horizon->room - 1)) + 1;
}

/* Later entries of the run move back, so that no tombstones are needed. */
static void free_slot(struct horizon *horizon, uint32_t hole)
{
    uint32_t mask = index_mask(horizon), slot, home;

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

static void make_room(struct horizon *horizon, uint32_t room)
{
    horizon->room = room;
    horizon->ring = mem_new(room * sizeof(*horizon->ring));
    horizon->index = mem_new(2 * (size_t) room * sizeof(*horizon->index));
}

static void grow(struct horizon *horizon)
{
    struct horizon old = *horizon;
    uint64_t place;

    make_room(horizon, 2 * old.room);
    for (place = old.begin; place < old.end; place++) {
        *at(horizon, place) = *at(&old, place);
        if (at(&old, place)->key != 0)
            set_slot(horizon, place);
    }
    free(old.ring);
    free(old.index);
}

struct horizon *horizon_new(uint32_t most)
{
    struct horizon *horizon = mem_new(sizeof(*horizon));

    horizon->most = most;
    make_room(horizon, most < FIRST_ROOM ? most : FIRST_ROOM);
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

struct horizon_entry *horizon_oldest(struct horizon *horizon)
{
    while (horizon->begin < horizon->end
           && at(horizon, horizon->begin)->key == 0)
        horizon->begin++;
    return horizon->begin < horizon->end ? at(horizon, horizon->begin) : NULL;
}

struct horizon_entry *horizon_add(struct horizon *horizon, uint64_t key)
{
    struct horizon_entry *entry;

    if (horizon->end - horizon->begin == horizon->room
        && horizon->room < horizon->most)
        grow(horizon);
    entry = at(horizon, horizon->end);
    if (horizon->end - horizon->begin == horizon->room) {
        if (entry->key != 0)
            horizon_remove(horizon, entry);
        horizon->begin++;
    }
    entry->key = key;
    set_slot(horizon, horizon->end++);
    return entry;
}
