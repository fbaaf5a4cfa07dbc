/*
 * fuzz.h - what the fuzz targets share
 *
 * Each tests/fuzz/NAME.c is a libFuzzer target: a function that gets octets
 * from nowhere, gives them to what reads such octets in production, and
 * holds the answer against a rule. A broken rule ends the program like a
 * memory error does, and libFuzzer then keeps the octets.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Called by libFuzzer: once, and for each input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A rule that must hold whatever the input. */
#define REQUIRE(condition) \
    ((condition) ? (void) 0 : fuzz_broken(__FILE__, __LINE__, #condition))

static inline _Noreturn void fuzz_broken(const char *file, int line,
                                         const char *condition)
{
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
    abort();
}

/* The octets as a string for free(), in memory of its exact length, so that
 * a read behind its end is found. It ends at a NUL among them. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    return strndup((const char *) data, size);
}

/* Cuts the first line off the octets, as a string for free(); what is behind
 * its line feed is left. */
static inline char *fuzz_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size == 0 ? NULL : memchr(*data, '\n', *size);
    size_t len = end == NULL ? *size : (size_t) (end - *data);
    char *line = fuzz_text(*data, len);

    *size -= end == NULL ? len : len + 1;
    *data += end == NULL ? len : len + 1;
    return line;
}

#endif
