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

/* What an SMSC calls a copy. */
typedef struct {
    const char *smsc_id;
    const char *message_id;     /* as receipts and the ledger have it */
    const char *written;        /* as the SMSC wrote it, for cancel_sm */
} IdsName;

Ids *ids_create(void);
void ids_destroy(Ids *ids);

/* `copy` is the index of the copy in its group; the texts are copied. */
void ids_add(Ids *ids, const IdsName *name, int64_t group, int copy);
bool ids_find(const Ids *ids, const char *smsc_id, const char *message_id,
              int64_t *group, int *copy);

/* The name of a copy, valid until its group is forgotten; false: it has
 * none. */
bool ids_name(const Ids *ids, int64_t group, int copy, IdsName *name);

void ids_forget_group(Ids *ids, int64_t group);

#endif
