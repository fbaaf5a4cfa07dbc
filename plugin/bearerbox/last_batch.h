/*
 * last_batch.h - what this box last saw committed, kept beside the database
 *
 * A database that was restored from a backup knows nothing of what was sent
 * since, and would have it sent again. So each box writes down its last
 * batch in a file; when it starts, or reconnects, the database must know
 * that batch, or it holds the queue (sql/functions/instance_start.sql).
 *
 * The file is at most a second behind, never ahead of what is committed, and
 * is not forced to the disk: it only has to survive the box, and be about as
 * new as the last backup. Boxes on one host may share it: any batch that any
 * of them saw will do. Without a file nothing is checked.
 */

#ifndef CONVOY_LAST_BATCH_H
#define CONVOY_LAST_BATCH_H

#include <stdint.h>

#include "bearerbox/news.h"

typedef struct LastBatch LastBatch;

typedef struct {
    char instance[INSTANCE_SIZE];   /* "": nothing is known */
    int64_t number;
    int restores;                   /* of the database, by then */
} LastBatchFact;

/* Reads the deployment's file in this folder; makes the folder, if its parent
 * is there. A file that cannot be read counts as none, with a warning. */
LastBatch *last_batch_open(const char *folder, const char *deployment,
                           void (*log)(int level, const char *text));

/* Any thread: this batch is committed. */
void last_batch_note(LastBatch *last, const char *instance, int64_t number);

/* Any thread: the database counts so many restores that were accepted. */
void last_batch_restores(LastBatch *last, int restores);

/* Any thread: what is known. */
LastBatchFact last_batch_fact(LastBatch *last);

/* One thread: writes the file if there is news. One warning, and one line
 * when it works again. */
void last_batch_save(LastBatch *last);

/* Saves and frees. */
void last_batch_close(LastBatch *last);

#endif
