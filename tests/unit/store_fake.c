/*
 * store_fake.c - store.h over the queue in memory: see store_fake.h
 */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_fake.h"
#include "store_fake_db.h"

static const int64_t RECONNECT_US = 50000;

typedef enum {
    NOBODY, STORED, STATUS, CANCELLED, GROUPS, FENCED, STARTED, LEASES, NOTES,
    NOTES_DONE
} Kind;

/* An answer that waits for store_run(). */
typedef struct {
    Kind kind;
    StoreOutcome outcome;
    void (*done)(void);
    void *arg;
    int n;
    int *codes;
    StoreStatus *status;
    StoreGroup *groups;
    const int64_t *fenced;
    StoreStarted started;
    StoreLease *leases;
    StoreNote *notes;
} Pending;

struct Store {
    StoreRole role;
    StoreEvents events;
    StoreState state;
    bool broken;                    /* and does not know it yet */
    int64_t retry_at;
    FakeArray pending;
    int wakes;                      /* notifications to be told */
    int cancel_wakes;               /* and those with STORE_CANCELS */
    char error[256];
    Store *next;
};

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

static void call_back(const Pending *p)
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
    Pending *pending = store->pending.items;
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

/* --- calls -------------------------------------------------------------- */

/* Puts the answer in the queue. NULL: the call is not to be done. */
static Pending *admit(Store *store, Kind kind, void (*done)(void), void *arg)
{
    Pending *p = fake_add(&store->pending, sizeof(*p));

    *p = (Pending) { .kind = kind, .done = done, .arg = arg };
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

/* `why` is set if the queue refused the call. */
static void settle(Store *store, Pending *p, const char *why)
{
    if (why == NULL)
        return;
    p->outcome = STORE_FAILED;
    p->n = 0;
    snprintf(store->error, sizeof(store->error), "%s", why);
}

void store_push(Store *store, const StorePush *pushes, int n,
                const StoreNewGroup *groups, int m, int64_t lifetime_us,
                int64_t receipt_timeout_us, StorePushDone *done, void *arg)
{
    Pending *p = admit(store, STORED, (void (*)(void)) done, arg);
    Pending *last = (Pending *) store->pending.items + store->pending.n - 1;

    (void) receipt_timeout_us;
    last->n = n;
    if (p == NULL)
        return;
    p->codes = calloc((size_t) n + 1, sizeof(*p->codes));
    if (p->codes == NULL)
        abort();
    fake_push(pushes, n, groups, m, lifetime_us, p->codes);
}

static void wake(StoreRole role)
{
    Store *store;

    for (store = open_stores; store != NULL; store = store->next)
        store->wakes += store->role == role && store->state == STORE_UP;
}

void store_wake(Store *store)
{
    if (admit(store, NOBODY, NULL, NULL) != NULL)
        wake(STORE_SCHEDULER);
}

void store_result_wake(Store *store)
{
    if (admit(store, NOBODY, NULL, NULL) != NULL)
        wake(STORE_NOTIFIER);
}

void store_push_status(Store *store, const char *pi, const char *push_id,
                       StoreStatusDone *done, void *arg)
{
    Pending *p = admit(store, STATUS, (void (*)(void)) done, arg);

    if (p != NULL)
        p->status = fake_status(pi, push_id, &p->n);
}

void store_push_cancel(Store *store, const int64_t *groups, int n,
                       StoreCancelDone *done, void *arg)
{
    if (admit(store, CANCELLED, (void (*)(void)) done, arg) != NULL)
        fake_cancel(groups, n);
}

void store_cancel_wake(Store *store)
{
    Store *other;

    if (admit(store, NOBODY, NULL, NULL) == NULL)
        return;
    for (other = open_stores; other != NULL; other = other->next)
        other->cancel_wakes += other->role == STORE_SCHEDULER &&
                               other->state == STORE_UP;
}

void store_maintain(Store *store)
{
    admit(store, NOBODY, NULL, NULL);
}

void store_claim(Store *store, const StoreScope *scope, int n, int max,
                 StoreGroups *done, void *arg)
{
    Pending *p = admit(store, GROUPS, (void (*)(void)) done, arg);

    if (p != NULL)
        p->groups = fake_claim(scope, n, max, &p->n);
}

void store_adopt(Store *store, const StoreScope *scope, int n, int max,
                 StoreGroups *done, void *arg)
{
    Pending *p = admit(store, GROUPS, (void (*)(void)) done, arg);

    if (p != NULL)
        p->groups = fake_adopt(scope, n, max, &p->n);
}

void store_due(Store *store, const StoreScope *scope, int n, int max,
               StoreGroups *done, void *arg)
{
    Pending *p = admit(store, GROUPS, (void (*)(void)) done, arg);

    if (p != NULL)
        p->groups = fake_due(scope, n, max, &p->n);
}

void store_batch(Store *store, const char *instance, int64_t batch,
                 const StoreLedgerRow *rows, int n,
                 const StoreTransition *transitions, int m,
                 StoreBatchDone *done, void *arg)
{
    Pending *p = admit(store, FENCED, (void (*)(void)) done, arg);

    if (p != NULL)
        settle(store, p, fake_batch(instance, batch, rows, n, transitions, m,
                                    &p->fenced, &p->n));
}

void store_receipts(Store *store, const char *instance, int64_t batch,
                    const StoreReceipt *receipts, int n, StoreGroups *done,
                    void *arg)
{
    Pending *p = admit(store, GROUPS, (void (*)(void)) done, arg);

    if (p != NULL)
        settle(store, p, fake_receipts(instance, batch, receipts, n,
                                       &p->groups, &p->n));
}

void store_instance(Store *store, const char *instance,
                    const char *deployment, const char *predecessor,
                    const StoreLast *last, StoreInstanceDone *done,
                    void *arg)
{
    Pending *p = admit(store, STARTED, (void (*)(void)) done, arg);

    if (p == NULL)
        return;
    settle(store, p, fake_instance(instance, deployment, predecessor, last,
                                   &p->started));
}

void store_lease(Store *store, const char *instance,
                 const char *const *routes, int n, int64_t ttl_us,
                 const int *release, int n_release, StoreLeases *done,
                 void *arg)
{
    Pending *p = admit(store, LEASES, (void (*)(void)) done, arg);

    if (p != NULL)
        settle(store, p, fake_renew(instance, routes, n, ttl_us, release,
                                    n_release, &p->leases, &p->n));
}

void store_notify_take(Store *store, const char *instance, int max,
                       int64_t lease_us, int per_host, const StoreRoom *rooms,
                       int n, StoreNotes *done, void *arg)
{
    Pending *p = admit(store, NOTES, (void (*)(void)) done, arg);

    if (p != NULL)
        p->notes = fake_take(instance, max, lease_us, per_host, rooms, n,
                             &p->n);
}

void store_notify_forgotten(Store *store, const char *instance,
                            const int64_t *known, int n)
{
    if (admit(store, NOBODY, NULL, NULL) != NULL)
        fake_forgotten(instance, known, n);
}

void store_notify_done(Store *store, const StoreNoteDone *notes, int n,
                       StoreNotesDone *done, void *arg)
{
    if (admit(store, NOTES_DONE, (void (*)(void)) done, arg) != NULL)
        fake_notified(notes, n);
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
