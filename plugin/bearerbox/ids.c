/*
 * ids.c - see ids.h
 *
 * Each entry is in two hashes: by message id, to be found, and by group, to
 * be forgotten with it.
 */

#include <stdlib.h>
#include <string.h>

#include "bearerbox/ids.h"

enum { BUCKETS = 8192 };

typedef struct Entry {
    struct Entry *by_id, *by_group;
    int64_t group;
    int copy;
    char *smsc_id, *message_id, *written;
} Entry;

struct Ids {
    Entry *by_id[BUCKETS];
    Entry *by_group[BUCKETS];
};

Ids *ids_create(void)
{
    Ids *ids = calloc(1, sizeof(*ids));

    if (ids == NULL)
        abort();
    return ids;
}

static void entry_free(Entry *e)
{
    free(e->smsc_id);
    free(e->message_id);
    free(e->written);
    free(e);
}

void ids_destroy(Ids *ids)
{
    Entry *e, *next;
    int i;

    if (ids == NULL)
        return;
    for (i = 0; i < BUCKETS; i++) {
        for (e = ids->by_id[i]; e != NULL; e = next) {
            next = e->by_id;
            entry_free(e);
        }
    }
    free(ids);
}

static unsigned bucket_of(const char *message_id)
{
    unsigned h = 5381;

    for (; *message_id != '\0'; message_id++)
        h = h * 33 + (unsigned char) *message_id;
    return h % BUCKETS;
}

void ids_add(Ids *ids, const IdsName *name, int64_t group, int copy)
{
    Entry *e = calloc(1, sizeof(*e));
    unsigned b = bucket_of(name->message_id);

    if (e == NULL)
        abort();
    e->smsc_id = strdup(name->smsc_id);
    e->message_id = strdup(name->message_id);
    if (strcmp(name->written, name->message_id) != 0)
        e->written = strdup(name->written);
    e->group = group;
    e->copy = copy;
    e->by_id = ids->by_id[b];
    ids->by_id[b] = e;
    b = (uint64_t) group % BUCKETS;
    e->by_group = ids->by_group[b];
    ids->by_group[b] = e;
}

bool ids_find(const Ids *ids, const char *smsc_id, const char *message_id,
              int64_t *group, int *copy)
{
    const Entry *e = ids->by_id[bucket_of(message_id)];

    for (; e != NULL; e = e->by_id) {
        if (strcmp(e->message_id, message_id) == 0 &&
            strcmp(e->smsc_id, smsc_id) == 0) {
            *group = e->group;
            *copy = e->copy;
            return true;
        }
    }
    return false;
}

bool ids_name(const Ids *ids, int64_t group, int copy, IdsName *name)
{
    const Entry *e = ids->by_group[(uint64_t) group % BUCKETS];

    for (; e != NULL; e = e->by_group) {
        if (e->group == group && e->copy == copy) {
            name->smsc_id = e->smsc_id;
            name->message_id = e->message_id;
            name->written = e->written == NULL ? e->message_id : e->written;
            return true;
        }
    }
    return false;
}

static void unlink_by_id(Ids *ids, Entry *gone)
{
    Entry **at = &ids->by_id[bucket_of(gone->message_id)];

    while (*at != gone)
        at = &(*at)->by_id;
    *at = gone->by_id;
}

void ids_forget_group(Ids *ids, int64_t group)
{
    Entry **at = &ids->by_group[(uint64_t) group % BUCKETS];
    Entry *e;

    while ((e = *at) != NULL) {
        if (e->group != group) {
            at = &e->by_group;
            continue;
        }
        *at = e->by_group;
        unlink_by_id(ids, e);
        entry_free(e);
    }
}
