/*
 * horizon.h - what was seen last: a table that forgets its oldest entry when
 * it is full.
 *
 * So what a stream that does not end has to be compared with stays bounded.
 * Keys are hashes (../smsc/table.h) and taken to be unique.
 */
#ifndef HORIZON_H
#define HORIZON_H

#include <stddef.h>
#include <stdint.h>

struct horizon_entry {
    uint64_t key;               /* 0: not in use */
    uint64_t a, b;              /* whatever is to be remembered; 0 at first */
};

struct horizon;

/* `most` entries are remembered, removed ones among them; a power of two.
 * Memory for all of them is taken as they come. */
struct horizon *horizon_new(uint32_t most);
void horizon_free(struct horizon *horizon);

/* NULL if there is none (any more). Good until one is added or removed. */
struct horizon_entry *horizon_find(struct horizon *horizon, uint64_t key);
/* `key` is not 0 and not there yet. */
struct horizon_entry *horizon_add(struct horizon *horizon, uint64_t key);
void horizon_remove(struct horizon *horizon, struct horizon_entry *entry);
/* The oldest, or NULL. */
struct horizon_entry *horizon_oldest(struct horizon *horizon);

#endif
