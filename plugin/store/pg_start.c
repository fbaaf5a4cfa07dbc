/*
 * pg_start.c - how a connection comes up, and what happens when it is lost
 *
 * Before the store calls itself up it checks that the schema is the one this
 * module was built for, in one round trip: its version, that the role may
 * execute the functions, and that each takes and returns what the tables of
 * fields say. So everything later may rely on it. A schema that does not fit
 * is treated like a database that is away: it is tried again, until somebody
 * has mended it.
 */

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "store/pg_int.h"

static const int64_t RETRY_US = 50000, RETRY_MAX_US = 2000000;
static const int64_t STABLE_US = 10 * 1000000;

/* Doubling, and between half and all of it, so that the boxes do not come
 * back all at once; also for one that comes up and breaks again and again. */
static int64_t back_off(Store *store)
{
    int64_t delay;

    if (store->phase == PG_RUNNING &&
        store->now - store->up_since > STABLE_US)
        store->failures = 0;
    delay = RETRY_US << (store->failures < 6 ? store->failures : 6);
    if (delay > RETRY_MAX_US)
        delay = RETRY_MAX_US;
    store->failures++;
    return delay / 2 + delay / 2 * (rand_r(&store->seed) % 1024) / 1023;
}

void pg_lost(Store *store)
{
    PQclear(store->result);
    PQfinish(store->conn);
    store->result = NULL;
    store->conn = NULL;
    store->wants_write = false;
    store->retry_at = store->now + back_off(store);
    store->phase = PG_WAITING;
    pg_answer_lost(&store->sent);
    store->broken = false;      /* not before: the checks of a start that are
                                 * answered so break it once more */
    pg_tell_down(store);
}

/* --- checks ------------------------------------------------------------- */

/* True if the answer can be looked at. Once something is wrong nothing else
 * is looked at: the first thing found is the one that is told. */
static bool fine(const PgReply *reply)
{
    Store *store = reply->arg;

    if (reply->outcome != STORE_DONE)
        store->start_failed = true;
    return !store->start_failed;
}

static void check_setting(const PgReply *reply)
{
    fine(reply);
}

/*
 * A standby that takes over begins a new timeline. A primary that comes back
 * from the dead is writable, too, but what is written there is lost: this
 * process does not go back to a timeline before the last one it has used.
 * (Whoever may not ask, goes without this check.)
 */
static void check_timeline(const PgReply *reply)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char cluster[24], newest[9];
    Store *store = reply->arg;
    const char *its_cluster, *its;

    if (reply->outcome != STORE_DONE || store->start_failed)
        return;
    its_cluster = PQgetvalue(reply->result, 0, 0);
    its = PQgetvalue(reply->result, 0, 1);
    pthread_mutex_lock(&lock);
    if (strcmp(cluster, its_cluster) == 0 && strcmp(its, newest) < 0) {
        pg_error(store, "the server on host %s, port %s has been replaced by"
                 " another one: it must not run as a primary (timeline %s,"
                 " in use is %s)", PQhost(store->conn), PQport(store->conn),
                 its, newest);
        store->start_failed = true;
    } else {
        snprintf(cluster, sizeof(cluster), "%s", its_cluster);
        snprintf(newest, sizeof(newest), "%s", its);
    }
    pthread_mutex_unlock(&lock);
}

static void check_version(const PgReply *reply)
{
    Store *store = reply->arg;
    int version;

    if (reply->outcome == STORE_FAILED && !store->start_failed) {
        char why[sizeof(store->error)];

        memcpy(why, store->error, sizeof(why));
        pg_error(store, "no queue in this database, or none that this user "
                 "may use: run convoyctl init (%s)", why);
    }
    if (!fine(reply))
        return;
    version = atoi(PQgetvalue(reply->result, 0, 0));
    store->start_failed = version != PG_SCHEMA_VERSION;
    if (version < PG_SCHEMA_VERSION)
        pg_error(store, "the schema in the database has version %d, this "
                 "module needs %d: run convoyctl init", version,
                 PG_SCHEMA_VERSION);
    else if (version > PG_SCHEMA_VERSION)
        pg_error(store, "the schema in the database has version %d, this "
                 "module knows %d: upgrade the module", version,
                 PG_SCHEMA_VERSION);
}

