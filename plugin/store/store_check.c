/*
 * store_check.c - is the database the right one? Asked once, at start
 *
 * The same connection as everybody's, with one call to make; it is waited
 * for here, since the box does not start before the answer is known.
 */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "now.h"
#include "store/pg.h"
#include "store/rows.h"

typedef struct {
    const char *text;
} Wrong;

static const PgField WRONG_FIELDS[] = {
    PG_AS("deployment_check", Wrong, text, TEXT, PG_NULL)
};
static const PgCall DEPLOYMENT_CHECK = {
    .function = "deployment_check",
    .params = 1,
    .rows = PG_RECORD(WRONG_FIELDS, Wrong)
};

static const PgCall *const CALLS[] = { &DEPLOYMENT_CHECK, NULL };
static const char *const CHANNELS[] = { NULL };

static const PgRole ROLE = {
    .name = "convoy check",
    .title = "check",
    .meanwhile = "the box does not start",
    .grant = "convoy_intake",
    .calls = CALLS,
    .channels = CHANNELS,
    .timeout_ms = 10000
};

static const char UNUSABLE[] = "the database cannot be used: ";

typedef struct {
    Store *store;
    const char *deployment;
    char *wrong;
    bool over;
} Check;

static void end(Check *check, const char *wrong, const char *why)
{
    check->over = true;
    if (asprintf(&check->wrong, "%s%s", wrong, why) < 0)
        abort();
}

static void checked(const PgReply *reply)
{
    Check *check = reply->arg;
    Wrong *row;

    if (reply->outcome != STORE_DONE || PQntuples(reply->result) != 1) {
        end(check, UNUSABLE, store_error(check->store));
        return;
    }
    row = rows_read(reply->result, &DEPLOYMENT_CHECK.rows);
    check->over = true;
    if (row->text != NULL)
        end(check, "", row->text);
    free(row);
}

static void on_state(void *arg, StoreState state)
{
    Check *check = arg;

    if (check->over)
        return;
    if (state == STORE_UP) {
        args_text(pg_args(check->store), check->deployment);
        pg_send(check->store, &DEPLOYMENT_CHECK, checked, NULL, check, 0);
    } else {
        end(check, UNUSABLE, store_error(check->store));
    }
}

static void wait_for(Store *store, int64_t until)
{
    struct pollfd fd = { store_poll_fd(store), store_poll_events(store), 0 };
    int64_t now = now_us();
    int wait = store_poll_timeout(store, now);
    int left = until > now ? (int) ((until - now) / 1000 + 1) : 0;

    poll(&fd, 1, wait < 0 || wait > left ? left : wait);
}

char *store_check(const char *conninfo, const char *deployment,
                  double timeout_s)
{
    Check check = { .deployment = deployment };
    StoreEvents events = { .on_state = on_state, .arg = &check };
    int64_t until = now_us() + (int64_t) (timeout_s * 1e6);

    check.store = pg_open(conninfo, &ROLE, &events);
    store_run(check.store, now_us());
    while (!check.over && now_us() < until) {
        wait_for(check.store, until);
        store_run(check.store, now_us());
    }
    if (!check.over)
        end(&check, UNUSABLE, "no answer");
    store_close(check.store);
    return check.wrong;
}

void store_text_free(char *text)
{
    free(text);
}
