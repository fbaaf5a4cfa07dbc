/*
 * store_fake_db.c - memory of the queue in memory, its leases and instances
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/utf8.h"
#include "store_fake_db.h"

FakeDb fake_db;

static FakeArray blocks;            /* all memory but the arrays themselves */

void *fake_add(FakeArray *array, size_t item)
{
    char *added;

    if (array->n == array->size) {
        array->size = array->size * 2 + 16;
        array->items = realloc(array->items, (size_t) array->size * item);
        if (array->items == NULL)
            abort();
    }
    added = (char *) array->items + (size_t) array->n++ * item;
    return memset(added, 0, item);
}

void *fake_alloc(size_t size)
{
    void *made = calloc(1, size > 0 ? size : 1);

    if (made == NULL)
        abort();
    *(void **) fake_add(&blocks, sizeof(void *)) = made;
    return made;
}

const char *fake_text(const char *text)
{
    size_t len;
    char *made;

    if (text == NULL)
        return NULL;
    len = strlen(text);
    made = fake_alloc(len * UTF8_ESCAPED_MAX + 1);
    made[utf8_escape(made, text, len)] = '\0';
    return made;
}

static void clear(FakeArray *array)
{
    free(array->items);
    memset(array, 0, sizeof(*array));
}

void fake_db_reset(const char *deployment)
{
    int i;

    for (i = 0; i < blocks.n; i++)
        free(((void **) blocks.items)[i]);
    clear(&blocks);
    clear(&fake_db.pushes);
    clear(&fake_db.groups);
    clear(&fake_db.rows);
    clear(&fake_db.inbox);
    clear(&fake_db.leases);
    clear(&fake_db.instances);
    clear(&fake_db.batches);
    clear(&fake_db.notes);
    memset(&fake_db, 0, sizeof(fake_db));
    if (deployment == NULL)
        return;
    fake_db.deployment = fake_text(deployment);
    fake_db.next_group = 1;
    fake_db.next_epoch = 1;
}

FakeGroup *fake_group(int i)
{
    return ((FakeGroup **) fake_db.groups.items)[i];
}

FakeGroup *fake_find_group(int64_t id)
{
    int i;

    for (i = 0; i < fake_db.groups.n; i++) {
        if (fake_group(i)->row.id == id)
            return fake_group(i);
    }
    return NULL;
}

FakeLease *fake_lease(int i)
{
    return &((FakeLease *) fake_db.leases.items)[i];
}

/* --- instances ---------------------------------------------------------- */

FakeInstance *fake_find_instance(const char *name)
{
    FakeInstance *instances = fake_db.instances.items;
    int i;

    for (i = 0; name != NULL && i < fake_db.instances.n; i++) {
        if (strcmp(instances[i].name, name) == 0)
            return &instances[i];
    }
    return NULL;
}

bool fake_instance_lives(const char *name)
{
    const FakeInstance *instance = fake_find_instance(name);

    return instance != NULL && instance->expires_at > fake_db.now;
}

static bool has_batch(const char *instance, int64_t number)
{
    const FakeBatch *batches = fake_db.batches.items;
    int i;

    for (i = 0; i < fake_db.batches.n; i++) {
        if (strcmp(batches[i].instance, instance) == 0 &&
            batches[i].number == number)
            return true;
    }
    return false;
}

static int64_t last_batch_of(const char *instance)
{
    const FakeBatch *batches = fake_db.batches.items;
    int64_t last = 0;
    int i;

    for (i = 0; i < fake_db.batches.n; i++) {
        if (strcmp(batches[i].instance, instance) == 0 &&
            batches[i].number > last)
            last = batches[i].number;
    }
    return last;
}

/* What the predecessor had is the new one's, under new epochs. */
static void inherit(const char *predecessor, FakeInstance *me)
{
    FakeInstance *old = fake_find_instance(predecessor);
    int i;

    if (old == NULL || old == me)
        return;
    old->expires_at = INT64_MIN;
    for (i = 0; i < fake_db.leases.n; i++) {
        FakeLease *lease = fake_lease(i);

        if (lease->owner == NULL || strcmp(lease->owner, predecessor) != 0)
            continue;
        lease->owner = me->name;
        lease->orderly = true;
        lease->lease.epoch = fake_db.next_epoch++;
        me->expires_at = fake_db.now + 5 * INT64_C(1000000);
    }
}

const char *fake_instance(const char *name, const char *deployment,
                          const char *predecessor, const StoreLast *last,
                          StoreStarted *started)
{
    FakeInstance *instance;
    char text[256];

    if (strcmp(deployment, fake_db.deployment) != 0) {
        snprintf(text, sizeof(text), "this is the queue of deployment \"%s\","
                 " not of \"%s\"", fake_db.deployment, deployment);
        return fake_text(text);
    }
    if (fake_find_instance(name) == NULL) {
        instance = fake_add(&fake_db.instances, sizeof(*instance));
        instance->name = fake_text(name);
        instance->expires_at = INT64_MIN;
    }
    if (predecessor != NULL)
        inherit(predecessor, fake_find_instance(name));
    if (last != NULL && !has_batch(last->instance, last->batch))
        fake_db.held = true;
    started->batch = last_batch_of(name);
    started->held = fake_db.held;
    started->restores = 0;
    return NULL;
}

