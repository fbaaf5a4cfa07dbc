/*
 * store_notifier.c - what the notifier asks of the database
 */

#include <stdlib.h>

#include "store/pg.h"
#include "store/rows.h"

static const PgField NOTE_FIELDS[] = {
    PG_FIELD(StoreNote, id, INT8),
    PG_FIELD(StoreNote, url, TEXT),
    PG_FIELD(StoreNote, pi, TEXT),
    PG_FIELD(StoreNote, push_id, TEXT),
    PG_FIELD(StoreNote, address, TEXT),
    PG_FIELD_NULL(StoreNote, source_reference, TEXT, PG_NULL),
    PG_FIELD_NULL(StoreNote, qos, TEXT, PG_NULL),
    PG_FIELD(StoreNote, state, INT2),
    PG_FIELD(StoreNote, code, INT4),
    PG_FIELD(StoreNote, cause, TEXT),
    PG_FIELD(StoreNote, accepted_at_us, INT8),
    PG_FIELD(StoreNote, event_at_us, INT8),
    PG_FIELD(StoreNote, age_us, INT8),
    PG_FIELD(StoreNote, tries, INT4),
    PG_FIELD(StoreNote, host, TEXT)
};

static const PgField ROOM_FIELDS[] = {
    PG_FIELD(StoreRoom, host, TEXT),
    PG_FIELD(StoreRoom, room, INT4)
};
static const PgRecord ROOM = PG_RECORD(ROOM_FIELDS, StoreRoom);

static const PgField NOTE_DONE_FIELDS[] = {
    PG_FIELD(StoreNoteDone, id, INT8),
    PG_FIELD(StoreNoteDone, tries, INT4),
    PG_FIELD_NULL(StoreNoteDone, verdict, TEXT, PG_NULL),
    PG_FIELD(StoreNoteDone, retry_in_us, INT8),
    PG_FIELD_NULL(StoreNoteDone, answer, TEXT, PG_NULL)
};
static const PgRecord NOTE_DONE = PG_RECORD(NOTE_DONE_FIELDS, StoreNoteDone);

/* A plain array. */
static const PgField KNOWN_FIELDS[] = {
    { "known", PG_INT8, PG_NOT_NULL, 0 }
};
static const PgRecord KNOWN = PG_RECORD(KNOWN_FIELDS, int64_t);

static const PgCall TAKE = {
    .function = "notify_take",
    .params = 6,
    .rows = PG_RECORD(NOTE_FIELDS, StoreNote)
};
static const PgCall DONE = { .function = "notify_done", .params = 5 };

static const PgCall FORGOTTEN = {
    .function = "notify_forgotten", .params = 2
};

static const PgCall *const CALLS[] = { &TAKE, &FORGOTTEN, &DONE, NULL };
static const char *const CHANNELS[] = { "convoy_result", NULL };

const PgRole pg_notifier = {
    .name = "convoy notifier",
    .title = "notifier",
    .meanwhile = "results are not notified until it is back",
    .grant = "convoy_notifier",
    .calls = CALLS,
    .channels = CHANNELS,
    .timeout_ms = 10000
};

static void give_notes(const PgReply *reply)
{
    StoreNotes *done = (StoreNotes *) reply->done;
    StoreNote *notes;

    if (reply->outcome != STORE_DONE) {
        done(reply->arg, reply->outcome, NULL, 0);
        return;
    }
    notes = rows_read(reply->result, &TAKE.rows);
    done(reply->arg, STORE_DONE, notes, PQntuples(reply->result));
    free(notes);
}

void store_notify_take(Store *store, const char *instance, int max,
                       int64_t lease_us, int per_host, const StoreRoom *rooms,
                       int n, StoreNotes *done, void *arg)
{
    Args *args = pg_args(store);

    args_text(args, instance);
    args_int(args, max);
    args_int64(args, lease_us);
    args_int(args, per_host);
    args_records(args, &ROOM, rooms, n);
    pg_send(store, &TAKE, give_notes, (void (*)(void)) done, arg, 0);
}

void store_notify_forgotten(Store *store, const char *instance,
                            const int64_t *known, int n)
{
    Args *args = pg_args(store);

    args_text(args, instance);
    args_records(args, &KNOWN, known, n);
    pg_send(store, &FORGOTTEN, NULL, NULL, NULL, 0);
}

static void give_done(const PgReply *reply)
{
    StoreNotesDone *done = (StoreNotesDone *) reply->done;

    done(reply->arg, reply->outcome);
}

void store_notify_done(Store *store, const StoreNoteDone *notes, int n,
                       StoreNotesDone *done, void *arg)
{
    args_records(pg_args(store), &NOTE_DONE, notes, n);
    pg_send(store, &DONE, give_done, (void (*)(void)) done, arg, 0);
}
