/*
 * destinations.c - see destinations.h
 *
 * A list of the hosts that are in use or in disgrace; the others are not in
 * memory, but for the time from one call of destinations_rooms() to the next,
 * since a fast host may have done all in between. It is as long as there are
 * notifications lent; one that was silent but does not rest is forgotten after
 * a minute, and the longest-resting when too many rest.
 */

#include "wapbox/destinations.h"

#include <stdlib.h>
#include <string.h>

#define REST_US INT64_C(1000000)
#define MAX_RESTING 1000

/* What a host does in this time is lent to it ahead: longer than it takes to
 * ask a database that is busy. */
#define AHEAD_US INT64_C(100000)

/* How long a host with less than full room is remembered unused. */
#define FORGET_US INT64_C(60000000)

/* So slow that nothing is. */
#define SLOW_US INT64_C(10000000)

struct Destination {
    Destination *next;
    int waiting;                    /* notifications that are lent, */
    int active;                     /* and under way */
    int limit;                      /* of these, at once */
    int64_t took_us;                /* about what an answer takes */
    bool was_idle;                  /* when rooms were last asked for */
    int64_t ended_us;               /* the last one */
    int64_t rest_us;                /* 0: it does not rest */
    int64_t rest_until_us;
    char host[];
};

struct Destinations {
    Destination *first;
    int resting;
    StoreRoom *rooms;
    int size;
};

/* Without memory the host's own allocator ends the box, too. */
static void *get(void *old, size_t size)
{
    void *made = realloc(old, size);

    if (made == NULL)
        abort();
    return made;
}

Destinations *destinations_create(void)
{
    return calloc(1, sizeof(Destinations));
}

void destinations_destroy(Destinations *all)
{
    Destination *next;

    if (all == NULL)
        return;
    for (; all->first != NULL; all->first = next) {
        next = all->first->next;
        free(all->first);
    }
    free(all->rooms);
    free(all);
}

static Destination *add(Destinations *all, const char *host)
{
    const size_t len = strlen(host) + 1;
    Destination *made = get(NULL, sizeof(*made) + len);

    memset(made, 0, sizeof(*made));
    memcpy(made->host, host, len);
    made->limit = DESTINATION_ROOM;
    made->took_us = SLOW_US;
    made->next = all->first;
    all->first = made;
    return made;
}

Destination *destination_add(Destinations *all, const char *host)
{
    Destination *found = all->first;

    while (found != NULL && strcmp(found->host, host) != 0)
        found = found->next;
    if (found == NULL)
        found = add(all, host);
    ++found->waiting;
    found->was_idle = false;
    return found;
}

static bool is_idle(const Destination *host)
{
    return host->active == 0 && host->waiting == 0;
}

static void drop(Destinations *all, Destination *host)
{
    Destination **at = &all->first;

    while (*at != host)
        at = &(*at)->next;
    *at = host->next;
    all->resting -= host->rest_us > 0;
    free(host);
}

/* Hosts that nobody has notified for long are unused names. */
static void forget_oldest(Destinations *all)
{
    Destination *oldest = NULL, *host;

    for (host = all->first; host != NULL; host = host->next)
        if (is_idle(host) && host->rest_us > 0 &&
            (oldest == NULL || host->rest_until_us < oldest->rest_until_us))
            oldest = host;
    if (oldest != NULL)
        drop(all, oldest);
}

static int room_of(const Destination *host, int64_t now)
{
    return now < host->rest_until_us ? 0 : host->limit - host->active;
}

bool destination_begin(Destination *host, int64_t now)
{
    if (room_of(host, now) <= 0)
        return false;
    --host->waiting;
    ++host->active;
    return true;
}

void destination_leave(Destination *host)
{
    host->took_us = SLOW_US;
    --host->waiting;
}

static DestinationNews on_answer(Destinations *all, Destination *host,
                                 int64_t took)
{
    const bool rested = host->rest_us > 0;

    host->took_us += (took - host->took_us) / 8;
    host->limit *= 2;
    if (host->limit > DESTINATION_ROOM)
        host->limit = DESTINATION_ROOM;
    all->resting -= rested;
    host->rest_us = host->rest_until_us = 0;
    return rested ? DESTINATION_BACK : DESTINATION_SAME;
}

/* What was under way when it fell silent says nothing new. */
static DestinationNews on_silence(Destinations *all, Destination *host,
                                  int64_t now)
{
    const bool first = host->rest_us == 0;

    if (host->limit > 1) {
        host->limit /= 2;
        return DESTINATION_SAME;
    }
    if (now < host->rest_until_us)
        return DESTINATION_SAME;
    host->rest_us = first ? REST_US : 2 * host->rest_us;
    if (host->rest_us > DESTINATION_REST_MAX_US)
        host->rest_us = DESTINATION_REST_MAX_US;
    host->rest_until_us = now + host->rest_us;
    if (!first)
        return DESTINATION_SAME;
    if (++all->resting > MAX_RESTING)
        forget_oldest(all);
    return DESTINATION_RESTS;
}

DestinationNews destination_end(Destinations *all, Destination *host,
                                bool answered, int64_t begun, int64_t now)
{
    DestinationNews news = answered ? on_answer(all, host, now - begun)
                                    : on_silence(all, host, now);

    --host->active;
    host->ended_us = now;
    return news;
}

/* By Little's law: what waits is done within AHEAD_US. */
static int ahead_of(const Destination *host)
{
    int64_t ahead;

    if (host->limit < DESTINATION_ROOM)
        return 0;
    ahead = DESTINATION_ROOM * AHEAD_US / (host->took_us + 1);
    return ahead < DESTINATION_AHEAD ? (int)ahead : DESTINATION_AHEAD;
}

static bool is_plain(const Destination *host, int64_t now)
{
    return host->limit == DESTINATION_ROOM ||
           (host->rest_us == 0 && now - host->ended_us > FORGET_US);
}

/* Drops those that have been idle since the last time and not been silent, or
 * not of late: nothing is to be remembered of them. */
static void drop_plain(Destinations *all, int64_t now)
{
    Destination *host, *next;

    for (host = all->first; host != NULL; host = next) {
        next = host->next;
        if (host->was_idle && is_plain(host, now))
            drop(all, host);
        else
            host->was_idle = is_idle(host);
    }
}

const StoreRoom *destinations_rooms(Destinations *all, int64_t now, int *n)
{
    const Destination *host;
    int room;

    drop_plain(all, now);
    *n = 0;
    for (host = all->first; host != NULL; host = host->next) {
        if (*n == all->size) {
            all->size = 2 * all->size + 16;
            all->rooms = get(all->rooms,
                             (size_t)all->size * sizeof(*all->rooms));
        }
        room = room_of(host, now) + ahead_of(host) - host->waiting;
        all->rooms[(*n)++] = (StoreRoom) {
            .host = host->host, .room = room > 0 ? room : 0
        };
    }
    return all->rooms;
}
