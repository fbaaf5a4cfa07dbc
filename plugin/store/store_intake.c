/*
 * store_intake.c - what intake asks of the database
 */

#include <stdlib.h>

#include "store/memory.h"
#include "store/pg.h"
#include "store/rows.h"

static const PgField PUSH_FIELDS[] = {
    PG_FIELD(StorePush, pi, TEXT),
    PG_FIELD(StorePush, push_id, TEXT),
    PG_FIELD_NULL(StorePush, notify_url, TEXT, PG_NULL),
    PG_FIELD_NULL(StorePush, source_reference, TEXT, PG_NULL),
    PG_FIELD_NULL(StorePush, qos, TEXT, PG_NULL),
    PG_FIELD_NULL(StorePush, replaces, TEXT, PG_NULL),
    PG_FIELD(StorePush, pending_only, BOOL)
};
static const PgRecord PUSH = PG_RECORD(PUSH_FIELDS, StorePush);

static const PgField GROUP_FIELDS[] = {
    PG_FIELD(StoreNewGroup, address, TEXT),
    PG_FIELD(StoreNewGroup, receiver, TEXT),
    PG_FIELD(StoreNewGroup, route, TEXT),
    PG_FIELD(StoreNewGroup, sender, TEXT),
    PG_FIELD(StoreNewGroup, service, TEXT),
    PG_FIELD(StoreNewGroup, priority, INT2),
    PG_FIELD_NULL(StoreNewGroup, not_before_us, INT8, PG_NULL),
    PG_FIELD_NULL(StoreNewGroup, deadline_us, INT8, PG_NULL),
    PG_FIELD(StoreNewGroup, segments, INT2),
    PG_FIELD(StoreNewGroup, concat_bits, INT2),
    PG_FIELD(StoreNewGroup, ports, PORTS),
    PG_FIELD(StoreNewGroup, payload, BYTEA),
    PG_FIELD_NULL(StoreNewGroup, extra, TEXT, PG_NULL),
    PG_FIELD_NULL(StoreNewGroup, refused, INT4, PG_NULL),
    PG_FIELD_NULL(StoreNewGroup, cause, TEXT, PG_NULL)
};
static const PgRecord GROUP = PG_RECORD(GROUP_FIELDS, StoreNewGroup);

/* Which push a group belongs to, and what became of a push: SQL counts
 * from 1. */
typedef struct {
    int push, code;
} Stored;

static const PgField STORED_FIELDS[] = {
    PG_FIELD(Stored, push, INT4),
    PG_FIELD(Stored, code, INT4)
};
static const PgRecord NUMBER = { STORED_FIELDS, 1, sizeof(Stored) };

static const PgCall PUSH_STORE = {
    .function = "push_store",
    .params = 25,
    .rows = PG_RECORD(STORED_FIELDS, Stored),
    .caller_tells = true
};
static const PgCall PUSH_WAKE = { .function = "push_wake" };

static const PgField STATUS_FIELDS[] = {
    PG_AS("group_id", StoreStatus, group, INT8, PG_NOT_NULL),
    PG_FIELD(StoreStatus, address, TEXT),
    PG_FIELD(StoreStatus, state, TEXT),
    PG_FIELD(StoreStatus, code, INT4),
    PG_FIELD(StoreStatus, cause, TEXT),
    PG_FIELD(StoreStatus, event_at_us, INT8),
    PG_FIELD(StoreStatus, live, BOOL),
    PG_FIELD(StoreStatus, cancelling, BOOL),
    PG_FIELD(StoreStatus, partly, BOOL),
    PG_FIELD_NULL(StoreStatus, qos, TEXT, PG_NULL)
};
static const PgCall PUSH_STATUS = {
    .function = "push_status",
    .params = 2,
    .rows = PG_RECORD(STATUS_FIELDS, StoreStatus)
};

/* A plain array. */
static const PgField ID_FIELDS[] = {
    { "groups", PG_INT8, PG_NOT_NULL, 0 }
};
static const PgRecord ID = PG_RECORD(ID_FIELDS, int64_t);

