/*
 * notifier.h - the PI hears one result
 *
 * One worker thread takes results from the database under a lease, posts
 * them as resultnotification-message, and reports back. Any 2xx ends a
 * notification; all else repeats it, later each time, until
 * notify-lifetime is over. Whoever dies in between leaves a lease that runs
 * out, so a PI hears at least once; it tells repeats by push-id and address.
 */

#ifndef CONVOY_NOTIFIER_H
#define CONVOY_NOTIFIER_H

#include "config.h"

/* Main thread. Returns 0, or -1 after one logged line. `config` is borrowed
 * for good. */
int notifier_init(const Config *config);

/* Main thread: starts the worker. */
void notifier_run(void);

/* Main thread: takes no more. Does not wait. */
void notifier_drain(void);

/* Main thread: gives what is under way two seconds from the drain on, ends
 * the worker, closes its connections. */
void notifier_stop(void);

#endif
