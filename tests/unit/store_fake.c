/*
 * store_fake.c - the connection of the store in memory: see store_fake.h
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_fake.h"
#include "store_fake_int.h"

static const int64_t RECONNECT_US = 50000;

static Store *open_stores;
static bool is_down, lose_next, lose_done;
static int fail_next;

/* --- knobs -------------------------------------------------------------- */

void fake_reset(const char *deployment)
{
    is_down = lose_next = false;
    fail_next = 0;
    fake_db_reset(deployment);
}

void fake_cut(void)
{
    Store *store;

    for (store = open_stores; store != NULL; store = store->next)
        store->broken = store->state == STORE_UP;
}

void fake_set_down(bool down)
{
    is_down = down;
    if (down)
        fake_cut();
}

void fake_fail_next(int n)
{
    fail_next = n;
}

void fake_lose_next(bool done)
{
    lose_next = true;
    lose_done = done;
}

int fake_count(int state)
{
    int i, n = 0;

    for (i = 0; i < fake_db.groups.n; i++)
        n += fake_group(i)->row.state == state;
    return n;
}

/* --- the store ---------------------------------------------------------- */

Store *store_open(const char *conninfo, StoreRole role,
                  const StoreEvents *events)
{
    Store *store = calloc(1, sizeof(*store));

    (void) conninfo;
    if (store == NULL)
        abort();
    store->role = role;
    store->events = *events;
    store->retry_at = INT64_MIN;
    store->next = open_stores;
    open_stores = store;
    return store;
}

StoreState store_state(const Store *store)
{
    return store->state;
}

const char *store_error(const Store *store)
{
    return store->error;
}

int store_outstanding(const Store *store)
{
    return store->pending.n;
}

int store_poll_fd(const Store *store)
{
    (void) store;
    return -1;
}

short store_poll_events(const Store *store)
{
    (void) store;
    return 0;
}

int store_poll_timeout(const Store *store, int64_t now_us)
{
    if (store->pending.n > 0 || store->broken || store->wakes > 0 ||
        store->cancel_wakes > 0)
        return 0;
    if (store->state == STORE_UP)
        return -1;
    return store->retry_at <= now_us
        ? 0 : (int) ((store->retry_at - now_us + 999) / 1000);
}

static void call_back(const FakeCall *p)
{
    bool good = p->outcome == STORE_DONE;
    int n = good ? p->n : 0;

    switch (p->kind) {
    case NOBODY:
        break;
    case STORED:
        ((StorePushDone *) p->done)(p->arg, p->outcome,
                                    good ? p->codes : NULL, p->n);
        break;
    case STATUS:
        ((StoreStatusDone *) p->done)(p->arg, p->outcome, p->status, n);
        break;
    case CANCELLED:
        ((StoreCancelDone *) p->done)(p->arg, p->outcome);
        break;
    case GROUPS:
        ((StoreGroups *) p->done)(p->arg, p->outcome, p->groups, n);
        break;
    case FENCED:
        ((StoreBatchDone *) p->done)(p->arg, p->outcome, p->fenced, n);
        break;
    case STARTED:
        ((StoreInstanceDone *) p->done)(p->arg, p->outcome,
                                        good ? &p->started : NULL);
        break;
    case LEASES:
        ((StoreLeases *) p->done)(p->arg, p->outcome, p->leases, n);
        break;
    case NOTES:
        ((StoreNotes *) p->done)(p->arg, p->outcome, p->notes, n);
        break;
    case NOTES_DONE:
        ((StoreNotesDone *) p->done)(p->arg, p->outcome);
        break;
    }
}

/* Those that are there now; callbacks may call again. */
static void answer(Store *store, bool lost)
{
    FakeCall *pending = store->pending.items;
    int i, n = store->pending.n;

    memset(&store->pending, 0, sizeof(store->pending));
    for (i = 0; i < n; i++) {
        StoreGroup *groups = pending[i].groups;

        if (lost)
            pending[i].outcome = STORE_LOST;
        call_back(&pending[i]);
        fake_free_groups(groups, groups == NULL ? 0 : pending[i].n);
        free(pending[i].notes);
        free(pending[i].status);
        free(pending[i].codes);
    }
    free(pending);
}