static const PgCall PUSH_CANCEL = { .function = "push_cancel", .params = 1 };
static const PgCall CANCEL_WAKE = { .function = "cancel_wake" };

static const PgCall *const CALLS[] = {
    &PUSH_STORE, &PUSH_WAKE, &PUSH_STATUS, &PUSH_CANCEL, &CANCEL_WAKE,
    &pg_maintain, NULL
};
static const char *const CHANNELS[] = { NULL };

const PgRole pg_intake = {
    .name = "convoy intake",
    .title = "intake",
    .meanwhile = "pushes are answered 4001 until it is back",
    .grant = "convoy_intake",
    .calls = CALLS,
    .channels = CHANNELS,
    .timeout_ms = 4000,         /* its clients have their answers by then */
    .first = &pg_maintain
};

static void stored(const PgReply *reply)
{
    StorePushDone *done = (StorePushDone *) reply->done;
    int *codes;
    Stored *rows;
    int i, n;

    if (reply->outcome != STORE_DONE) {
        done(reply->arg, reply->outcome, NULL, reply->n);
        return;
    }
    n = PQntuples(reply->result);
    rows = rows_read(reply->result, &PUSH_STORE.rows);
    codes = memory_resize(NULL, (size_t) reply->n, sizeof(*codes));
    for (i = 0; i < reply->n; i++)
        codes[i] = 0;
    for (i = 0; i < n; i++) {
        if (rows[i].push >= 1 && rows[i].push <= reply->n)
            codes[rows[i].push - 1] = rows[i].code;
    }
    done(reply->arg, STORE_DONE, codes, reply->n);
    free(codes);
    free(rows);
}

void store_push(Store *store, const StorePush *pushes, int n,
                const StoreNewGroup *groups, int m, int64_t lifetime_us,
                int64_t receipt_timeout_us, StorePushDone *done, void *arg)
{
    Args *args = pg_args(store);
    Stored *numbers = memory_resize(NULL, (size_t) m, sizeof(*numbers));
    int i;

    for (i = 0; i < m; i++)
        numbers[i].push = groups[i].push + 1;
    args_records(args, &PUSH, pushes, n);
    args_records(args, &NUMBER, numbers, m);
    args_records(args, &GROUP, groups, m);
    args_int64(args, lifetime_us);
    args_int64(args, receipt_timeout_us);
    free(numbers);
    pg_send(store, &PUSH_STORE, stored, (void (*)(void)) done, arg, n);
}

void store_wake(Store *store)
{
    pg_args(store);
    pg_send(store, &PUSH_WAKE, NULL, NULL, NULL, 0);
}

static void give_status(const PgReply *reply)
{
    StoreStatusDone *done = (StoreStatusDone *) reply->done;
    StoreStatus *groups;

    if (reply->outcome != STORE_DONE) {
        done(reply->arg, reply->outcome, NULL, 0);
        return;
    }
    groups = rows_read(reply->result, &PUSH_STATUS.rows);
    done(reply->arg, STORE_DONE, groups, PQntuples(reply->result));
    free(groups);
}

void store_push_status(Store *store, const char *pi, const char *push_id,
                       StoreStatusDone *done, void *arg)
{
    Args *args = pg_args(store);

    args_text(args, pi);
    args_text(args, push_id);
    pg_send(store, &PUSH_STATUS, give_status, (void (*)(void)) done, arg, 0);
}

static void give_cancelled(const PgReply *reply)
{
    StoreCancelDone *done = (StoreCancelDone *) reply->done;

    done(reply->arg, reply->outcome);
}

void store_push_cancel(Store *store, const int64_t *groups, int n,
                       StoreCancelDone *done, void *arg)
{
    args_records(pg_args(store), &ID, groups, n);
    pg_send(store, &PUSH_CANCEL, give_cancelled, (void (*)(void)) done, arg,
            0);
}

void store_cancel_wake(Store *store)
{
    pg_args(store);
    pg_send(store, &CANCEL_WAKE, NULL, NULL, NULL, 0);
}
