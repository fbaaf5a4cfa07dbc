/*
 * pg.c - the store on PostgreSQL: calls, answers and the run of both
 *
 * libpq is used without ever waiting, in pipeline mode: calls are sent as
 * they come, without waiting for the answers to earlier ones, so that a
 * round trip costs no throughput. Each statement is followed by a sync of
 * its own. That makes it a transaction of its own, and keeps its failure to
 * itself. It is committed when the server answers the sync, and not before:
 * the rows come earlier, and the commit may still fail. So an answer is kept
 * until its sync is there, and only then given to the caller.
 */

#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/memory.h"
#include "store/pg_int.h"

/* --- open and close ----------------------------------------------------- */

static const PgRole *role_of(StoreRole role)
{
    switch (role) {
    case STORE_INTAKE:
        return &pg_intake;
    case STORE_SCHEDULER:
        return &pg_scheduler;
    case STORE_LEASES:
        return &pg_leases;
    case STORE_NOTIFIER:
        return &pg_notifier;
    }
    abort();
}

Store *pg_open(const char *conninfo, const PgRole *role,
               const StoreEvents *events)
{
    Store *store = memory_resize(NULL, 1, sizeof(*store));
    char *error = NULL;

    memset(store, 0, sizeof(*store));
    store->role = role;
    store->events = *events;
    store->head_since = -1;
    store->retry_at = INT64_MIN;
    store->seed = (unsigned int) getpid() ^ (unsigned int) (uintptr_t) store;
    store->conninfo = conninfo_parse(conninfo, store->role->name, &error);
    if (store->conninfo == NULL)
        pg_error(store, "connection string: %s",
                 error == NULL ? "out of memory" : error);
    PQfreemem(error);
    return store;
}

Store *store_open(const char *conninfo, StoreRole role,
                  const StoreEvents *events)
{
    return pg_open(conninfo, role_of(role), events);
}

static void free_queue(PgQueue *queue)
{
    pg_answer_lost(queue);
    free(queue->items);
}

void store_close(Store *store)
{
    if (store == NULL)
        return;
    store->phase = PG_WAITING;
    PQclear(store->result);
    PQfinish(store->conn);
    free_queue(&store->sent);
    free_queue(&store->refused);
    args_free(&store->args);
    conninfo_free(store->conninfo);
    free(store);
}

StoreState store_state(const Store *store)
{
    return store->phase == PG_RUNNING ? STORE_UP : STORE_DOWN;
}

const char *store_error(const Store *store)
{
    return store->error;
}

