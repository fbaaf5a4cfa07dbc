/*
 * store_leases.c - how an instance gets and keeps its part of the queue
 *
 * The statement time-out is short: a renewal that is late is of no use, and
 * the holder stops sending by its own clock.
 */

#include <stdlib.h>

#include "store/pg.h"
#include "store/rows.h"

static const PgField LEASE_FIELDS[] = {
    PG_AS("lease", StoreLease, id, INT4, PG_NOT_NULL),
    PG_FIELD(StoreLease, epoch, INT8),
    PG_FIELD(StoreLease, route, TEXT),
    PG_FIELD(StoreLease, fresh, BOOL),
    PG_FIELD(StoreLease, yielding, BOOL)
};

/* Plain arrays of texts and of numbers. */
static const PgField ROUTE_FIELDS[] = {
    { "routes", PG_TEXT, PG_NOT_NULL, 0 }
};
static const PgRecord ROUTE = PG_RECORD(ROUTE_FIELDS, const char *);

static const PgField RELEASE_FIELDS[] = {
    { "release", PG_INT4, PG_NOT_NULL, 0 }
};
static const PgRecord RELEASE = PG_RECORD(RELEASE_FIELDS, int);

static const PgField STARTED_FIELDS[] = {
    PG_FIELD(StoreStarted, batch, INT8),
    PG_FIELD(StoreStarted, held, BOOL),
    PG_FIELD(StoreStarted, restores, INT4)
};

static const PgCall INSTANCE_START = {
    .function = "instance_start",
    .params = 6,
    .rows = PG_RECORD(STARTED_FIELDS, StoreStarted)
};
static const PgCall LEASE_RENEW = {
    .function = "lease_renew",
    .params = 4,
    .rows = PG_RECORD(LEASE_FIELDS, StoreLease)
};

static const PgCall *const CALLS[] = { &INSTANCE_START, &LEASE_RENEW, NULL };
static const char *const CHANNELS[] = { "convoy_lease", NULL };

const PgRole pg_leases = {
    .name = "convoy leases",
    .title = "leases",
    .meanwhile = "segments leave until the leases are over",
    .grant = "convoy_scheduler",
    .calls = CALLS,
    .channels = CHANNELS,
    .timeout_ms = 4000
};

static void give_started(const PgReply *reply)
{
    StoreInstanceDone *done = (StoreInstanceDone *) reply->done;
    StoreStarted *started;

    if (reply->outcome != STORE_DONE || PQntuples(reply->result) != 1) {
        done(reply->arg, reply->outcome == STORE_DONE
             ? STORE_FAILED : reply->outcome, NULL);
        return;
    }
    started = rows_read(reply->result, &INSTANCE_START.rows);
    done(reply->arg, STORE_DONE, started);
    free(started);
}

void store_instance(Store *store, const char *instance,
                    const char *deployment, const char *predecessor,
                    const StoreLast *last, StoreInstanceDone *done,
                    void *arg)
{
    static const StoreLast NOTHING;
    Args *args = pg_args(store);

    if (last == NULL)
        last = &NOTHING;
    args_text(args, instance);
    args_text(args, deployment);
    args_text(args, last->instance);
    args_int64(args, last->batch);
    args_int(args, last->restores);
    args_text(args, predecessor);
    pg_send(store, &INSTANCE_START, give_started, (void (*)(void)) done, arg,
            0);
}

static void give_leases(const PgReply *reply)
{
    StoreLeases *done = (StoreLeases *) reply->done;
    StoreLease *leases;

    if (reply->outcome != STORE_DONE) {
        done(reply->arg, reply->outcome, NULL, 0);
        return;
    }
    leases = rows_read(reply->result, &LEASE_RENEW.rows);
    done(reply->arg, STORE_DONE, leases, PQntuples(reply->result));
    free(leases);
}

void store_lease(Store *store, const char *instance,
                 const char *const *routes, int n, int64_t ttl_us,
                 const int *release, int n_release, StoreLeases *done,
                 void *arg)
{
    Args *args = pg_args(store);

    args_text(args, instance);
    args_records(args, &ROUTE, routes, n);
    args_int64(args, ttl_us);
    args_records(args, &RELEASE, release, n_release);
    pg_send(store, &LEASE_RENEW, give_leases, (void (*)(void)) done, arg, 0);
}
