/*
 * likeness.h - how much of a segment is in what was posted.
 *
 * Counted are octets in pieces of LIKENESS_PIECE or more in a row: fewer may
 * be the same by chance.
 */
#ifndef LIKENESS_H
#define LIKENESS_H

#include <stddef.h>
#include <stdint.h>

enum {
    LIKENESS_PIECE = 6,
    LIKENESS_MAX = 1024         /* octets of a segment that are looked at */
};

struct likeness {
    const uint8_t *bytes;
    size_t size;
    /* a hash table of the pieces that begin at each octet: the first of each
     * bucket, and for each piece the next; counted from 1 */
    uint16_t bucket[LIKENESS_MAX], next[LIKENESS_MAX];
    uint8_t found[LIKENESS_MAX];
};

/* The segment stays where it is. */
void likeness_begin(struct likeness *likeness, const uint8_t *bytes,
                    size_t size);
/* How many of its octets are text, in runs of LIKENESS_PIECE or more. */
size_t likeness_text(const struct likeness *likeness);
/* How many of its octets are in the body. */
size_t likeness_common(struct likeness *likeness, const uint8_t *body,
                       size_t size);

#endif
