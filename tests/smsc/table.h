/*
 * table.h - a hash table from 64-bit keys to pointers, and the hash that
 * makes such keys (and the dice of the plan) from what identifies a thing.
 *
 * Keys are taken to be unique: that two different things share one among a
 * million of them has a chance of about 3 in 10^8.
 */
#ifndef SMSC_TABLE_H
#define SMSC_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a over the bytes, going on from `hash`; begin with HASH_START and end
 * with hash_finish, which spreads every input bit over all output bits. */
#define HASH_START 0xcbf29ce484222325u
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size);
uint64_t hash_text(uint64_t hash, const char *text);    /* with its NUL */
uint64_t hash_number(uint64_t hash, uint64_t number);
uint64_t hash_finish(uint64_t hash);

struct table_slot {
    uint64_t key;
    void *value;                /* NULL: the slot is free */
};

/* All zero is an empty table. */
struct table {
    struct table_slot *slots;
    size_t room;                /* a power of two, or 0 */
    size_t count;
};

void table_free(struct table *table);           /* not the values */
void *table_get(const struct table *table, uint64_t key);

/* The place of the value of `key`, to be filled in at once with something
 * that is not NULL; *place is NULL if the key is new. The pointer is good
 * until the table is changed again. */
void **table_place(struct table *table, uint64_t key);
void table_remove(struct table *table, uint64_t key);

#endif
