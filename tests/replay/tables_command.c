/*
 * tables_command.c - convoy-trace tables: a trace from Convoy's own tables.
 *
 * One statement makes the records, in their order, of the views that
 * convoy_monitor may read; so the database sorts, and here is one row at a
 * time.
 */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

/* A submit is a copy of a segment of which the ledger tells anything but that
 * it was not sent. A copy in doubt may have been answered later: then that is
 * its answer. Copies of one segment are the same octets. */
static const char query[] =
"WITH pushes AS ("
"    SELECT row_number() OVER (ORDER BY accepted_at, pi, push_id) AS push,"
"           pi, push_id, accepted_at, notify_url, groups"
"    FROM convoy.push_view),"
" groups AS ("
"    SELECT u.group_id, p.push, g.receiver, g.segments"
"    FROM pushes p CROSS JOIN LATERAL unnest(p.groups) AS u (group_id)"
"         LEFT JOIN convoy.group_view g ON g.group_id = u.group_id),"
" copies AS ("
"    SELECT l.group_id, l.segment, l.copy, min(l.at) AS at,"
"           (array_agg(l ORDER BY l.outcome = 'in doubt', l.id) FILTER ("
"                WHERE l.outcome IN ('accepted', 'refused', 'in doubt'))"
"            )[1] AS last"
"    FROM convoy.ledger_view l WHERE l.outcome <> 'not sent'"
"    GROUP BY l.group_id, l.segment, l.copy),"
" submits AS ("
"    SELECT row_number() OVER (ORDER BY c.at, c.group_id, c.copy) AS submit,"
"           row_number() OVER same AS attempt, c.*, g.push, g.receiver,"
"           g.segments"
"    FROM copies c JOIN groups g USING (group_id)"
"    WHERE g.receiver IS NOT NULL"
"    WINDOW same AS (PARTITION BY c.group_id, c.segment"
"                    ORDER BY c.at, c.copy)),"
" firsts AS ("
"    SELECT group_id, segment, submit AS first FROM submits"
"    WHERE attempt = 1),"
" receipts AS ("
"    SELECT l.*, coalesce(upper(substring(l.text FROM 'stat:([A-Za-z]+)')),"
"               CASE l.outcome WHEN 'delivered' THEN 'DELIVRD' END) AS stat"
"    FROM convoy.ledger_view l"
"    WHERE l.outcome IN ('delivered', 'not delivered',"
"                        'receipt, not final')),"
" events (at, kind, ev, push, submit, push_id, pi, dst, part, total,"
"         attempt, first, status, message_id, state, told) AS ("
"    SELECT accepted_at, 0, 'push', push, NULL::bigint, push_id,"
"           nullif(pi, ''), NULL, NULL::int, NULL::int, NULL::bigint,"
"           NULL::bigint, NULL::bigint, NULL, NULL, NULL"
"    FROM pushes"
"    UNION ALL"
"    SELECT s.at, 1, 'submit', s.push, s.submit, NULL, NULL, s.receiver,"
"           s.segment, s.segments, s.attempt, nullif(f.first, s.submit),"
"           NULL, NULL, NULL, NULL"
"    FROM submits s JOIN firsts f USING (group_id, segment)"
"    UNION ALL"
"    SELECT (s.last).at, 2, 'submit_answer', NULL, s.submit, NULL, NULL,"
"           NULL, NULL, NULL, NULL, NULL,"
"           CASE (s.last).outcome WHEN 'accepted' THEN 0"
"                WHEN 'refused' THEN (s.last).code ELSE -2 END,"
"           CASE (s.last).outcome WHEN 'accepted' THEN (s.last).message_id"
"                END, NULL, NULL"
"    FROM submits s"
"    WHERE (s.last).outcome IN ('accepted', 'in doubt')"
"          OR (s.last).code > 0"
"    UNION ALL"
"    SELECT r.at, 3, 'receipt', NULL, s.submit, NULL, NULL, NULL, NULL, NULL,"
"           NULL, NULL, NULL, r.message_id,"
"           CASE WHEN r.stat IN ('ENROUTE', 'DELIVRD', 'EXPIRED', 'DELETED',"
"                                'UNDELIV', 'ACCEPTD', 'UNKNOWN', 'REJECTD')"
"                THEN r.stat ELSE 'NOSTAT' END, NULL"
"    FROM receipts r LEFT JOIN submits s USING (group_id, segment, copy)"
"    UNION ALL"
"    SELECT l.at, 4, 'cancel', NULL, s.submit, NULL, NULL, NULL, NULL, NULL,"
"           NULL, NULL, coalesce(l.code, 0), NULL, NULL, NULL"
"    FROM convoy.ledger_view l JOIN submits s USING (group_id, segment, copy)"
"    WHERE l.outcome = 'cancelled'"
"          OR (l.outcome = 'too late to cancel' AND l.code > 0)"
"    UNION ALL"
"    SELECT r.ended_at, 5, 'outcome', g.push, NULL, NULL, NULL,"
"           coalesce(substring(r.address FROM '=([^/]+)/'), r.receiver),"
"           NULL, NULL, NULL, NULL, NULL, NULL, lower(r.state),"
"           CASE WHEN n.verdict IN ('acknowledged', 'refused')"
"                THEN lower(r.state)"
"                WHEN p.notify_url IS NULL THEN 'nothing' END"
"    FROM convoy.result_view r JOIN groups g USING (group_id)"
"         JOIN pushes p USING (push)"
"         LEFT JOIN convoy.notified_view n ON n.group_id = r.group_id)"
" SELECT ev,"
"        (extract(epoch FROM at - min(at) OVER ()) * 1000000)::bigint AS t,"
"        to_char(min(at) OVER () AT TIME ZONE 'UTC',"
"                'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS begin,"
"        push, submit, push_id, pi, dst, part, total, attempt, first, status,"
"        message_id, state, told"
" FROM events ORDER BY at, kind, submit, push";

