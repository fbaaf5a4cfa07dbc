/*
 * batch.h - what is to be committed together
 *
 * Outcomes become ledger rows, and where they move a group, its new state
 * goes into the same batch: one transaction. A batch is open while another
 * is on its way to the database, so that batches grow with the load and are
 * small when there is none. It keeps copies of all it holds: a batch whose
 * connection broke is sent again under its old number, and the database
 * knows if it had been committed after all.
 *
 * Belongs to the scheduler's thread.
 */

#ifndef CONVOY_BATCH_H
#define CONVOY_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bearerbox/active.h"
#include "store/store.h"

typedef struct Batch Batch;

Batch *batch_create(void);
void batch_destroy(Batch *batch);

bool batch_empty(const Batch *batch);
int batch_rows(const Batch *batch);

/* Adds a row; the texts are copied. `at_us`: when it happened. ago_us of
 * `row` is ignored. */
void batch_add_row(Batch *batch, const StoreLedgerRow *row, int64_t at_us);

/* Puts this group on the batch's list, once: its `pending` counts it. */
void batch_touch(Batch *batch, Active *active);

/* Stores a group's state, in place of an earlier one in this batch. The
 * cause is copied. `due_us`: of now_us(), for DEFERRED and AWAITING;
 * TIME_NEVER keeps the time that is stored. */
void batch_set_state(Batch *batch, Active *active, const char *cause,
                     int code, int64_t due_us, int64_t hold_us);

/* Sends it, with the epochs that its groups have by now. Repeated with the
 * same number after STORE_LOST it is the same as it was. */
void batch_send(Batch *batch, Store *store, const char *instance,
                int64_t number, int64_t now, StoreBatchDone *done,
                void *arg);

/* The groups on its list. */
Active **batch_groups(const Batch *batch, int *n);

/* The groups that end with it, one after the other: begin with *at 0; NULL
 * after the last. `*cause` is the batch's own. */
Active *batch_next_ended(const Batch *batch, int *at, const char **cause);

#endif