void store_close(Store *store)
{
    Store **at;

    if (store == NULL)
        return;
    for (at = &open_stores; *at != store; at = &(*at)->next)
        ;
    *at = store->next;
    store->state = STORE_DOWN;
    answer(store, true);
    free(store->pending.items);
    free(store);
}

static void set_state(Store *store, StoreState state)
{
    store->state = state;
    store->broken = false;
    if (store->events.on_state != NULL)
        store->events.on_state(store->events.arg, state);
}

static void set_clock(int64_t now_us)
{
    struct timespec ts;

    if (fake_db.epoch_base == 0) {
        clock_gettime(CLOCK_REALTIME, &ts);
        fake_db.epoch_base = (int64_t) ts.tv_sec * 1000000 +
                             ts.tv_nsec / 1000 - now_us;
    }
    if (now_us > fake_db.now)
        fake_db.now = now_us;
}

static void tell_wakes(Store *store)
{
    const char *channel = store->role == STORE_SCHEDULER ? "convoy_queue"
                                                         : "convoy_result";

    for (; store->wakes > 0; store->wakes--) {
        if (store->events.notified != NULL)
            store->events.notified(store->events.arg, channel, "");
    }
    for (; store->cancel_wakes > 0; store->cancel_wakes--) {
        if (store->events.notified != NULL)
            store->events.notified(store->events.arg, channel,
                                   STORE_CANCELS);
    }
}

void store_run(Store *store, int64_t now_us)
{
    set_clock(now_us);
    if (store->broken) {
        snprintf(store->error, sizeof(store->error), "connection broken");
        store->state = STORE_DOWN;
        store->retry_at = now_us + RECONNECT_US;
        answer(store, true);
        set_state(store, STORE_DOWN);
    } else {
        answer(store, store->state == STORE_DOWN);
    }
    if (store->state == STORE_UP)
        tell_wakes(store);
    else if (!is_down && now_us >= store->retry_at)
        set_state(store, STORE_UP);
}

/* --- calls and wake-ups ------------------------------------------------- */

FakeCall *fake_admit(Store *store, FakeKind kind, void (*done)(void),
                     void *arg)
{
    FakeCall *p = fake_add(&store->pending, sizeof(*p));

    *p = (FakeCall) { .kind = kind, .done = done, .arg = arg };
    if (store->state == STORE_DOWN || store->broken) {
        p->outcome = STORE_LOST;
        return NULL;
    }
    if (kind != NOBODY && fail_next > 0) {
        fail_next--;
        p->outcome = STORE_FAILED;
        snprintf(store->error, sizeof(store->error), "told to fail");
        return NULL;
    }
    if (kind != NOBODY && lose_next) {
        lose_next = false;
        store->broken = true;
        return lose_done ? p : NULL;
    }
    return p;
}

static void wake(StoreRole role)
{
    Store *store;

    for (store = open_stores; store != NULL; store = store->next)
        store->wakes += store->role == role && store->state == STORE_UP;
}

void store_wake(Store *store)
{
    if (fake_admit(store, NOBODY, NULL, NULL) != NULL)
        wake(STORE_SCHEDULER);
}

void store_result_wake(Store *store)
{
    if (fake_admit(store, NOBODY, NULL, NULL) != NULL)
        wake(STORE_NOTIFIER);
}

void store_cancel_wake(Store *store)
{
    Store *other;

    if (fake_admit(store, NOBODY, NULL, NULL) == NULL)
        return;
    for (other = open_stores; other != NULL; other = other->next)
        other->cancel_wakes += other->role == STORE_SCHEDULER &&
                               other->state == STORE_UP;
}

/* --- the check at start ------------------------------------------------- */

char *store_check(const char *conninfo, const char *deployment,
                  double timeout_s)
{
    (void) conninfo;
    (void) timeout_s;
    if (is_down)
        return strdup("the database cannot be used: no connection");
    return strcmp(deployment, fake_db.deployment) == 0
        ? NULL : strdup("this is another deployment's queue");
}

void store_text_free(char *text)
{
    free(text);
}
