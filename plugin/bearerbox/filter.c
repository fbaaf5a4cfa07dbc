/*
 * filter.c - see filter.h
 *
 * Sets of four fingerprints; a new one takes the place of the oldest in its
 * set.
 */

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "bearerbox/filter.h"

enum { SETS = 1 << 16, WAYS = 4 };

struct Filter {
    pthread_mutex_t lock;
    uint64_t prints[SETS][WAYS];
    unsigned char oldest[SETS];
};

Filter *filter_create(void)
{
    Filter *filter = calloc(1, sizeof(*filter));

    if (filter == NULL)
        abort();
    pthread_mutex_init(&filter->lock, NULL);
    return filter;
}

void filter_destroy(Filter *filter)
{
    if (filter == NULL)
        return;
    pthread_mutex_destroy(&filter->lock);
    free(filter);
}

/* FNV-1a over both texts and the zero between them, then mixed. */
static uint64_t fingerprint(const char *smsc_id, const char *message_id)
{
    uint64_t h = 0xcbf29ce484222325u;
    const char *text = smsc_id;
    int i;

    for (i = 0; i < 2; i++, text = message_id) {
        for (; *text != '\0'; text++)
            h = (h ^ (unsigned char) *text) * 0x100000001b3u;
        h *= 0x100000001b3u;
    }
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    h ^= h >> 29;
    return h == 0 ? 1 : h;
}

static bool in_set(const Filter *filter, uint64_t print)
{
    int i;

    for (i = 0; i < WAYS; i++) {
        if (filter->prints[print % SETS][i] == print)
            return true;
    }
    return false;
}

void filter_add(Filter *filter, const char *smsc_id, const char *message_id)
{
    uint64_t print = fingerprint(smsc_id, message_id);
    uint64_t set = print % SETS;

    pthread_mutex_lock(&filter->lock);
    if (!in_set(filter, print)) {
        filter->prints[set][filter->oldest[set]] = print;
        filter->oldest[set] = (filter->oldest[set] + 1) % WAYS;
    }
    pthread_mutex_unlock(&filter->lock);
}

bool filter_has(Filter *filter, const char *smsc_id, const char *message_id)
{
    uint64_t print = fingerprint(smsc_id, message_id);
    bool has;

    pthread_mutex_lock(&filter->lock);
    has = in_set(filter, print);
    pthread_mutex_unlock(&filter->lock);
    return has;
}
