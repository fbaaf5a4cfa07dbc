/*
 * targets.h - the addresses of a push, good and bad
 *
 * A push goes to each of its addresses that is a phone number which its PI
 * may push to. One that is not has a result at once, of state rejected, and
 * harms no other; only a push without any good address is refused. The host
 * knows pushes to one address: it gets to see the first good one, and what it
 * makes of the push then goes to all.
 *
 * Two addresses that are one phone are one target, under the address that
 * came first.
 */

#ifndef CONVOY_TARGETS_H
#define CONVOY_TARGETS_H

#include "wapbox/push.h"

/* As number_allowed() of GwHost. */
typedef int TargetAllowed(const char *user, const char *number);

/*
 * PAP thread: judges the addresses of push->pap. Refuses the push if no phone
 * number among them is good; but one IP address alone is the host's.
 */
void targets_judge(Push *push, TargetAllowed *allowed);

/* The first good address. There must be one. */
const char *targets_first(const Push *push);

/* Once the route is known: makes receivers canonical, and drops targets that
 * are the same as an earlier one. */
void targets_complete(Push *push, const Config *config);

void targets_clear(Push *push);

#endif
