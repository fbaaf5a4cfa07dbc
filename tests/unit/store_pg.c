/*
 * store_pg.c - see store_pg.h and tests/sql/cluster
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <libpq-fe.h>

#include "store_box.h"
#include "store_pg.h"

static char conninfo[512];

const char *backend_conninfo(void)
{
    return conninfo;
}

static void run_sql(const char *database, const char *sql,
                    void (*use)(PGresult *result, int number), int number)
{
    const char *const keywords[] = { "dbname", "user", "options", NULL };
    const char *const values[] = {
        database, "postgres", "-c client_min_messages=warning", NULL
    };
    PGconn *conn = PQconnectdbParams(keywords, values, 0);
    PGresult *result = PQexec(conn, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK &&
        PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    if (use != NULL)
        use(result, number);
    PQclear(result);
    PQfinish(conn);
}

void pg_sql_in(const char *database, const char *sql)
{
    run_sql(database, sql, NULL, 0);
}

void pg_sql(const char *sql)
{
    pg_sql_in("store_case", sql);
}

void backend_reset(void)
{
    pg_sql_in("postgres", "DROP DATABASE IF EXISTS store_case WITH (FORCE)");
    pg_sql_in("postgres", "CREATE DATABASE store_case TEMPLATE convoy");
}

void backend_cut(void)
{
    pg_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
           " WHERE datname = current_database() AND usename = 'convoy'");
}

void pg_control(const char *arguments)
{
    const char *dir = getenv("PGHOST");
    char command[1024];

    snprintf(command, sizeof(command),
             "cd / && %s $(pg_config --bindir)/pg_ctl -D %s/data -w"
             " -l %s/server.log -o '-c listen_addresses='"
             " -o '-c unix_socket_directories=%s -c fsync=off'"
             " %s >/dev/null",
             getuid() == 0 ? "setpriv --reuid postgres --regid postgres"
                             " --init-groups" : "",
             dir, dir, dir, arguments);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static void send_signal(PGresult *result, int number)
{
    int i;

    assert_int_not_equal(PQntuples(result), 0);
    for (i = 0; i < PQntuples(result); i++)
        kill((pid_t) atoi(PQgetvalue(result, i, 0)), number);
}

void pg_signal(const char *application, int number)
{
    char sql[256];

    snprintf(sql, sizeof(sql), "SELECT pid FROM pg_stat_activity WHERE"
             " datname = 'store_case' AND application_name = '%s'"
             " ORDER BY backend_start", application);
    run_sql("postgres", sql, send_signal, number);
}

int pg_setup(void **state)
{
    char command[1024];

    (void) state;
    snprintf(conninfo, sizeof(conninfo),
             "host=%s port=%s user=convoy dbname=store_case",
             getenv("PGHOST"), getenv("PGPORT"));
    snprintf(command, sizeof(command),
             "echo 'deployment = test' >>%s && %s -c %s --user postgres init"
             " >/dev/null", getenv("CONVOY_CONF"), getenv("CONVOYCTL"),
             getenv("CONVOY_CONF"));
    return system(command);
}

int pg_teardown(void **state)
{
    (void) state;
    return 0;
}
