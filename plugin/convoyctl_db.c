/*
 * convoyctl_db.c - convoyctl's connection to the queue's database
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convoyctl.h"

static const char *connection_id(const Conf *conf)
{
    const char *id = conf_value(conf, "convoy", NULL, "pgsql-id");

    if (!conf_has(conf, "convoy", NULL))
        ctl_fail("the configuration has no group = convoy");
    if (id == NULL)
        ctl_fail("group = convoy: pgsql-id is missing: it names the group ="
                 " pgsql-connection to use");
    if (!conf_has(conf, "pgsql-connection", id))
        ctl_fail("group = convoy: pgsql-id = %s: there is no group ="
                 " pgsql-connection with id = %s", id, id);
    return id;
}

static const char *setting(const Conf *conf, const char *key)
{
    return conf_value(conf, "pgsql-connection", connection_id(conf), key);
}

const char *db_login(const Conf *conf)
{
    const char *name = setting(conf, "username");

    if (name == NULL)
        ctl_fail("group = pgsql-connection, id = %s: username is missing: it"
                 " names the role that the boxes connect with",
                 connection_id(conf));
    return name;
}

/* libpq's messages may have several lines, and end with a newline. */
static char *one_line(const char *text)
{
    char *line = ctl_format("%s", text);
    size_t i, len = strlen(line);

    while (len > 0 && line[len - 1] == '\n')
        line[--len] = '\0';
    for (i = 0; i < len; i++) {
        if (line[i] == '\n' || line[i] == '\t')
            line[i] = ' ';
    }
    return line;
}

PGconn *db_connect(const Conf *conf, const char *user)
{
    const char *const keys[] = {
        "host", "port", "dbname", "user", "password", "connect_timeout",
        "target_session_attrs", "application_name", "client_encoding",
        "options", NULL
    };
    const char *const values[] = {
        setting(conf, "host"), setting(conf, "port"),
        setting(conf, "database"), user == NULL ? db_login(conf) : user,
        user == NULL ? setting(conf, "password") : NULL, "10",
        "read-write", "convoyctl", "UTF8",
        "-c client_min_messages=warning", NULL
    };
    PGconn *db = PQconnectdbParams(keys, values, 0);

    if (PQstatus(db) != CONNECTION_OK)
        ctl_fail("cannot connect: %s (group = pgsql-connection, id = %s)",
                 one_line(PQerrorMessage(db)), connection_id(conf));
    return db;
}

static void check(PGconn *db, PGresult *result, const char *what)
{
    ExecStatusType status = PQresultStatus(result);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *cure = "";

    /* A migration may consist of a comment. */
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
        status == PGRES_EMPTY_QUERY)
        return;
    if (code != NULL && strcmp(code, "42501") == 0)
        cure = ": --user NAME connects as another role";
    else if (code != NULL && (strcmp(code, "3F000") == 0 ||
                              strcmp(code, "42P01") == 0 ||
                              strcmp(code, "42883") == 0))
        cure = ": run convoyctl init first";
    ctl_fail("%s%s%s%s%s%s", what == NULL ? "" : what,
             what == NULL ? "" : ": ",
             message == NULL ? one_line(PQerrorMessage(db)) : message,
             hint == NULL ? "" : "; ", hint == NULL ? "" : hint, cure);
}

PGresult *db_query(PGconn *db, const char *sql, int n,
                   const char *const *values)
{
    PGresult *result = PQexecParams(db, sql, n, NULL, values, NULL, NULL, 0);

    check(db, result, NULL);
    return result;
}

void db_run(PGconn *db, const char *sql, const char *what)
{
    PGresult *result = PQexec(db, sql);

    check(db, result, what);
    PQclear(result);
}

char *db_text(PGconn *db, const char *sql, int n, const char *const *values)
{
    PGresult *result = db_query(db, sql, n, values);
    char *text = NULL;

    if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
        text = ctl_format("%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return text;
}

void db_become_owner(PGconn *db)
{
    char *may = db_text(db,
        "SELECT CASE WHEN to_regrole('convoy_owner') IS NULL THEN 'none'"
        " WHEN pg_has_role(to_regrole('convoy_owner'), 'MEMBER') THEN 'yes'"
        " END", 0, NULL);

    if (may == NULL)
        ctl_fail("role %s is not a member of convoy_owner: use --user with a"
                 " superuser or a member", PQuser(db));
    if (strcmp(may, "none") == 0)
        ctl_fail("there is no role convoy_owner here: run convoyctl init"
                 " first");
    free(may);
    db_run(db, "SET ROLE convoy_owner; SET search_path = convoy, pg_temp",
           NULL);
}
