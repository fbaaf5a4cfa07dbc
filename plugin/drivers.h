/*
 * drivers.h - SMSC drivers that cannot carry a push as one unit
 *
 * A driver that sends a segment again by itself breaks the order and counts
 * no retry; one that says "sent" before its SMSC has answered makes every
 * acknowledgement a guess; one that cannot tell the receipts of two segments
 * apart would make results false. The boxes do not start with such a link,
 * unless pushes cannot get to it. One that an operator adds to a bearerbox
 * that runs does not stop it, but gets no segment, whatever its routing.
 */

#ifndef CONVOY_DRIVERS_H
#define CONVOY_DRIVERS_H

#include "gwlib/gwlib.h"

/*
 * Looks at every group = smsc. `route` is the smsc-id of pushes that name
 * none, or NULL. Returns 0, or -1 after one gw_hooks_error().
 */
int drivers_check(Cfg *cfg, const char *route);

/*
 * May a link of this group = smsc carry segments? Returns 1; or 0, after one
 * logged line if pushes of `route` would get to it otherwise. Any thread.
 */
int drivers_fit(CfgGroup *grp, const char *route);

#endif
