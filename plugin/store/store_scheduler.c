/*
 * store_scheduler.c - what the scheduler asks of the database
 */

#include <stdlib.h>
#include <string.h>

#include "store/memory.h"
#include "store/pg.h"
#include "store/rows.h"

/* --- the arguments ------------------------------------------------------ */

static const PgField SCOPE_FIELDS[] = {
    PG_FIELD(StoreScope, lease, INT4),
    PG_FIELD(StoreScope, epoch, INT8)
};
static const PgRecord SCOPE = PG_RECORD(SCOPE_FIELDS, StoreScope);

static const PgField LEDGER_FIELDS[] = {
    PG_FIELD(StoreLedgerRow, group, INT8),
    PG_FIELD(StoreLedgerRow, segment, INT2),
    PG_FIELD(StoreLedgerRow, attempt, INT2),
    PG_FIELD(StoreLedgerRow, copy, INT4),
    PG_FIELD(StoreLedgerRow, outcome, INT2),
    PG_FIELD_NULL(StoreLedgerRow, smsc_id, TEXT, PG_NULL),
    PG_FIELD_NULL(StoreLedgerRow, link, INT8, PG_NULL),
    PG_FIELD_NULL(StoreLedgerRow, message_id, TEXT, PG_NULL),
    PG_FIELD_NULL(StoreLedgerRow, code, INT4, PG_NULL_MINUS),
    PG_FIELD_NULL(StoreLedgerRow, text, TEXT, PG_NULL),
    PG_FIELD(StoreLedgerRow, ago_us, INT8)
};
static const PgRecord LEDGER = PG_RECORD(LEDGER_FIELDS, StoreLedgerRow);

static const PgField TRANSITION_FIELDS[] = {
    PG_FIELD(StoreTransition, group, INT8),
    PG_FIELD(StoreTransition, epoch, INT8),
    PG_FIELD(StoreTransition, attempt, INT2),
    PG_FIELD(StoreTransition, state, INT2),
    PG_FIELD(StoreTransition, aim, INT2),
    PG_FIELD(StoreTransition, new_attempt, INT2),
    PG_FIELD(StoreTransition, closed, BOOL),
    PG_FIELD_NULL(StoreTransition, due_in_us, INT8, PG_NULL_KEEP),
    PG_FIELD_NULL(StoreTransition, cause, TEXT, PG_NULL),
    PG_FIELD(StoreTransition, code, INT4),
    PG_FIELD(StoreTransition, hold_us, INT8)
};
static const PgRecord TRANSITION =
    PG_RECORD(TRANSITION_FIELDS, StoreTransition);

static const PgField RECEIPT_FIELDS[] = {
    PG_FIELD(StoreReceipt, smsc_id, TEXT),
    PG_FIELD(StoreReceipt, message_id, TEXT),
    PG_FIELD(StoreReceipt, outcome, INT2),
    PG_FIELD_NULL(StoreReceipt, code, INT4, PG_NULL_MINUS),
    PG_FIELD_NULL(StoreReceipt, text, TEXT, PG_NULL),
    PG_FIELD(StoreReceipt, ago_us, INT8)
};
static const PgRecord RECEIPT = PG_RECORD(RECEIPT_FIELDS, StoreReceipt);

/* --- the answers -------------------------------------------------------- */

