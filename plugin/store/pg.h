/*
 * pg.h - calls to functions of the schema over one connection
 *
 * The files that speak for a role (store_intake.c and its siblings) describe
 * each function of the schema with a PgCall, put the arguments of a call
 * together with args.h, and hand it in here. Everything else about the
 * connection is the business of pg.c and pg_start.c.
 */

#ifndef CONVOY_STORE_PG_H
#define CONVOY_STORE_PG_H

#include <libpq-fe.h>

#include "store/args.h"
#include "store/field.h"

/* The number of sql/migrations that this module was built for. */
enum { PG_SCHEMA_VERSION = 3 };

/* One function of the schema, and the name of its prepared statement. */
typedef struct {
    const char *function;
    int params;
    PgRecord rows;          /* columns of its result; none: it is void */
    PgRecord arrays;        /* further columns, each an array */
    bool caller_tells;      /* STORE_FAILED is not logged here: it may be the
                             * fault of one row, which the caller finds */
} PgCall;

typedef struct {
    const char *name;               /* for pg_stat_activity */
    const char *title;              /* in log lines */
    const char *meanwhile;          /* what it means that it is down */
    const char *grant;              /* role that may execute the functions */
    const PgCall *const *calls;     /* both end with NULL */
    const char *const *channels;    /* to listen to */
    int timeout_ms;                 /* for a statement */
    const PgCall *first;            /* called at each connect, before any
                                     * other; NULL: none */
} PgRole;

/* maintain_ahead(), for several roles. */
extern const PgCall pg_maintain;

extern const PgRole pg_intake, pg_scheduler, pg_leases, pg_notifier;

/* An answer on its way to the caller. */
typedef struct {
    StoreOutcome outcome;
    const PGresult *result;         /* if outcome is STORE_DONE */
    void (*done)(void);             /* the caller's callback, any type */
    void *arg;
    int n;                          /* what pg_send() was given */
} PgReply;

/* Turns the answer into a call of reply->done. */
typedef void PgParse(const PgReply *reply);

/* As store_open(), for a role that is no StoreRole. */
Store *pg_open(const char *conninfo, const PgRole *role,
               const StoreEvents *events);

/* Arguments of the next call, empty. */
Args *pg_args(Store *store);

/* Sends the call with these arguments; parse NULL: answered to nobody. */
void pg_send(Store *store, const PgCall *call, PgParse *parse,
             void (*done)(void), void *arg, int n);

#endif