static void check_rights(const PgReply *reply)
{
    Store *store = reply->arg;

    if (fine(reply) && PQntuples(reply->result) > 0) {
        pg_error(store, "the database user may not execute convoy.%s: run "
                 "convoyctl init, or GRANT %s TO the user",
                 PQgetvalue(reply->result, 0, 0), store->role->grant);
        store->start_failed = true;
    }
}

static void check_column(Store *store, const PGresult *result,
                         const PgCall *call, int column, const char *name,
                         unsigned int type)
{
    if (store->start_failed)
        return;
    if (column >= PQnfields(result) || PQftype(result, column) != type) {
        pg_error(store, "convoy.%s: column %s is not of the type that this "
                 "module was built for", call->function, name);
        store->start_failed = true;
    }
}

static void check_columns(const PgReply *reply)
{
    Store *store = reply->arg;
    const PgCall *call = store->role->calls[reply->n];
    const PgField *field;
    int i, column = 0;

    if (!fine(reply))
        return;
    for (i = 0; i < call->rows.n; i++) {
        field = &call->rows.fields[i];
        check_column(store, reply->result, call, column++, field->column,
                     pg_type_oid(field->type));
    }
    for (i = 0; i < call->arrays.n; i++) {
        field = &call->arrays.fields[i];
        check_column(store, reply->result, call, column++, field->column,
                     pg_type_array_oid(field->type));
    }
}

static void check_all(const PgReply *reply)
{
    Store *store = reply->arg;

    if (!fine(reply)) {
        store->broken = true;
        conninfo_next_host(store->conninfo);
        return;
    }
    store->phase = PG_RUNNING;
    store->up_since = store->now;
    if (store->role->first != NULL) {
        pg_args(store);
        pg_send(store, store->role->first, NULL, NULL, NULL, 0);
    }
    pg_tell_up(store);
}

/* --- statements --------------------------------------------------------- */

/* SELECT "id", ... FROM convoy.group_claim($1, ...). free() it. */
static char *call_text(const PgCall *call)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    int i;

    if (out == NULL)
        abort();
    fprintf(out, "SELECT");
    for (i = 0; i < call->rows.n; i++)
        fprintf(out, "%s\"%s\"", i == 0 ? " " : ", ",
                call->rows.fields[i].column);
    for (i = 0; i < call->arrays.n; i++)
        fprintf(out, ", \"%s\"", call->arrays.fields[i].column);
    fprintf(out, " FROM convoy.%s(", call->function);
    for (i = 1; i <= call->params; i++)
        fprintf(out, "%s$%d", i == 1 ? "" : ", ", i);
    fprintf(out, ")");
    if (fclose(out) != 0)
        abort();
    return text;
}

static void send_query(Store *store, const char *text, PgParse *parse)
{
    PgRequest request = { "start", false, parse, NULL, store, 0 };

    pg_sync(store, PQsendQueryParams(store->conn, text, 0, NULL, NULL, NULL,
                                     NULL, 0), &request);
}

static void send_prepare(Store *store, int i)
{
    const PgCall *call = store->role->calls[i];
    PgRequest request = {
        call->function, false, check_columns, NULL, store, i
    };
    char *text = call_text(call);

    pg_sync(store,
            PQsendPrepare(store->conn, call->function, text, 0, NULL) &&
            PQsendDescribePrepared(store->conn, call->function), &request);
    free(text);
}

static void send_rights(Store *store)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    int i;

    if (out == NULL)
        abort();
    fprintf(out, "SELECT proname FROM pg_catalog.pg_proc"
            " WHERE pronamespace = 'convoy'::regnamespace"
            " AND NOT has_function_privilege(oid, 'EXECUTE')"
            " AND proname IN (''");
    for (i = 0; store->role->calls[i] != NULL; i++)
        fprintf(out, ", '%s'", store->role->calls[i]->function);
    fprintf(out, ") LIMIT 1");
    if (fclose(out) != 0)
        abort();
    send_query(store, text, check_rights);
    free(text);
}

/* Whatever the database's defaults are: a commit that is answered must have
 * reached the disk, and the functions are written for READ COMMITTED. And a
 * session whose client is cut off must not keep its locks for hours, but end
 * before another box takes over what they are about. */