static const PgField GROUP_FIELDS[] = {
    PG_FIELD(StoreGroup, id, INT8),
    PG_FIELD(StoreGroup, lease, INT4),
    PG_FIELD(StoreGroup, epoch, INT8),
    PG_FIELD(StoreGroup, receiver, TEXT),
    PG_FIELD(StoreGroup, route, TEXT),
    PG_FIELD(StoreGroup, sender, TEXT),
    PG_FIELD(StoreGroup, service, TEXT),
    PG_FIELD(StoreGroup, priority, INT2),
    PG_FIELD(StoreGroup, state, INT2),
    PG_FIELD(StoreGroup, aim, INT2),
    PG_FIELD(StoreGroup, attempt, INT2),
    PG_FIELD(StoreGroup, closed, BOOL),
    PG_FIELD(StoreGroup, takeovers, INT2),
    PG_FIELD(StoreGroup, segments, INT2),
    PG_FIELD(StoreGroup, concat_bits, INT2),
    PG_FIELD_NULL(StoreGroup, reference, INT4, PG_NULL_MINUS),
    PG_FIELD(StoreGroup, ports, PORTS),
    PG_FIELD(StoreGroup, payload, BYTEA),
    PG_FIELD_NULL(StoreGroup, extra, TEXT, PG_NULL),
    PG_FIELD(StoreGroup, deadline_in_us, INT8),
    PG_FIELD(StoreGroup, deadline_at_us, INT8),
    PG_FIELD_NULL(StoreGroup, due_in_us, INT8, PG_NULL),
    PG_FIELD(StoreGroup, cancel_requested, BOOL)
};

static const PgField HISTORY_FIELDS[] = {
    PG_AS("h_segment", StoreHistory, segment, INT2, PG_NOT_NULL),
    PG_AS("h_attempt", StoreHistory, attempt, INT2, PG_NOT_NULL),
    PG_AS("h_copy", StoreHistory, copy, INT4, PG_NOT_NULL),
    PG_AS("h_outcome", StoreHistory, outcome, INT2, PG_NOT_NULL),
    PG_AS("h_ago_us", StoreHistory, ago_us, INT8, PG_NOT_NULL),
    PG_AS("h_code", StoreHistory, code, INT4, PG_NULL_MINUS),
    PG_AS("h_smsc_id", StoreHistory, smsc_id, TEXT, PG_NULL),
    PG_AS("h_message_id", StoreHistory, message_id, TEXT, PG_NULL),
    PG_AS("h_text", StoreHistory, text, TEXT, PG_NULL)
};

static const PgField FENCED_FIELDS[] = {
    { "group_batch", PG_INT8, PG_NOT_NULL, 0 }
};

#define GIVES_GROUPS \
    .rows = PG_RECORD(GROUP_FIELDS, StoreGroup), \
    .arrays = PG_RECORD(HISTORY_FIELDS, StoreHistory)

static const PgCall CLAIM = {
    .function = "group_claim", .params = 3, GIVES_GROUPS
};
static const PgCall ADOPT = {
    .function = "group_adopt", .params = 3, GIVES_GROUPS
};
static const PgCall DUE = {
    .function = "group_due", .params = 3, GIVES_GROUPS
};
static const PgCall RECEIPTS = {
    .function = "receipts", .params = 8, GIVES_GROUPS
};
static const PgCall BATCH = {
    .function = "group_batch",
    .params = 24,
    .rows = PG_RECORD(FENCED_FIELDS, int64_t)
};
static const PgCall RESULT_WAKE = { .function = "result_wake" };
const PgCall pg_maintain = { .function = "maintain_ahead" };

static const PgCall *const CALLS[] = {
    &CLAIM, &ADOPT, &DUE, &RECEIPTS, &BATCH, &RESULT_WAKE, &pg_maintain, NULL
};
static const char *const CHANNELS[] = { "convoy_queue", NULL };

const PgRole pg_scheduler = {
    .name = "convoy scheduler",
    .title = "scheduler",
    .meanwhile = "nothing more is sent until it is back",
    .grant = "convoy_scheduler",
    .calls = CALLS,
    .channels = CHANNELS,
    .timeout_ms = 10000,
    .first = &pg_maintain
};

