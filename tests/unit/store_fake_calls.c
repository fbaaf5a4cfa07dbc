/*
 * store_fake_calls.c - the calls of store.h, done in the queue in memory
 */

#include <stdio.h>
#include <stdlib.h>

#include "store_fake_int.h"

/* `why` is set if the queue refused the call. */
static void settle(Store *store, FakeCall *p, const char *why)
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
    FakeCall *p = fake_admit(store, STORED, (void (*)(void)) done, arg);
    FakeCall *last = (FakeCall *) store->pending.items + store->pending.n - 1;

    (void) receipt_timeout_us;
    last->n = n;
    if (p == NULL)
        return;
    p->codes = calloc((size_t) n + 1, sizeof(*p->codes));
    if (p->codes == NULL)
        abort();
    fake_push(pushes, n, groups, m, lifetime_us, p->codes);
}

void store_push_status(Store *store, const char *pi, const char *push_id,
                       StoreStatusDone *done, void *arg)
{
    FakeCall *p = fake_admit(store, STATUS, (void (*)(void)) done, arg);

    if (p != NULL)
        p->status = fake_status(pi, push_id, &p->n);
}

void store_push_cancel(Store *store, const int64_t *groups, int n,
                       StoreCancelDone *done, void *arg)
{
    if (fake_admit(store, CANCELLED, (void (*)(void)) done, arg) != NULL)
        fake_cancel(groups, n);
}

void store_maintain(Store *store)
{
    fake_admit(store, NOBODY, NULL, NULL);
}

void store_claim(Store *store, const StoreScope *scope, int n, int max,
                 StoreGroups *done, void *arg)
{
    FakeCall *p = fake_admit(store, GROUPS, (void (*)(void)) done, arg);

    if (p != NULL)
        p->groups = fake_claim(scope, n, max, &p->n);
}

void store_adopt(Store *store, const StoreScope *scope, int n, int max,
                 StoreGroups *done, void *arg)
{
    FakeCall *p = fake_admit(store, GROUPS, (void (*)(void)) done, arg);

    if (p != NULL)
        p->groups = fake_adopt(scope, n, max, &p->n);
}

void store_due(Store *store, const StoreScope *scope, int n, int max,
               StoreGroups *done, void *arg)
{
    FakeCall *p = fake_admit(store, GROUPS, (void (*)(void)) done, arg);

    if (p != NULL)
        p->groups = fake_due(scope, n, max, &p->n);
}

void store_batch(Store *store, const char *instance, int64_t batch,
                 const StoreLedgerRow *rows, int n,
                 const StoreTransition *transitions, int m,
                 StoreBatchDone *done, void *arg)
{
    FakeCall *p = fake_admit(store, FENCED, (void (*)(void)) done, arg);

    if (p != NULL)
        settle(store, p, fake_batch(instance, batch, rows, n, transitions, m,
                                    &p->fenced, &p->n));
}

void store_receipts(Store *store, const char *instance, int64_t batch,
                    const StoreReceipt *receipts, int n, StoreGroups *done,
                    void *arg)
{
    FakeCall *p = fake_admit(store, GROUPS, (void (*)(void)) done, arg);

    if (p != NULL)
        settle(store, p, fake_receipts(instance, batch, receipts, n,
                                       &p->groups, &p->n));
}

void store_instance(Store *store, const char *instance,
                    const char *deployment, const char *predecessor,
                    const StoreLast *last, StoreInstanceDone *done,
                    void *arg)
{
    FakeCall *p = fake_admit(store, STARTED, (void (*)(void)) done, arg);

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
    FakeCall *p = fake_admit(store, LEASES, (void (*)(void)) done, arg);

    if (p != NULL)
        settle(store, p, fake_renew(instance, routes, n, ttl_us, release,
                                    n_release, &p->leases, &p->n));
}

void store_notify_take(Store *store, const char *instance, int max,
                       int64_t lease_us, int per_host, const StoreRoom *rooms,
                       int n, StoreNotes *done, void *arg)
{
    FakeCall *p = fake_admit(store, NOTES, (void (*)(void)) done, arg);

    if (p != NULL)
        p->notes = fake_take(instance, max, lease_us, per_host, rooms, n,
                             &p->n);
}

void store_notify_forgotten(Store *store, const char *instance,
                            const int64_t *known, int n)
{
    if (fake_admit(store, NOBODY, NULL, NULL) != NULL)
        fake_forgotten(instance, known, n);
}

void store_notify_done(Store *store, const StoreNoteDone *notes, int n,
                       StoreNotesDone *done, void *arg)
{
    if (fake_admit(store, NOTES_DONE, (void (*)(void)) done, arg) != NULL)
        fake_notified(notes, n);
}
