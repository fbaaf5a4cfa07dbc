/*
 * pg_tell.c - what the operator is told of a connection
 *
 * A database that is away, or full, or locked, shows at every try, several
 * times a second. Told is only what changes: that it is gone; another reason,
 * once that one has lasted; that it is back; that it refuses a call; that it
 * takes it again.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/pg_int.h"

/* A server that is stopped and started gives a handful of reasons within
 * seconds; the one that stays is the one to mend. So is at once what the
 * checks of pg_start.c find. */
static const int64_t LASTS_US = 10 * 1000000;

/* On a disk that is nearly full a small call passes now and then, and so does
 * one that a lock does not concern. */
static const int64_t CALM_US = 3 * 1000000;

static void say(const Store *store, bool bad, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const Store *store, bool bad, const char *format, ...)
{
    char text[sizeof(store->error) + 256];
    va_list args;

    if (store->events.log == NULL)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    store->events.log(store->events.arg, bad, text);
}

static void tell(Store *store, PgTold what, StoreState state)
{
    store->told = what;
    memcpy(store->told_error, store->error, sizeof(store->told_error));
    if (store->events.on_state != NULL)
        store->events.on_state(store->events.arg, state);
}

void pg_tell_up(Store *store)
{
    say(store, false, "%s: the database is %s: host %s, port %s",
        store->role->title, store->was_up ? "back" : "there",
        PQhost(store->conn), PQport(store->conn));
    store->was_up = true;
    store->refuses = false;
    tell(store, PG_TOLD_UP, STORE_UP);
}

void pg_tell_down(Store *store)
{
    if (strcmp(store->error, store->last_error) != 0) {
        memcpy(store->last_error, store->error, sizeof(store->last_error));
        store->error_since = store->now;
    }
    if (store->told != PG_TOLD_DOWN) {
        say(store, true, "%s: the database is gone, %s: %s",
            store->role->title, store->role->meanwhile, store->error);
    } else if (strcmp(store->error, store->told_error) != 0 &&
               (store->start_failed ||
                store->now - store->error_since >= LASTS_US)) {
        say(store, true, "%s: the database stays away: %s",
            store->role->title, store->error);
    } else {
        return;
    }
    tell(store, PG_TOLD_DOWN, STORE_DOWN);
}

void pg_tell_warning(Store *store, const char *text)
{
    say(store, true, "%s: the database warns: %s", store->role->title,
        text == NULL ? "" : text);
}

void pg_tell_answer(Store *store, const PgRequest *request,
                    StoreOutcome outcome)
{
    if (outcome == STORE_DONE) {
        if (!store->refuses || store->now - store->refused_at < CALM_US)
            return;
        store->refuses = false;
        say(store, false, "%s: the database takes all again",
            store->role->title);
    } else if (outcome == STORE_BUSY || !request->caller_tells) {
        if (!store->refuses)
            say(store, true, "%s: the database refuses %s",
                store->role->title, store->error);
        store->refuses = true;
        store->refused_at = store->now;
    }
}