static const char *text(const PGresult *row, const char *column)
{
    int number = PQfnumber(row, column);

    return PQgetisnull(row, 0, number) ? NULL : PQgetvalue(row, 0, number);
}

static int64_t number(const PGresult *row, const char *column)
{
    const char *value = text(row, column);

    return value == NULL ? TRACE_UNKNOWN : strtoll(value, NULL, 10);
}

static bool take_row(const PGresult *row, struct recorder *recorder)
{
    struct trace_record record = trace_clear(
        (enum trace_event) trace_event_named(text(row, "ev")),
        number(row, "t"));

    record.push = number(row, "push");
    record.submit = number(row, "submit");
    record.push_id = text(row, "push_id");
    record.pi = text(row, "pi");
    record.operation = record.event == TRACE_PUSH ? "push" : NULL;
    record.dst = text(row, "dst");
    record.part = number(row, "part");
    record.total = number(row, "total");
    record.attempt = number(row, "attempt");
    record.first = number(row, "first");
    record.status = number(row, "status");
    record.message_id = text(row, "message_id");
    record.state = text(row, "state");
    record.told = text(row, "told");
    return recorder_write(recorder, &record);
}

/* Always false; the message's first line is why. */
static bool failed(const char *message, char error[TRACE_ERROR_SIZE])
{
    snprintf(error, TRACE_ERROR_SIZE, "%.*s", (int) strcspn(message, "\n"),
             message);
    return false;
}

static struct trace_begin first_line(const PGresult *row)
{
    return (struct trace_begin) {
        .begin = row == NULL ? NULL : text(row, "begin"),
        .source = "tables",
        .note = "a submit has the time of the first news of it, as its own "
                "is in no table",
        .unknown = 1u << TRACE_PUSH_ANSWER | 1u << TRACE_LINK
                   | 1u << TRACE_NOTIFICATION
                   | 1u << TRACE_NOTIFICATION_ANSWER | 1u << TRACE_PHONE
    };
}

/* The trace is opened with the first row, or if there is none. */
static bool take_result(const PGresult *row,
                        const struct recorder_options *options,
                        struct recorder **recorder,
                        char error[TRACE_ERROR_SIZE])
{
    ExecStatusType status = PQresultStatus(row);

    if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
        return failed(PQresultErrorMessage(row), error);
    }
    if (*recorder == NULL)
        *recorder = recorder_open(options, first_line(
            status == PGRES_SINGLE_TUPLE ? row : NULL), error);
    if (*recorder == NULL)
        return false;
    if (status == PGRES_TUPLES_OK || take_row(row, *recorder))
        return true;
    snprintf(error, TRACE_ERROR_SIZE, "a %s: %s", text(row, "ev"),
             recorder_error(*recorder));
    return false;
}

static bool take_results(PGconn *connection,
                         const struct recorder_options *options,
                         char error[TRACE_ERROR_SIZE])
{
    struct recorder *recorder = NULL;
    PGresult *row;
    bool good = true;

    if (PQstatus(connection) != CONNECTION_OK
        || PQsendQuery(connection, query) != 1
        || PQsetSingleRowMode(connection) != 1)
        return failed(PQerrorMessage(connection), error);
    while (good && (row = PQgetResult(connection)) != NULL) {
        good = take_result(row, options, &recorder, error);
        PQclear(row);
    }
    if (recorder != NULL && !recorder_close(recorder, error))
        good = false;
    return good;
}

static enum command_status run(const struct settings *settings, int count,
                               char **arguments)
{
    PGconn *connection = PQconnectdb(arguments[0]);
    char error[TRACE_ERROR_SIZE];
    bool good = take_results(connection, &settings->recorder, error);

    (void) count;
    PQfinish(connection);
    return good ? COMMAND_DONE : command_failed(error);
}

static const struct option options[] = { RECORDER_OPTIONS, COMMAND_HELP };

const struct command tables_command = {
    .name = "tables", .summary = "make a trace from the tables of Convoy",
    .usage =
        "usage: convoy-trace tables [options] CONNINFO\n\n"
        "Makes a trace from the tables of Convoy; CONNINFO is that of libpq"
        " (\"host=db\ndbname=convoy\"), for a role that is in"
        " convoy_monitor. The tables know pushes,\nanswers of the SMSC,"
        " receipts and outcomes; README.md says what they do not\n"
        "know.\n\n" RECORDER_HELP,
    .options = options, .letters = RECORDER_LETTERS, .most = 1, .run = run
};
