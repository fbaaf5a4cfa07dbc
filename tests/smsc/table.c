/*
 * table.c - see table.h. Open addressing with linear probing; a removal
 * moves later entries of the run back, so that no tombstones are needed.
 */
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "table.h"

enum { TABLE_FIRST_ROOM = 64 };

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    const uint8_t *end = at + size;

    for (; at < end; at++)
        hash = (hash ^ *at) * 0x100000001b3u;
    return hash;
}

uint64_t hash_text(uint64_t hash, const char *text)
{
    return hash_bytes(hash, text, strlen(text) + 1);
}

uint64_t hash_number(uint64_t hash, uint64_t number)
{
    uint8_t octets[8];
    int i;

    /* by arithmetic, so that every machine draws the same dice */
    for (i = 0; i < 8; i++)
        octets[i] = (uint8_t) (number >> (8 * i));
    return hash_bytes(hash, octets, sizeof(octets));
}

/* The finalizer of splitmix64. */
uint64_t hash_finish(uint64_t hash)
{
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}

/* Where `key` is, or the free slot where it would go. */
static size_t find(const struct table *table, uint64_t key)
{
    size_t mask = table->room - 1;
    size_t i = (size_t) hash_finish(key) & mask;

    while (table->slots[i].value != NULL && table->slots[i].key != key)
        i = (i + 1) & mask;
    return i;
}

static void grow(struct table *table)
{
    struct table bigger = {
        .room = table->room > 0 ? 2 * table->room : TABLE_FIRST_ROOM,
        .count = table->count
    };
    size_t i;

    bigger.slots = mem_new(bigger.room * sizeof(*bigger.slots));
    for (i = 0; i < table->room; i++)
        if (table->slots[i].value != NULL)
            bigger.slots[find(&bigger, table->slots[i].key)]
                = table->slots[i];
    free(table->slots);
    *table = bigger;
}

void table_free(struct table *table)
{
    free(table->slots);
    *table = (struct table) { 0 };
}

void *table_get(const struct table *table, uint64_t key)
{
    return table->room == 0 ? NULL : table->slots[find(table, key)].value;
}

void **table_place(struct table *table, uint64_t key)
{
    size_t i;

    if (table->count * 4 >= table->room * 3)
        grow(table);
    i = find(table, key);
    if (table->slots[i].value == NULL) {
        table->slots[i].key = key;
        table->count++;
    }
    return &table->slots[i].value;
}

void table_remove(struct table *table, uint64_t key)
{
    size_t mask = table->room - 1;
    size_t hole, i, home;

    if (table_get(table, key) == NULL)
        return;
    hole = i = find(table, key);
    table->slots[hole].value = NULL;
    table->count--;
    for (i = (i + 1) & mask; table->slots[i].value != NULL;
         i = (i + 1) & mask) {
        home = (size_t) hash_finish(table->slots[i].key) & mask;
        /* may stay if its home lies cyclically in (hole, i] */
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        table->slots[hole] = table->slots[i];
        table->slots[i].value = NULL;
        hole = i;
    }
}
