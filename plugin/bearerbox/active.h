/*
 * active.h - the groups that a scheduler has in its hands
 *
 * A group is in memory from its claim (or adoption) until it awaits
 * receipts, is deferred, or has ended: then the database holds it alone.
 * The table finds groups by id and by the moment of their next timer.
 *
 * Belongs to the scheduler's thread.
 */

#ifndef CONVOY_ACTIVE_H
#define CONVOY_ACTIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/classify.h"
#include "core/group.h"
#include "store/store.h"

/* What was last put into a batch for a group. */
typedef struct {
    GroupState state;
    GroupAim aim;
    int attempt;
    bool closed;
} ActiveStored;

typedef struct Active {
    Group group;
    int64_t id, epoch;
    int lease;
    ActiveStored stored;

    char *receiver, *route, *sender, *service;
    char *extra;                /* of its body, NULL: none */
    int priority, concat_bits, reference;
    int64_t deadline_at_us;     /* epoch by the database's clock */
    unsigned char ports[4];
    unsigned char *payload;
    size_t payload_len;

    unsigned long link;         /* of this attempt, 0: none yet */
    bool checked_write;
    Driver driver;
    int64_t stuck_since;        /* the link takes nothing; 0: it does */
    char smsc_id[64];
    uint64_t ticket;            /* of the unanswered submit, 0: none */
    int64_t answer_due;         /* when it is to be doubted */
    bool queried;               /* the SMSC was asked before UNKNOWN */
    int queries;                /* of these, not answered yet */
    char *said;                 /* the SMSC's last words of refusal */
    int64_t linger_until;       /* all accepted: kept so long, 0: not yet */

    int pending;                /* batches with news of it, uncommitted */
    struct Batch *batch;        /* the open batch it is in, or NULL */
    int transition;             /* its place there, -1: none */
    bool fenced;                /* the last batch's answer: not ours */
    bool dropped;               /* not ours any more, and not in the table;
                                 * freed once nothing refers to it */

    struct Active *queue_next;  /* waiting for a link */
    bool queued;

    int64_t when;               /* its next timer */
    int heap_at;                /* -1: no timer */
    struct Active *hash_next;
} Active;

typedef struct Actives Actives;

Actives *actives_create(void);
void actives_destroy(Actives *actives);

/* Copies a row and rebuilds the group with its history; NULL if the row
 * contradicts itself. `now`: of now_us(). */
Active *actives_add(Actives *actives, const StoreGroup *row,
                    const GroupLimits *limits, int64_t now);

Active *actives_find(Actives *actives, int64_t id);
int actives_count(const Actives *actives);

/* Takes it out of the table: it is not found any more and has no timer. */
void actives_drop(Actives *actives, Active *active);

/* Takes it out if it still is in, and frees it. */
void actives_remove(Actives *actives, Active *active);

/* Sets the moment of its next timer; TIME_NEVER: none. */
void actives_wake_at(Actives *actives, Active *active, int64_t when);

/* The group whose timer is the earliest, or NULL. */
Active *actives_first(Actives *actives);

/* Calls each(); it may not add or remove. */
void actives_each(Actives *actives, void (*each)(Active *active, void *arg),
                  void *arg);

#endif
