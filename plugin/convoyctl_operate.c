/*
 * convoyctl_operate.c - what an operator does to the queue
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convoyctl.h"

static const char DEFAULT_RETENTION[] = "7d";

/* Each waits two seconds for long readers (sql/functions/partition.sql). */
static const int DROP_TRIES = 3;

/* "30d", "12h", "90m", "3600" as an interval; the caller frees it. */
static char *interval_of(const char *text)
{
    char *end;
    double n = strtod(text, &end);
    const char *unit = "seconds";

    if (*end == 'd')
        unit = "days";
    else if (*end == 'h')
        unit = "hours";
    else if (*end == 'm')
        unit = "minutes";
    if (end == text || (*end != '\0' && (strchr("dhms", *end) == NULL ||
                                         end[1] != '\0')) ||
        !(n > 0) || n > 1e9)
        ctl_fail("group = convoy: retention = %s is wrong: it may be a time"
                 " such as 30d or 12h", text);
    return ctl_format("%f %s", n, unit);
}

/* False if the partition is in use and stays for the next time. */
static int drop_partition(PGconn *db, const char *name)
{
    const char *const values[] = { name };
    int tries;

    for (tries = 0; tries < DROP_TRIES; tries++) {
        PGresult *result = PQexecParams(db, "SELECT partition_drop($1)", 1,
                                        NULL, values, NULL, NULL, 0);
        const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        int done = PQresultStatus(result) == PGRES_TUPLES_OK;

        if (!done && (code == NULL || strcmp(code, "55P03") != 0))
            ctl_fail("%s: %s", name, PQresultErrorMessage(result));
        PQclear(result);
        if (done)
            return 1;
    }
    return 0;
}

/* In transactions of some thousand rows, so that no box waits for long. */
static void maintain_ahead(PGconn *db)
{
    char *more;
    bool left;

    do {
        more = db_text(db, "SELECT maintain_ahead()", 0, NULL);
        left = more != NULL && strcmp(more, "t") == 0;
        free(more);
    } while (left);
}

int ctl_maintain(PGconn *db, const char *retention)
{
    char *interval = interval_of(retention == NULL ? DEFAULT_RETENTION
                                                   : retention);
    const char *const values[] = { interval };
    PGresult *old;
    int i, dropped = 0, kept = 0;

    db_become_owner(db);
    maintain_ahead(db);
    old = db_query(db, "SELECT name FROM maintain_expired($1)", 1, values);
    for (i = 0; i < PQntuples(old); i++) {
        if (drop_partition(db, PQgetvalue(old, i, 0)))
            dropped++;
        else
            kept++;
    }
    PQclear(old);
    free(interval);
    printf("%d old partitions dropped\n", dropped);
    if (kept > 0)
        ctl_fail("%d old partitions are in use by long statements: run"
                 " maintain again later", kept);
    return 0;
}

int ctl_unpark(PGconn *db, const char *id)
{
    const char *const values[] = { id };
    char *done;

    if (id[0] == '\0' || id[strspn(id, "0123456789")] != '\0' ||
        strlen(id) > 18)
        ctl_fail("%s is no group number: convoyctl status lists the parked"
                 " ones", id);
    db_become_owner(db);
    done = db_text(db, "SELECT group_unpark($1)", 1, values);
    if (done == NULL || strcmp(done, "t") != 0)
        ctl_fail("there is no parked group %s: convoyctl status lists them",
                 id);
    free(done);
    printf("group %s is on its way again\n", id);
    return 0;
}

int ctl_accept_restore(PGconn *db)
{
    char *n;

    db_become_owner(db);
    n = db_text(db, "SELECT restore_accept()", 0, NULL);
    printf("the queue goes on; %s groups from before ended unknown\n", n);
    free(n);
    return 0;
}
