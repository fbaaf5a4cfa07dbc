/*
 * loans.h - the notifications that the database has lent to this wapbox
 *
 * One that is lent waits until its host has room, is posted once, and has
 * then ended: the PI has heard, or it is to be tried again, or given up. It
 * stays here until the database knows which.
 *
 * One thread; `now` is its monotonic clock.
 */

#ifndef CONVOY_LOANS_H
#define CONVOY_LOANS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "store/store.h"
#include "wapbox/notify_allow.h"
#include "wapbox/poster.h"

/* Enough for some hosts that hang, and for others to be served at full speed
 * beside them. */
#define LOANS_MAX 1024

/* How long one waits for room at most before it is given back. */
#define LOANS_WAIT_US INT64_C(2000000)

/* Longer than one may wait, its POST may last and its report may take, so
 * that no one else tries it meanwhile; but soon, when this wapbox was
 * killed. */
#define LOANS_LEASE_US (LOANS_WAIT_US + \
                        POSTER_TIMEOUT_MS * INT64_C(1000) + INT64_C(3000000))

typedef struct Loans Loans;

/* Main thread. Returns NULL without memory. Both are borrowed. */
Loans *loans_create(const Config *config, const NotifyAllow *allow);

/* Main thread, when nobody else uses it; NULL is allowed. What is lent comes
 * back to the database when its lease ends. */
void loans_destroy(Loans *all);

/* How many are lent, 0..LOANS_MAX. */
int loans_count(const Loans *all);

/* Puts the ids of all that are lent into `ids`; returns how many. */
int loans_ids(const Loans *all, int64_t ids[LOANS_MAX]);

/* How many may be lent now for each host that has not DESTINATION_ROOM.
 * Valid until the next call. */
const StoreRoom *loans_rooms(Loans *all, int64_t now, int *n);

/* These are lent: at most LOANS_MAX - loans_count(). Copies them. */
void loans_add(Loans *all, const StoreNote *notes, int n, int64_t now);

/* Posts those whose hosts have room; then as poster_run(). */
void loans_run(Loans *all, int64_t now, int fd, short events,
               int timeout_ms);

/* Any thread: ends the sleep of loans_run(). */
void loans_wake(Loans *all);

/* Has any ended whose report has not begun? */
bool loans_ended(const Loans *all);

/* Begins a report of all that have ended; returns how many. Their texts are
 * valid until loans_reported(), which has to come before the next report. */
int loans_report(Loans *all, StoreNoteDone notes[LOANS_MAX]);

/* The database knows of them, and they are not lent any more; or it may not:
 * they are reported again, or the PI would hear twice. */
void loans_reported(Loans *all, bool known);

#endif