static void send_settings(Store *store)
{
    char text[700];

    snprintf(text, sizeof(text),
             "SELECT set_config('statement_timeout', '%d', false),"
             " set_config('default_transaction_isolation',"
             "            'read committed', false),"
             " set_config('synchronous_commit', CASE setting"
             "            WHEN 'off' THEN 'on' ELSE setting END, false),"
             " set_config('tcp_keepalives_idle', '5', false),"
             " set_config('tcp_keepalives_interval', '2', false),"
             " set_config('tcp_keepalives_count', '3', false),"
             " set_config('tcp_user_timeout', '10000', false)"
             " FROM current_setting('synchronous_commit') setting",
             store->role->timeout_ms);
    send_query(store, text, check_setting);
}

/* All of it at once: one round trip. */
static void start(Store *store)
{
    char text[64];
    int i;

    PQsetnonblocking(store->conn, 1);
    if (!PQenterPipelineMode(store->conn)) {
        pg_break(store, PQerrorMessage(store->conn));
        pg_lost(store);
        return;
    }
    store->phase = PG_STARTING;
    send_settings(store);
    send_query(store, "SELECT system_identifier,"
               " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
               " FROM pg_control_system()", check_timeline);
    send_query(store, "SELECT convoy.schema_version()", check_version);
    send_rights(store);
    for (i = 0; store->role->calls[i] != NULL; i++)
        send_prepare(store, i);
    for (i = 0; store->role->channels[i] != NULL; i++) {
        snprintf(text, sizeof(text), "LISTEN %s", store->role->channels[i]);
        send_query(store, text, check_setting);
    }
    send_query(store, "SELECT 1", check_all);
}

/* --- connecting --------------------------------------------------------- */

/* Notices are for people at psql; libpq would print them to stderr. But the
 * reason why the server ends an idle connection comes as one, too, and so
 * does what a function wants the operator to read. */
static void take_notice(void *arg, const PGresult *result)
{
    const char *severity =
        PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity == NULL)
        return;
    if (strcmp(severity, "FATAL") == 0)
        pg_break(arg, PQresultErrorMessage(result));
    if (strcmp(severity, "WARNING") == 0)
        pg_tell_warning(arg, PQresultErrorField(result,
                                                PG_DIAG_MESSAGE_PRIMARY));
}

void pg_connect(Store *store)
{
    if (store->conninfo == NULL) {
        pg_lost(store);         /* store_open() has told why */
        return;
    }
    store->start_failed = false;
    store->give_up_at = store->now +
        (int64_t) conninfo_timeout_s(store->conninfo) * 1000000;
    store->conn = PQconnectStartParams(conninfo_keywords(store->conninfo),
                                       conninfo_values(store->conninfo), 0);
    if (store->conn == NULL)
        abort();
    if (PQstatus(store->conn) == CONNECTION_BAD) {
        pg_break(store, PQerrorMessage(store->conn));
        pg_lost(store);
        return;
    }
    PQsetNoticeReceiver(store->conn, take_notice, store);
    store->wants = PGRES_POLLING_WRITING;
    store->phase = PG_CONNECTING;
}

/* PQconnectPoll() may only be called when its socket is ready. */
static bool ready(const Store *store)
{
    struct pollfd fd = {
        store_poll_fd(store), store_poll_events(store), 0
    };

    return poll(&fd, 1, 0) > 0;
}

void pg_connect_go_on(Store *store)
{
    if (ready(store)) {
        store->wants = PQconnectPoll(store->conn);
        if (store->wants == PGRES_POLLING_OK) {
            start(store);
            return;
        }
        if (store->wants == PGRES_POLLING_FAILED) {
            pg_break(store, PQerrorMessage(store->conn));
            pg_lost(store);
            return;
        }
    }
    if (store->now >= store->give_up_at) {
        pg_error(store, "connection to server at \"%s\", port %s: no answer "
                 "for %d s", PQhost(store->conn), PQport(store->conn),
                 conninfo_timeout_s(store->conninfo));
        conninfo_next_host(store->conninfo);
        pg_lost(store);
    }
}
