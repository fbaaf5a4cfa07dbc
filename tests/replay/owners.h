/*
 * owners.h - which push a segment belongs to.
 *
 * SMPP does not say. A segment is given to a push only where there is no
 * doubt: it goes to the push's address, no other group there is the push's,
 * most of the text in it is in the push, and no other push to that address
 * fits as well. The other segments of the group (same reference) follow,
 * unless their own text says otherwise.
 *
 * Memory: the last 65,536 addresses that were pushed to and whose segments
 * were not all seen, and 32 MiB of their bodies; the last 131,072 groups.
 */
#ifndef OWNERS_H
#define OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../smsc/udh.h"

struct owners;

struct owners *owners_new(void);
void owners_free(struct owners *owners);

/* A push to this number (pap_digits()); `body` is what was posted. */
void owners_add(struct owners *owners, int64_t push, const char *number,
                const uint8_t *body, size_t size);

/* The push of a segment that is seen for the first time, to this number, and
 * how many of its octets are in what was posted; -1 if the push is not
 * sure. */
int64_t owners_find(struct owners *owners, const char *number,
                    const struct udh *udh, const uint8_t *message,
                    size_t size, size_t *common);

/* Whether a segment that was seen before, as one of `push` with `common`
 * octets in it, may as well be of another push with the same words: one to
 * this number that has no segment yet, or that uses the reference now. */
bool owners_rival(struct owners *owners, const char *number,
                  const struct udh *udh, const uint8_t *message, size_t size,
                  int64_t push, size_t common);

#endif
