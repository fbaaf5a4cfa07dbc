/*
 * status.h - the module's part of bearerbox's status page, and /convoy
 *
 * HTTP admin threads. What is returned belongs to the caller; `scheduler`
 * may be NULL while the box starts.
 */

#ifndef CONVOY_STATUS_H
#define CONVOY_STATUS_H

#include "gwlib/gwlib.h"

#include "bearerbox/scheduler.h"

/* A block in the host's status type (BBSTATUS_*). */
Octstr *status_block(Scheduler *scheduler, int status_type);

/* The answer to the admin command: plain text, all there is to say. */
Octstr *status_text(Scheduler *scheduler);

#endif