const char fake_not_started[] = "the instance is not started";

FakeBatch *fake_begin_batch(const char *instance, int64_t number,
                            bool *repeated)
{
    FakeBatch *batches = fake_db.batches.items, *batch;
    int i;

    *repeated = true;
    if (fake_find_instance(instance) == NULL)
        return NULL;
    for (i = 0; i < fake_db.batches.n; i++) {
        if (batches[i].number == number &&
            strcmp(batches[i].instance, instance) == 0)
            return &batches[i];
    }
    *repeated = false;
    batch = fake_add(&fake_db.batches, sizeof(*batch));
    batch->instance = fake_text(instance);
    batch->number = number;
    return batch;
}

/* --- leases ------------------------------------------------------------- */

void fake_create_leases(const char *route)
{
    FakeLease *lease;
    int i;

    for (i = 0; i < fake_db.leases.n; i++) {
        if (strcmp(fake_lease(i)->lease.route, route) == 0)
            return;
    }
    for (i = 0; i < FAKE_SHARDS; i++) {
        lease = fake_add(&fake_db.leases, sizeof(*lease));
        lease->lease.id = fake_db.leases.n;
        lease->lease.route = fake_text(route);
        lease->shard = i;
        lease->orderly = true;
    }
}

static bool can_send(const FakeInstance *instance, const char *route)
{
    int i;

    for (i = 0; i < instance->n_routes; i++) {
        if (strcmp(instance->routes[i], route) == 0)
            return true;
    }
    return false;
}

/* How many leases of the route this instance is to hold. */
static int share_of(const FakeInstance *me, const char *route)
{
    const FakeInstance *instances = fake_db.instances.items;
    int i, able = 0, alive = 0;

    for (i = 0; i < fake_db.instances.n; i++) {
        if (instances[i].expires_at <= fake_db.now)
            continue;
        alive++;
        able += can_send(&instances[i], route);
    }
    if (able > 0 && !can_send(me, route))
        return 0;
    if (able == 0)
        able = alive;
    return able == 0 ? 0 : (FAKE_SHARDS + able - 1) / able;
}

static bool owns(const FakeInstance *me, const FakeLease *lease)
{
    return lease->owner != NULL && strcmp(lease->owner, me->name) == 0;
}

static int owned(const FakeInstance *me, const char *route)
{
    int i, n = 0;

    for (i = 0; i < fake_db.leases.n; i++)
        n += owns(me, fake_lease(i)) &&
             strcmp(fake_lease(i)->lease.route, route) == 0;
    return n;
}

static bool is_released(const FakeLease *lease, const int *release, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        if (release[i] == lease->lease.id)
            return true;
    }
    return false;
}

static void take_vacant(const FakeInstance *me, const int *release,
                        int n_release)
{
    FakeLease *lease;
    int i;

    for (i = 0; i < fake_db.leases.n; i++) {
        lease = fake_lease(i);
        lease->lease.fresh = false;
        if (fake_instance_lives(lease->owner) ||
            is_released(lease, release, n_release) ||
            owned(me, lease->lease.route) >= share_of(me, lease->lease.route))
            continue;
        lease->orderly = lease->owner == NULL;
        lease->owner = me->name;
        lease->lease.epoch = fake_db.next_epoch++;
        lease->lease.fresh = true;
    }
}

static StoreLease *list_owned(const FakeInstance *me, int *found)
{
    StoreLease *leases = fake_alloc(sizeof(*leases) *
                                    (size_t) fake_db.leases.n);
    int i, k, rank;

    *found = 0;
    for (i = 0; i < fake_db.leases.n; i++) {
        FakeLease *lease = fake_lease(i);

        if (!owns(me, lease))
            continue;
        for (k = 0, rank = 1; k < *found; k++)
            rank += strcmp(leases[k].route, lease->lease.route) == 0;
        lease->lease.yielding = rank > share_of(me, lease->lease.route);
        leases[(*found)++] = lease->lease;
    }
    return leases;
}

const char *fake_renew(const char *name, const char *const *routes, int n,
                       int64_t ttl_us, const int *release, int n_release,
                       StoreLease **leases, int *found)
{
    FakeInstance *me = fake_find_instance(name);
    int i;

    *found = 0;
    *leases = NULL;
    if (me == NULL)
        return fake_not_started;
    me->routes = fake_alloc(sizeof(*me->routes) * (size_t) n);
    me->n_routes = n;
    me->expires_at = ttl_us == 0 ? INT64_MIN : fake_db.now + ttl_us;
    for (i = 0; i < n; i++) {
        me->routes[i] = fake_text(routes[i]);
        fake_create_leases(routes[i]);
    }
    for (i = 0; i < fake_db.leases.n; i++) {
        if (owns(me, fake_lease(i)) &&
            (ttl_us == 0 || is_released(fake_lease(i), release, n_release))) {
            fake_lease(i)->owner = NULL;
            fake_lease(i)->orderly = true;
        }
    }
    if (ttl_us > 0 && !fake_db.held) {
        take_vacant(me, release, n_release);
        *leases = list_owned(me, found);
    }
    return NULL;
}
