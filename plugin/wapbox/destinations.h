/*
 * destinations.h - how much each PI's host is given to do at once
 *
 * One host that is slow or silent must not take all the room there is for
 * notifications, and one that is down must not use up the patience of each
 * of its thousands of notifications. So a host has room for so many at once;
 * less, down to one, as long as it does not answer; and then none for some
 * seconds after each try. Any HTTP answer counts, since what it says concerns
 * that one notification; the first gives room again.
 *
 * A host that answers fast would be idle while the database is asked for
 * more. So it is lent more than it has room for, ahead of time: as many as it
 * will have done a moment later. These wait here.
 *
 * One thread. `now` is its monotonic clock.
 */

#ifndef CONVOY_DESTINATIONS_H
#define CONVOY_DESTINATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

typedef struct Destinations Destinations;
typedef struct Destination Destination;

/* Room of a host that answers. */
#define DESTINATION_ROOM 64

/* How many may wait for room at most. */
#define DESTINATION_AHEAD 448

/* How long a host that is silent is left alone between two tries, at most. */
#define DESTINATION_REST_MAX_US INT64_C(8000000)

/* Returns NULL without memory. */
Destinations *destinations_create(void);

/* NULL is allowed. */
void destinations_destroy(Destinations *all);

/* A notification is lent for a host, and waits. What is returned is valid
 * until it has left or ended. */
Destination *destination_add(Destinations *all, const char *host);

/* One that waits begins, if there is room; else returns false. */
bool destination_begin(Destination *host, int64_t now);

/* One waits no more, although there was no room. */
void destination_leave(Destination *host);

/* What its end means for the host. */
typedef enum {
    DESTINATION_SAME,
    DESTINATION_RESTS,          /* it has begun to be left alone */
    DESTINATION_BACK            /* it answers again */
} DestinationNews;

/* It has ended; `answered`: with an HTTP answer, whatever that says. It began
 * at `begun`. */
DestinationNews destination_end(Destinations *all, Destination *host,
                                bool answered, int64_t begun, int64_t now);

/* How many more may be lent for each host that may have another number now
 * than DESTINATION_ROOM. Valid until the next call with `all`. */
const StoreRoom *destinations_rooms(Destinations *all, int64_t now, int *n);

#endif