/* The ledgers of all groups, in one block, with their texts behind them. */
static StoreHistory *read_histories(const PGresult *result,
                                    StoreGroup *groups)
{
    const int first = CLAIM.rows.n;
    int n = PQntuples(result), i;
    size_t all = 0, size = 0;
    StoreHistory *histories, *next;
    char *room;

    for (i = 0; i < n; i++) {
        groups[i].histories = rows_array_length(result, i, first);
        all += (size_t) groups[i].histories;
        size += rows_array_room(result, i, first, &CLAIM.arrays);
    }
    histories = memory_resize(NULL, all * sizeof(*histories) + size, 1);
    memset(histories, 0, all * sizeof(*histories));
    next = histories;
    room = (char *) (histories + all);
    for (i = 0; i < n; i++) {
        rows_array(result, i, first, &CLAIM.arrays, next, &room);
        groups[i].history = next;
        next += groups[i].histories;
    }
    return histories;
}

static void give_groups(const PgReply *reply)
{
    StoreGroups *done = (StoreGroups *) reply->done;
    StoreGroup *groups;
    StoreHistory *histories;

    if (reply->outcome != STORE_DONE) {
        done(reply->arg, reply->outcome, NULL, 0);
        return;
    }
    groups = rows_read(reply->result, &CLAIM.rows);
    histories = read_histories(reply->result, groups);
    done(reply->arg, STORE_DONE, groups, PQntuples(reply->result));
    free(histories);
    free(groups);
}

static void give_fenced(const PgReply *reply)
{
    StoreBatchDone *done = (StoreBatchDone *) reply->done;
    int64_t *fenced;

    if (reply->outcome != STORE_DONE) {
        done(reply->arg, reply->outcome, NULL, 0);
        return;
    }
    fenced = rows_read(reply->result, &BATCH.rows);
    done(reply->arg, STORE_DONE, fenced, PQntuples(reply->result));
    free(fenced);
}

/* --- the calls ---------------------------------------------------------- */

static void send_scope(Store *store, const PgCall *call,
                       const StoreScope *scope, int n, int max,
                       StoreGroups *done, void *arg)
{
    Args *args = pg_args(store);

    args_records(args, &SCOPE, scope, n);
    args_int(args, max);
    pg_send(store, call, give_groups, (void (*)(void)) done, arg, 0);
}

void store_claim(Store *store, const StoreScope *scope, int n, int max,
                 StoreGroups *done, void *arg)
{
    send_scope(store, &CLAIM, scope, n, max, done, arg);
}

void store_adopt(Store *store, const StoreScope *scope, int n, int max,
                 StoreGroups *done, void *arg)
{
    send_scope(store, &ADOPT, scope, n, max, done, arg);
}

void store_due(Store *store, const StoreScope *scope, int n, int max,
               StoreGroups *done, void *arg)
{
    send_scope(store, &DUE, scope, n, max, done, arg);
}

void store_batch(Store *store, const char *instance, int64_t batch,
                 const StoreLedgerRow *rows, int n,
                 const StoreTransition *transitions, int m,
                 StoreBatchDone *done, void *arg)
{
    Args *args = pg_args(store);

    args_text(args, instance);
    args_int64(args, batch);
    args_records(args, &LEDGER, rows, n);
    args_records(args, &TRANSITION, transitions, m);
    pg_send(store, &BATCH, give_fenced, (void (*)(void)) done, arg, 0);
}

void store_receipts(Store *store, const char *instance, int64_t batch,
                    const StoreReceipt *receipts, int n, StoreGroups *done,
                    void *arg)
{
    Args *args = pg_args(store);

    args_text(args, instance);
    args_int64(args, batch);
    args_records(args, &RECEIPT, receipts, n);
    pg_send(store, &RECEIPTS, give_groups, (void (*)(void)) done, arg, 0);
}

void store_result_wake(Store *store)
{
    pg_args(store);
    pg_send(store, &RESULT_WAKE, NULL, NULL, NULL, 0);
}

void store_maintain(Store *store)
{
    pg_args(store);
    pg_send(store, &pg_maintain, NULL, NULL, NULL, 0);
}
