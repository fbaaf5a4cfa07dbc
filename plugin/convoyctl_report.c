/*
 * convoyctl_report.c - what the queue holds, in words
 *
 * Reads only the views that every monitor may read.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convoyctl.h"

/* The widest value of a column, its name included. */
static int width_of(const PGresult *result, int column)
{
    int row, width = (int) strlen(PQfname(result, column));

    for (row = 0; row < PQntuples(result); row++) {
        int len = PQgetlength(result, row, column);

        if (len > width)
            width = len;
    }
    return width;
}

/* Prints a query's rows as a table, or `nothing`, under a headline. */
static void print_table(PGconn *db, const char *headline, const char *sql,
                        const char *nothing)
{
    PGresult *result = db_query(db, sql, 0, NULL);
    int row, column, rows = PQntuples(result);

    printf("%s:%s%s\n", headline, rows == 0 ? " " : "",
           rows == 0 ? nothing : "");
    for (row = -1; rows > 0 && row < rows; row++) {
        for (column = 0; column < PQnfields(result); column++)
            printf("  %-*s", width_of(result, column), row == -1
                   ? PQfname(result, column)
                   : PQgetvalue(result, row, column));
        putchar('\n');
    }
    PQclear(result);
}

int ctl_status(PGconn *db)
{
    char *whose = db_text(db,
        "SELECT format('deployment %s, schema version %s%s', deployment,"
        " version, CASE WHEN held THEN E'\\nHELD: this database is older than"
        " a box remembers; see convoyctl --user postgres accept-restore' END)"
        " FROM convoy.deployment_view", 0, NULL);

    puts(whose);
    free(whose);
    print_table(db, "queue",
        "SELECT CASE route WHEN '' THEN '(any)' ELSE route END AS route,"
        " state, groups, behind_others, date_trunc('second', clock_timestamp()"
        " - oldest) AS oldest FROM convoy.queue_view ORDER BY 1, 2", "empty");
    print_table(db, "parked",
        "SELECT id AS \"group\", state, attempt, takeovers, receiver"
        " FROM convoy.parked_view ORDER BY id", "none");
    print_table(db, "leases",
        "SELECT coalesce(owner, '(nobody)') AS owner, CASE route WHEN '' THEN"
        " '(any)' ELSE route END AS route, count(*) AS shards, alive"
        " FROM convoy.lease_view GROUP BY 1, 2, 4 ORDER BY 1, 2", "none");
    print_table(db, "notifications",
        "SELECT host, count(*) AS waiting, max(tries) AS tries,"
        " date_trunc('second', clock_timestamp() - min(event_at)) AS oldest,"
        " coalesce((array_agg(answer ORDER BY due_at DESC) FILTER (WHERE"
        " answer IS NOT NULL))[1], 'none yet') AS answer"
        " FROM convoy.notification_view"
        " GROUP BY host ORDER BY waiting DESC LIMIT 20", "none waiting");
    print_table(db, "notifications not acknowledged, last 24 hours",
        "SELECT CASE coalesce(pi, '') WHEN '' THEN '(trusted)' ELSE pi END"
        " AS \"PI\", verdict, count(*), (array_agg(answer ORDER BY at DESC))"
        "[1] AS \"last answer\" FROM convoy.notified_view"
        " WHERE verdict <> 'acknowledged' AND at > now() - interval '1 day'"
        " GROUP BY 1, 2 ORDER BY 1, 2", "none");
    return 0;
}

/* Prints one line for each row's only column. */
static int print_lines(PGconn *db, const char *indent, const char *sql,
                       const char *value)
{
    const char *const values[] = { value };
    PGresult *result = db_query(db, sql, 1, values);
    int i, n = PQntuples(result);

    for (i = 0; i < n; i++)
        printf("%s%s\n", indent, PQgetvalue(result, i, 0));
    PQclear(result);
    return n;
}

static void show_group(PGconn *db, const char *id)
{
    print_lines(db, "  ",
        "SELECT format('group %s to %s: %s%s, attempt %s, %s segment(s)%s',"
        " group_id, receiver, state, coalesce(' (' || code || ': ' || cause"
        " || ')', ''), attempt, segments, CASE WHEN parked THEN ', PARKED'"
        " WHEN waiting THEN ', behind another group of this receiver' END)"
        " FROM convoy.group_view WHERE group_id = $1", id);
    print_lines(db, "    ",
        "SELECT format('%s  segment %s, attempt %s: %s%s%s%s%s', at, segment,"
        " attempt, outcome, ' by ' || smsc_id, ', message id ' || message_id,"
        " CASE WHEN outcome <> 'delivered' THEN ', code ' || code END,"
        " ', ' || text)"
        " FROM convoy.ledger_view WHERE group_id = $1 ORDER BY id", id);
    print_lines(db, "    ",
        "SELECT format('notification to %s: tried %s times, next try %s%s',"
        " url, tries, due_at, ', last answer ' || answer)"
        " FROM convoy.notification_view WHERE group_id = $1", id);
    print_lines(db, "    ",
        "SELECT format('notification: %s at %s after %s tries%s', verdict,"
        " at, tries, ', answer ' || answer)"
        " FROM convoy.notified_view WHERE group_id = $1", id);
}

int ctl_show(PGconn *db, const char *push_id)
{
    const char *const values[] = { push_id };
    PGresult *groups;
    int i;

    if (print_lines(db, "",
            "SELECT format('push %s of PI \"%s\", accepted %s%s', push_id,"
            " pi, accepted_at, ', to be notified: ' || notify_url)"
            " FROM convoy.push_view WHERE push_id = $1", push_id) == 0)
        ctl_fail("there is no push %s", push_id);
    groups = db_query(db, "SELECT unnest(groups) FROM convoy.push_view"
                      " WHERE push_id = $1", 1, values);
    for (i = 0; i < PQntuples(groups); i++)
        show_group(db, PQgetvalue(groups, i, 0));
    PQclear(groups);
    return 0;
}
