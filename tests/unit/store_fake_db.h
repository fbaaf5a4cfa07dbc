/*
 * store_fake_db.h - the queue behind the store in memory
 *
 * What the functions in sql/functions do, on arrays. Nothing is ever freed
 * before fake_db_reset(), so that answers may point into it. Group states
 * take the place of SQL's flags: a receiver is held by a group in SENDING or
 * ROLLBACK that is not parked; a group is ready when it is QUEUED and not
 * lent.
 */

#ifndef STORE_FAKE_DB_H
#define STORE_FAKE_DB_H

#include "store/store.h"

enum { FAKE_SHARDS = 32 };

typedef struct {
    StorePush push;
    int64_t accepted_at;
} FakePush;

typedef struct {
    StoreGroup row;                 /* in_us fields and history unused */
    int push;                       /* index of its push */
    const char *address;
    int64_t deadline_at, due_at;
    int64_t look_at;                /* when `due` gives it; INT64_MAX never */
    bool lent;                      /* to its owner, who will answer */
    bool parked;
    int code;                       /* of an ended one, like these: */
    const char *cause;
    int64_t ended_at;               /* epoch */
    const void *follows;            /* the group it waits for, or NULL */
} FakeGroup;

typedef struct {
    StoreLedgerRow row;             /* ago_us unused */
    int64_t at;
} FakeRow;

typedef struct {
    StoreReceipt receipt;           /* ago_us unused */
    int64_t at;
    bool used;
} FakeReceipt;

typedef struct {
    StoreLease lease;               /* fresh, yielding: of the last answer */
    int shard;
    const char *owner;              /* instance, NULL: free */
    bool orderly;
} FakeLease;

typedef struct {
    const char *name;
    const char **routes;
    int n_routes;
    int64_t expires_at;
} FakeInstance;

typedef struct {
    const char *instance;
    int64_t number;
    int64_t *fenced;
    int n_fenced;
} FakeBatch;

typedef struct {
    StoreNote note;
    int64_t due_at;
    bool done;
    const char *holder;         /* who tries it until then; NULL: nobody */
} FakeNote;

/* A growing array; items are reached with a cast. */
typedef struct {
    void *items;
    int n, size;
} FakeArray;

typedef struct {
    int64_t now;                    /* monotonic */
    int64_t epoch_base;             /* wall clock minus `now` */
    const char *deployment;
    FakeArray pushes, groups, rows, inbox, leases, instances, batches, notes;
    int64_t next_group, next_epoch;
    bool held;
} FakeDb;

extern FakeDb fake_db;

void fake_db_reset(const char *deployment);

/* When `due` has to give a group, in its present state. */
int64_t fake_look_time(const FakeGroup *group);

/* Memory that lives until the reset. */
void *fake_alloc(size_t size);
const char *fake_text(const char *text);
void *fake_add(FakeArray *array, size_t item);

FakeGroup *fake_group(int i);
FakeGroup *fake_find_group(int64_t id);
FakeLease *fake_lease(int i);
FakeInstance *fake_find_instance(const char *name);
bool fake_instance_lives(const char *name);

/* Leases for a route that nobody named before. */
void fake_create_leases(const char *route);

/* --- the calls; those that may be refused return why, or NULL ----------- */

void fake_push(const StorePush *pushes, int n, const StoreNewGroup *groups,
               int m, int64_t lifetime_us, int *codes);

/* An array to be freed. */
StoreStatus *fake_status(const char *pi, const char *push_id, int *found);
void fake_cancel(const int64_t *groups, int n);

/* Each gives an array to be freed with its histories. */
StoreGroup *fake_claim(const StoreScope *scope, int n, int max, int *found);
StoreGroup *fake_adopt(const StoreScope *scope, int n, int max, int *found);
StoreGroup *fake_due(const StoreScope *scope, int n, int max, int *found);
void fake_free_groups(StoreGroup *groups, int n);

const char *fake_batch(const char *instance, int64_t number,
                       const StoreLedgerRow *rows, int n,
                       const StoreTransition *transitions, int m,
                       const int64_t **fenced, int *n_fenced);
const char *fake_receipts(const char *instance, int64_t number,
                          const StoreReceipt *receipts, int n,
                          StoreGroup **groups, int *found);

const char *fake_instance(const char *instance, const char *deployment,
                          const char *predecessor, const StoreLast *last,
                          StoreStarted *started);
const char *fake_renew(const char *instance, const char *const *routes,
                       int n, int64_t ttl_us, const int *release,
                       int n_release, StoreLease **leases, int *found);

StoreNote *fake_take(const char *instance, int max, int64_t lease_us,
                     int per_host, const StoreRoom *rooms, int n, int *found);
void fake_forgotten(const char *instance, const int64_t *known, int n);
void fake_notified(const StoreNoteDone *notes, int n);

/* --- between the files -------------------------------------------------- */

/* Room for an answer of so many groups; a group as an answer has it, with its
 * ledger. */
StoreGroup *fake_room(int max);
StoreGroup fake_row(const FakeGroup *group);
/* Does it hold its receiver? */
bool fake_holds(const FakeGroup *group);
/* To its owner, who is to answer with a transition. */
void fake_lend(FakeGroup *group, int64_t epoch);
/* Enters a batch; *repeated if its number is in already. NULL: the instance
 * is unknown. */
FakeBatch *fake_begin_batch(const char *instance, int64_t number,
                            bool *repeated);
extern const char fake_not_started[];
void fake_write_row(const StoreLedgerRow *row, int64_t at);
void fake_notify_of(const FakeGroup *group, const StoreTransition *ending);

#endif
