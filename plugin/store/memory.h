/*
 * memory.h - memory for the store
 *
 * Running out of memory ends the process, as it does everywhere in the boxes
 * that load this: a queue that survives a kill needs no second way out.
 */

#ifndef CONVOY_STORE_MEMORY_H
#define CONVOY_STORE_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* realloc() for n items; aborts when there is no memory. n may be 0. */
static inline void *memory_resize(void *block, size_t n, size_t item)
{
    if (item != 0 && n > SIZE_MAX / item)
        abort();
    block = realloc(block, n * item > 0 ? n * item : 1);
    if (block == NULL)
        abort();
    return block;
}

#endif
