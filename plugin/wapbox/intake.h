/*
 * intake.h - pushes become durable, then accepted
 *
 * One worker thread stores pushes in batches, one batch in flight while the
 * next collects: a lone push goes at once, many share one commit. A client
 * reads 1001 only after the commit of its push; 2007 if its push-id was
 * known; 4001 if nobody can say in time that it was stored, be it that the
 * database is down, or slow, or that the PPG lost the push on its way.
 *
 * The worker and its connection also serve status queries and cancels.
 */

#ifndef CONVOY_INTAKE_H
#define CONVOY_INTAKE_H

#include <stdbool.h>

#include "config.h"
#include "wapbox/inquiry.h"
#include "wapbox/push.h"

/* Main thread. Returns 0, or -1 after a logged line. `config` is borrowed
 * for good. Pushes may come from now on. */
int intake_init(const Config *config);

/* Main thread: starts the worker. */
void intake_run(void);

/* PAP thread: `push` has a client; `number` is the PPG's. The intake owns
 * it, and answers it in time, whatever happens next. */
void intake_hold(Push *push, long number);

/*
 * Thread of the datagram: takes back what is held under `number`. False: not
 * ours. True and *push: the caller completes it and gives it to
 * intake_store(). True and NULL: swallow the datagram.
 */
bool intake_take(long number, Push **push);

/* Any thread: to be stored, or answered by its refusal. Takes it over. */
void intake_store(Push *push);

/* Any thread: a status query or a cancel with a client. Takes it over. */
void intake_ask(Inquiry *inquiry);

/* Main thread, when no more pushes come: every client is answered when this
 * returns, within three seconds. */
void intake_drain(void);

/* Main thread, after the drain: ends the worker, closes the database. */
void intake_stop(void);

#endif
