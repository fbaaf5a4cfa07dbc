/*
 * likeness.c - see likeness.h.
 */
#include <string.h>

#include "likeness.h"

static size_t bucket_of(const uint8_t *piece)
{
    uint32_t first, rest = 0;

    memcpy(&first, piece, 4);
    memcpy(&rest, piece + 4, LIKENESS_PIECE - 4);
    return (first * 2654435761u ^ rest * 40503u) >> 8 & (LIKENESS_MAX - 1);
}

static size_t pieces(const struct likeness *likeness)
{
    return likeness->size < LIKENESS_PIECE
           ? 0 : likeness->size - LIKENESS_PIECE + 1;
}

void likeness_begin(struct likeness *likeness, const uint8_t *bytes,
                    size_t size)
{
    size_t i, bucket;

    likeness->bytes = bytes;
    likeness->size = size < LIKENESS_MAX ? size : LIKENESS_MAX;
    memset(likeness->bucket, 0, sizeof(likeness->bucket));
    for (i = 0; i < pieces(likeness); i++) {
        bucket = bucket_of(bytes + i);
        likeness->next[i] = likeness->bucket[bucket];
        likeness->bucket[bucket] = (uint16_t) (i + 1);
    }
}

size_t likeness_text(const struct likeness *likeness)
{
    size_t i, run = 0, count = 0;

    for (i = 0; i <= likeness->size; i++) {
        if (i < likeness->size && likeness->bytes[i] >= ' '
            && likeness->bytes[i] != 0x7f) {
            run++;
            continue;
        }
        if (run >= LIKENESS_PIECE)
            count += run;
        run = 0;
    }
    return count;
}

size_t likeness_common(struct likeness *likeness, const uint8_t *body,
                       size_t size)
{
    size_t i, counted = 0, count = 0, piece;

    memset(likeness->found, 0, likeness->size);
    for (i = 0; i + LIKENESS_PIECE <= size; i++)
        for (piece = likeness->bucket[bucket_of(body + i)]; piece > 0;
             piece = likeness->next[piece - 1])
            if (!likeness->found[piece - 1]
                && memcmp(likeness->bytes + piece - 1, body + i,
                          LIKENESS_PIECE) == 0)
                likeness->found[piece - 1] = 1;
    for (i = 0; i < pieces(likeness); i++) {
        if (!likeness->found[i])
            continue;
        count += i + LIKENESS_PIECE - (counted > i ? counted : i);
        counted = i + LIKENESS_PIECE;
    }
    return count;
}
