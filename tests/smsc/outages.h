/*
 * outages.h - links that go down and phones that are off, as a trace has it.
 *
 * A link has a place: the lowest number, from 1, that no other bound link
 * has. When the trace takes a place down its link is closed, and until it is
 * up again a bind that would get this place is refused. What the gateway
 * ended itself is no outage.
 */
#ifndef SMSC_OUTAGES_H
#define SMSC_OUTAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "table.h"

struct link;
struct outage;

struct outages {
    struct outage *list;                /* by time */
    size_t count, room, next;
    int64_t began_us;                   /* on loop_now()'s clock */
    struct loop_timer timer;
    struct table down;                  /* places, and phones by hash */
};

/* While a trace is read: something goes away, or comes back. Microseconds
 * since the trace's begin; in any order. `place` 0: it is a phone. */
void outages_add(struct outages *outages, int64_t at_us, unsigned place,
                 const char *receiver, bool down);
void outages_free(struct outages *outages);

struct smsc;

/* The trace begins now, from its beginning: everything is up, as it was
 * before, and the first outage is still to come. */
void outages_begin(struct smsc *smsc);

/* Gives a link that wants to bind its place, if there is a trace; false if
 * that is down. */
bool outages_place(struct link *link);

bool outages_phone_is_off(const struct outages *outages,
                          const char *receiver);

#endif
