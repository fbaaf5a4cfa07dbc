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

/* How long a host that is silent is left alone between two tries, at most. */
#define DESTINATION_REST_MAX_US INT64_C(8000000)

/* Returns NULL without memory. */
Destinations *destinations_create(void);

/* NULL is allowed. */
void destinations_destroy(Destinations *all);

/* A notification begins. What is returned is valid until it has ended. */
Destination *destination_begin(Destinations *all, const char *host);

/* What its end means for the host. */
typedef enum {
    DESTINATION_SAME,
    DESTINATION_RESTS,          /* it has begun to be left alone */
    DESTINATION_BACK            /* it answers again */
} DestinationNews;

/* It has ended; `answered`: with an HTTP answer, whatever that says. */
DestinationNews destination_end(Destinations *all, Destination *host,
                                bool answered, int64_t now);

/* The room of each host that has another than DESTINATION_ROOM now. Valid
 * until the next call with `all`. */
const StoreRoom *destinations_rooms(Destinations *all, int64_t now, int *n);

#endif
