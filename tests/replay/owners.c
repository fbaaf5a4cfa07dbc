/*
 * owners.c - see owners.h.
 */
#include <stdlib.h>
#include <string.h>

#include "../smsc/buffer.h"
#include "../smsc/table.h"
#include "horizon.h"
#include "likeness.h"
#include "owners.h"

enum {
    PUSHES_MAX = 65536, BODIES_MAX = 32 * 1024 * 1024, GROUPS_MAX = 131072,
    BODY_MAX = 16384,           /* what is kept of one */
    LOOK_AT = 64                /* pushes to one number that are compared */
};

/* A push to one number, of which no or not every segment was seen. */
struct owner {
    struct owner *older, *newer;        /* of all */
    struct owner *before, *after;       /* to the same number */
    uint64_t number;                    /* its hash */
    int64_t push;
    uint64_t group;                     /* its key, once it has one */
    size_t size;
    uint8_t body[];
};

/* In horizon_entry.a: the push; in .b: bits of the parts that were seen. */
struct owners {
    struct owner *oldest, *newest;
    size_t count, held;
    struct table numbers;       /* to the first owner */
    struct horizon *groups;
};

struct owners *owners_new(void)
{
    struct owners *owners = mem_new(sizeof(*owners));

    owners->groups = horizon_new(GROUPS_MAX);
    return owners;
}

static void remove_owner(struct owners *owners, struct owner *owner)
{
    *(owner->older != NULL ? &owner->older->newer : &owners->oldest)
        = owner->newer;
    *(owner->newer != NULL ? &owner->newer->older : &owners->newest)
        = owner->older;
    if (owner->before != NULL)
        owner->before->after = owner->after;
    else if (owner->after != NULL)
        *table_place(&owners->numbers, owner->number) = owner->after;
    else
        table_remove(&owners->numbers, owner->number);
    if (owner->after != NULL)
        owner->after->before = owner->before;
    owners->count--;
    owners->held -= owner->size;
    free(owner);
}

void owners_free(struct owners *owners)
{
    while (owners->oldest != NULL)
        remove_owner(owners, owners->oldest);
    table_free(&owners->numbers);
    horizon_free(owners->groups);
    free(owners);
}

static uint64_t hash_of(const char *number)
{
    return hash_finish(hash_text(HASH_START, number));
}

void owners_add(struct owners *owners, int64_t push, const char *number,
                const uint8_t *body, size_t size)
{
    struct owner *owner, **first;

    if (size > BODY_MAX)
        size = BODY_MAX;
    while (owners->count >= PUSHES_MAX || owners->held + size > BODIES_MAX)
        remove_owner(owners, owners->oldest);
    owner = mem_new(sizeof(*owner) + size);
    owner->push = push;
    owner->number = hash_of(number);
    owner->size = size;
    memcpy(owner->body, body, size);
    owner->older = owners->newest;
    *(owners->newest != NULL ? &owners->newest->newer : &owners->oldest)
        = owner;
    owners->newest = owner;
    first = (struct owner **) table_place(&owners->numbers, owner->number);
    owner->after = *first;
    if (*first != NULL)
        (*first)->before = owner;
    *first = owner;
    owners->count++;
    owners->held += size;
}

/* The one to this number, without a group so far, in which most of the text
 * is, and *most octets of it; NULL if there is none, or if another is as
 * good. */
static struct owner *best_owner(struct owners *owners, const char *number,
                                struct likeness *likeness, size_t *most)
{
    struct owner *owner = table_get(&owners->numbers, hash_of(number));
    struct owner *best = NULL;
    size_t common;
    int looked_at = 0;

    *most = 0;
    for (; owner != NULL; owner = owner->after) {
        if (owner->group != 0)
            continue;
        if (++looked_at > LOOK_AT)
            return NULL;
        common = likeness_common(likeness, owner->body, owner->size);
        if (common == *most)
            best = NULL;
        if (common > *most) {
            *most = common;
            best = owner;
        }
    }
    return 2 * *most >= likeness_text(likeness) ? best : NULL;
}

/* --- groups ------------------------------------------------------------- */

static uint64_t group_key(const char *number, const struct udh *udh)
{
    uint64_t key = hash_finish(hash_number(
        hash_number(hash_number(hash_text(HASH_START, number),
                                (uint64_t) udh->reference),
                    (uint64_t) udh->total), udh->wide));

    return key != 0 ? key : 1;
}

static uint64_t part_bit(const struct udh *udh)
{
    return UINT64_C(1) << udh->sequence % 64;
}

/* The owner that still waits for segments of this group, or NULL. */
static struct owner *owner_of_group(struct owners *owners,
                                    const char *number, uint64_t key)
{
    struct owner *owner = table_get(&owners->numbers, hash_of(number));

    while (owner != NULL && owner->group != key)
        owner = owner->after;
    return owner;
}

/* Whether a segment may be of this group: its part was not seen, and its text
 * is that of the push, *common octets of it. */
static bool fits(const struct owner *owner, const struct horizon_entry *group,
                 const struct udh *udh, struct likeness *likeness,
                 size_t *common)
{
    if ((group->b & part_bit(udh)) != 0)
        return false;
    if (owner == NULL)
        return true;
    *common = likeness_common(likeness, owner->body, owner->size);
    return 2 * *common >= likeness_text(likeness);
}

static bool is_complete(const struct horizon_entry *group,
                        const struct udh *udh)
{
    int part;

    for (part = 1; part <= udh->total; part++)
        if ((group->b & UINT64_C(1) << part % 64) == 0)
            return false;
    return true;
}

int64_t owners_find(struct owners *owners, const char *number,
                    const struct udh *udh, const uint8_t *message,
                    size_t size, size_t *common)
{
    struct horizon_entry *group = NULL;
    struct likeness likeness;
    struct owner *owner;
    uint64_t key = 0;
    int64_t push;

    *common = 0;
    likeness_begin(&likeness, message + udh->size, size - udh->size);
    if (udh->concatenated) {
        key = group_key(number, udh);
        group = horizon_find(owners->groups, key);
    }
    if (group != NULL) {
        owner = owner_of_group(owners, number, key);
        if (!fits(owner, group, udh, &likeness, common)) {
            /* the reference is used again */
            horizon_remove(owners->groups, group);
            if (owner != NULL)
                remove_owner(owners, owner);
            group = NULL;
        }
    }
    if (group == NULL) {
        owner = best_owner(owners, number, &likeness, common);
        if (owner == NULL)
            return -1;
        if (udh->concatenated) {
            group = horizon_add(owners->groups, key);
            group->a = (uint64_t) owner->push;
            owner->group = key;
        }
    }
    push = group != NULL ? (int64_t) group->a : owner->push;
    if (group != NULL)
        group->b |= part_bit(udh);
    if (owner != NULL && (group == NULL || is_complete(group, udh)))
        remove_owner(owners, owner);
    return push;
}

bool owners_rival(struct owners *owners, const char *number,
                  const struct udh *udh, const uint8_t *message, size_t size,
                  int64_t push, size_t common)
{
    struct horizon_entry *group = udh->concatenated
        ? horizon_find(owners->groups, group_key(number, udh)) : NULL;
    struct likeness likeness;
    size_t most;

    if (group != NULL && (int64_t) group->a != push)
        return true;
    likeness_begin(&likeness, message + udh->size, size - udh->size);
    best_owner(owners, number, &likeness, &most);
    return most > 0 && most >= common;
}
