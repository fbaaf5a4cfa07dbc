/*
 * pg_int.h - the connection, as pg.c and pg_start.c know it
 *
 *      WAITING --time--> CONNECTING --> STARTING --> RUNNING
 *         ^                  |             |            |
 *         +---- pg_lost() ---+-------------+------------+
 *
 * Whatever goes wrong, there is one way back: everything unanswered becomes
 * STORE_LOST, the connection is thrown away, and a new one is made after a
 * while. To others the store is up in RUNNING only.
 */

#ifndef CONVOY_STORE_PG_INT_H
#define CONVOY_STORE_PG_INT_H

#include "store/conninfo.h"
#include "store/pg.h"

typedef enum {
    PG_WAITING,         /* for retry_at */
    PG_CONNECTING,      /* PQconnectPoll, until give_up_at */
    PG_STARTING,        /* statements are being prepared */
    PG_RUNNING
} PgPhase;

/* What the operator was told last. */
typedef enum { PG_TOLD_NOTHING, PG_TOLD_DOWN, PG_TOLD_UP } PgTold;

/* A statement that waits for its answer. */
typedef struct {
    const char *what;   /* function, for error messages */
    bool caller_tells;  /* as in PgCall */
    PgParse *parse;
    void (*done)(void);
    void *arg;
    int n;
} PgRequest;

typedef struct {
    PgRequest *items;   /* a ring */
    int first, n, size;
} PgQueue;

struct Store {
    const PgRole *role;
    StoreEvents events;
    Conninfo *conninfo;             /* NULL: unreadable, see error */
    PGconn *conn;
    PgPhase phase;
    PostgresPollingStatusType wants;    /* of PQconnectPoll */
    bool wants_write;               /* PQflush is not through */
    bool broken;                    /* to be given up in the next run */
    bool start_failed;
    PgQueue sent;                   /* in the order of their answers */
    PgQueue refused;                /* made while not up */
    PGresult *result;               /* of the first of `sent`, so far */
    Args args;
    int64_t now, retry_at, give_up_at;
    int64_t head_since;             /* when the first of `sent` became the
                                     * first; -1: with the next run */
    int64_t up_since;
    int failures;                   /* since it was up for a while */
    unsigned int seed;
    char error[512];

    /* pg_tell.c */
    PgTold told;
    bool was_up;
    char told_error[512];           /* with the last on_state */
    char last_error[512];           /* of the last loss, and since when it */
    int64_t error_since;            /* is the same */
    bool refuses;                   /* some calls, */
    int64_t refused_at;             /* the last one then */
};

/* --- pg.c --- */

/* Answers what is in the queue now with STORE_LOST. */
void pg_answer_lost(PgQueue *queue);

/* Ends one statement of the pipeline, which was sent if `sent`: what follows
 * it does not fail with it. */
void pg_sync(Store *store, bool sent, const PgRequest *request);

/* The connection is of no use any more; the first reason counts. */
void pg_break(Store *store, const char *why);

/* One line, printf-like; newlines in arguments are folded. */
void pg_error(Store *store, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- pg_tell.c --- */

void pg_tell_up(Store *store);
void pg_tell_down(Store *store);    /* the reason is in store->error */
/* What a function of ours, or the server, warns the operator of. */
void pg_tell_warning(Store *store, const char *text);

/* A call was answered; if it was refused the reason is in store->error. */
void pg_tell_answer(Store *store, const PgRequest *request,
                    StoreOutcome outcome);

/* --- pg_start.c --- */

void pg_connect(Store *store);
void pg_connect_go_on(Store *store);

/* Gives the connection up; the reason is in store->error. */
void pg_lost(Store *store);

#endif
