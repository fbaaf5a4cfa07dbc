/*
 * ids.h - which copy an SMSC's message id stands for
 *
 * For the groups that the scheduler has in memory. Receipts of all others
 * are matched by the database in its ledger.
 *
 * Belongs to the scheduler's thread.
 */

#ifndef CONVOY_IDS_H
#define CONVOY_IDS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Ids Ids;

Ids *ids_create(void);
void ids_destroy(Ids *ids);

/* `copy` is the index of the copy in its group. */
void ids_add(Ids *ids, const char *smsc_id, const char *message_id,
             int64_t group, int copy);
bool ids_find(const Ids *ids, const char *smsc_id, const char *message_id,
              int64_t *group, int *copy);
void ids_forget_group(Ids *ids, int64_t group);

#endif