void pg_error(Store *store, const char *format, ...)
{
    char text[sizeof(store->error)];
    const char *from;
    char *to = store->error;
    bool gap = false;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (from = text; *from != '\0'; from++) {
        if (*from == '\n' || *from == '\t' || *from == ' ') {
            gap = true;
        } else {
            if (gap && to > store->error)
                *to++ = ' ';
            gap = false;
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* --- queues ------------------------------------------------------------- */

static void put(PgQueue *queue, const PgRequest *request)
{
    if (queue->n == queue->size) {
        int size = queue->size * 2 + 16, i;
        PgRequest *items = memory_resize(NULL, (size_t) size, sizeof(*items));

        for (i = 0; i < queue->n; i++)
            items[i] = queue->items[(queue->first + i) % queue->size];
        free(queue->items);
        queue->items = items;
        queue->size = size;
        queue->first = 0;
    }
    queue->items[(queue->first + queue->n++) % queue->size] = *request;
}

static PgRequest take(PgQueue *queue)
{
    PgRequest request = queue->items[queue->first];

    queue->first = (queue->first + 1) % queue->size;
    queue->n--;
    return request;
}

static void answer(const PgRequest *request, StoreOutcome outcome,
                   const PGresult *result)
{
    PgReply reply = {
        outcome, result, request->done, request->arg, request->n
    };

    if (request->parse != NULL)
        request->parse(&reply);
}

void pg_answer_lost(PgQueue *queue)
{
    int n = queue->n;       /* callbacks may call again */

    for (; n > 0; n--) {
        PgRequest request = take(queue);

        answer(&request, STORE_LOST, NULL);
    }
}

int store_outstanding(const Store *store)
{
    return store->refused.n +
           (store->phase == PG_RUNNING ? store->sent.n : 0);
}

/* --- calls -------------------------------------------------------------- */

Args *pg_args(Store *store)
{
    args_clear(&store->args);
    return &store->args;
}

void pg_break(Store *store, const char *why)
{
    if (!store->broken)
        pg_error(store, "%s", why[0] == '\0' ? "connection lost" : why);
    store->broken = true;
}

void pg_sync(Store *store, bool sent, const PgRequest *request)
{
    int flushed = -1;

    if (sent && PQpipelineSync(store->conn))
        flushed = PQflush(store->conn);
    if (flushed < 0)
        pg_break(store, PQerrorMessage(store->conn));
    store->wants_write = flushed > 0;
    if (store->sent.n == 0)
        store->head_since = -1;
    put(&store->sent, request);
}

void pg_send(Store *store, const PgCall *call, PgParse *parse,
             void (*done)(void), void *arg, int n)
{
    PgRequest request = {
        call->function, call->caller_tells, parse, done, arg, n
    };
    const char *values[ARGS_MAX];
    static const int formats[ARGS_MAX] = {
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
    };

    if (store->phase != PG_RUNNING) {
        put(&store->refused, &request);
        return;
    }
    args_values(&store->args, values);
    pg_sync(store,
            PQsendQueryPrepared(store->conn, call->function, store->args.n,
                                values, store->args.lengths, formats, 1),
            &request);
}

/* --- answers ------------------------------------------------------------ */

/* The server's words for a statement that it refused; not for those that
 * are refused because of an earlier one at the start. */
static void describe(Store *store, const PGresult *result)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    pg_error(store, "%s: %s%s%s (SQLSTATE %s)",
             store->sent.items[store->sent.first].what,
             text == NULL ? "no message" : text, hint == NULL ? "" : "; ",
             hint == NULL ? "" : hint, code == NULL ? "none" : code);
}

/* Is the SQLSTATE in a class, or is it this one? */
static bool is_state(const PGresult *result, const char *start)
{
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return code != NULL && strncmp(code, start, strlen(start)) == 0;
}

/*
 * Is it an ERROR of the server about this statement, or is it the end of the
 * connection, told by the server (FATAL) or by libpq (no severity)? A server
 * that may not be written to any more is none of ours: there is another.
 */
static bool is_refusal(const PGresult *result)
{
    const char *severity =
        PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    return severity != NULL && strcmp(severity, "ERROR") == 0 &&
           !is_state(result, "25006");
}

static StoreOutcome outcome_of(const PGresult *result)
{
    static const char *const ITS_OWN[] = {
        "40",       /* deadlock, serialization */
        "53",       /* no room, no memory */
        "55P03",    /* lock_timeout */
        "57",       /* statement_timeout, somebody cancels it */
        "58"        /* its disk fails */
    };
    ExecStatusType status = PQresultStatus(result);
    size_t i;

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return STORE_DONE;
    for (i = 0; i < sizeof(ITS_OWN) / sizeof(*ITS_OWN); i++) {
        if (is_state(result, ITS_OWN[i]))
            return STORE_BUSY;
    }
    return STORE_FAILED;
}

static void complete_first(Store *store)
{
    PgRequest request = take(&store->sent);
    PGresult *result = store->result;
    StoreOutcome outcome = outcome_of(result);

    store->result = NULL;
    store->head_since = store->now;
    if (store->phase == PG_RUNNING)
        pg_tell_answer(store, &request, outcome);
    answer(&request, outcome, result);
    PQclear(result);
}

static void take_result(Store *store, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        complete_first(store);
    } else if (status == PGRES_FATAL_ERROR && !is_refusal(result)) {
        pg_break(store, PQresultErrorMessage(result));
        PQclear(result);
    } else if (PQresultStatus(store->result) == PGRES_FATAL_ERROR &&
               store->result != NULL) {
        PQclear(result);        /* skipped after the error */
    } else {
        if (status == PGRES_FATAL_ERROR && !store->start_failed)
            describe(store, result);
        PQclear(store->result);
        store->result = result;
    }
}

/* Between two statements PQgetResult() gives NULL once. */
static void take_results(Store *store)
{
    int nulls = 0;

    while (store->sent.n > 0 && nulls < 2 && !store->broken &&
           !PQisBusy(store->conn)) {
        PGresult *result = PQgetResult(store->conn);

        if (result == NULL) {
            nulls++;
        } else {
            nulls = 0;
            take_result(store, result);
        }
    }
}

static void take_notifications(Store *store)
{
    PGnotify *note;

    while ((note = PQnotifies(store->conn)) != NULL) {
        if (store->events.notified != NULL)
            store->events.notified(store->events.arg, note->relname,
                                   note->extra);
        PQfreemem(note);
    }
}

/* Statements end by their own time-out; if even the word of that does not
 * come, nobody is there any more. */
static int64_t answer_by(const Store *store, int64_t now)
{
    int64_t since = store->head_since < 0 ? now : store->head_since;

    return since + (int64_t) store->role->timeout_ms * 1250;
}

static void exchange(Store *store)
{
    bool alive = PQconsumeInput(store->conn);

    if (store->head_since < 0)
        store->head_since = store->now;
    take_results(store);
    if (!alive || PQstatus(store->conn) != CONNECTION_OK)
        pg_break(store, PQerrorMessage(store->conn));
    if (store->sent.n > 0 && store->now >= answer_by(store, store->now)) {
        char why[64];

        snprintf(why, sizeof(why), "no answer for %d s",
                 store->role->timeout_ms / 800);
        pg_break(store, why);
        conninfo_next_host(store->conninfo);
    }
    if (!store->broken) {
        int flushed = PQflush(store->conn);

        take_notifications(store);
        store->wants_write = flushed > 0;
    } else {
        pg_lost(store);
    }
}

void store_run(Store *store, int64_t now_us)
{
    store->now = now_us;
    pg_answer_lost(&store->refused);
    switch (store->phase) {
    case PG_WAITING:
        if (now_us >= store->retry_at)
            pg_connect(store);
        break;
    case PG_CONNECTING:
        pg_connect_go_on(store);
        break;
    case PG_STARTING:
    case PG_RUNNING:
        exchange(store);
        break;
    }
}

/* --- what to wait for --------------------------------------------------- */

int store_poll_fd(const Store *store)
{
    return store->conn == NULL ? -1 : PQsocket(store->conn);
}

short store_poll_events(const Store *store)
{
    switch (store->phase) {
    case PG_WAITING:
        return 0;
    case PG_CONNECTING:
        return store->wants == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
    case PG_STARTING:
    case PG_RUNNING:
        return (short) (store->wants_write ? POLLIN | POLLOUT : POLLIN);
    }
    return 0;
}

static int64_t next_time(const Store *store, int64_t now)
{
    if (store->refused.n > 0 || store->broken)
        return now;
    switch (store->phase) {
    case PG_WAITING:
        return store->retry_at;
    case PG_CONNECTING:
        return store->give_up_at;
    case PG_STARTING:
    case PG_RUNNING:
        return store->sent.n == 0 ? INT64_MAX : answer_by(store, now);
    }
    return now;
}

int store_poll_timeout(const Store *store, int64_t now_us)
{
    int64_t at = next_time(store, now_us);

    if (at == INT64_MAX)
        return -1;
    if (at <= now_us)
        return 0;
    return at - now_us > INT64_C(60000000)
        ? 60000 : (int) ((at - now_us + 999) / 1000);
}
