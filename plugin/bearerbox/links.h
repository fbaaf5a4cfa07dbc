/*
 * links.h - which link a group takes, and how fast it may be used
 *
 * A driver's own queue is kept short (a few messages handed over but not yet
 * written), so that a segment of a group that has begun never waits behind
 * many that have not. A link whose SMSC throttles is slowed, not stopped:
 * its rate falls to what the SMSC took lately and rises again by steps.
 * A few throttled answers do not count: SMSCs differ, and what matters is
 * their share among many. What can go over another link meanwhile does.
 *
 * Belongs to the scheduler's thread.
 */

#ifndef CONVOY_LINKS_H
#define CONVOY_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "bearerbox/tickets.h"
#include "bearerbox/wire.h"

typedef struct Links Links;

/* Borrows both for its life. */
Links *links_create(const Wire *wire, Tickets *tickets);
void links_destroy(Links *links);

/*
 * The link that a new attempt should take: active, preferred before others,
 * then one that can take it at once, then the one with the shortest wait.
 * Returns false if no link can carry it now.
 */
bool links_choose(Links *links, const char *route, const char *receiver,
                  int64_t now, WireLink *chosen);

/* Is there such a link, active or not? One that was stopped or removed never
 * comes back under its serial number. */
bool links_exists(Links *links, unsigned long serial);

/* So many groups more (or fewer, if negative) wait for this link. */
void links_count_waiting(Links *links, unsigned long serial, int change);

/* Could a link of this route take another group at once? */
bool links_idle(Links *links, const char *route, int64_t now);

/* Is a link of this route active ("": any link)? */
bool links_serve(Links *links, const char *route);

/* May this link be handed another segment at `now`? */
bool links_ready(Links *links, unsigned long serial, bool checked_write,
                 int64_t now);

/* A segment was handed over; an answer came; the link went away. */
void links_count_send(Links *links, unsigned long serial, int64_t now);
void links_count_answer(Links *links, unsigned long serial, bool throttled,
                        int64_t now);
void links_forget(Links *links, unsigned long serial);

/* The rate a link is held to, segments a second; 0: not held. */
double links_rate(const Links *links, unsigned long serial);

/* What it took lately, segments a second. */
double links_speed(const Links *links, unsigned long serial);

#endif
