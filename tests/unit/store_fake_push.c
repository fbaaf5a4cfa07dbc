/*
 * store_fake_push.c - pushes come into the queue in memory
 */

#include <stdlib.h>
#include <string.h>

#include "core/group.h"
#include "pap/pap_types.h"
#include "store_fake_db.h"

/* --- pushes and groups -------------------------------------------------- */

static int find_push(const char *pi, const char *push_id)
{
    const FakePush *pushes = fake_db.pushes.items;
    int i;

    for (i = 0; i < fake_db.pushes.n; i++) {
        if (strcmp(pushes[i].push.push_id, push_id) == 0 &&
            strcmp(pushes[i].push.pi, pi) == 0)
            return i;
    }
    return -1;
}

static int add_push(const StorePush *push)
{
    FakePush *added = fake_add(&fake_db.pushes, sizeof(*added));

    added->push = (StorePush) {
        fake_text(push->pi), fake_text(push->push_id),
        fake_text(push->notify_url), fake_text(push->source_reference),
        fake_text(push->qos), NULL, false
    };
    added->accepted_at = fake_db.now + fake_db.epoch_base;
    return fake_db.pushes.n - 1;
}

static int lease_of(const char *route, const char *receiver)
{
    unsigned int hash = 2166136261u;
    int i;

    for (; *receiver != '\0'; receiver++)
        hash = (hash ^ (unsigned char) *receiver) * 16777619u;
    fake_create_leases(route);
    for (i = 0; i < fake_db.leases.n; i++) {
        if (strcmp(fake_lease(i)->lease.route, route) == 0 &&
            fake_lease(i)->shard == (int) (hash % FAKE_SHARDS))
            return fake_lease(i)->lease.id;
    }
    abort();
}

static FakeGroup *add_group(const StoreNewGroup *from, int push,
                            int64_t lifetime_us)
{
    FakeGroup *group = fake_alloc(sizeof(*group));
    char *payload = fake_alloc(from->payload.len);
    int64_t begins = from->not_before_us - fake_db.epoch_base;

    *(FakeGroup **) fake_add(&fake_db.groups, sizeof(group)) = group;
    memcpy(payload, from->payload.data, from->payload.len);
    group->push = push;
    group->address = fake_text(from->address);
    group->row = (StoreGroup) {
        .id = fake_db.next_group++,
        .lease = lease_of(from->route, from->receiver),
        .receiver = fake_text(from->receiver),
        .route = fake_text(from->route),
        .sender = fake_text(from->sender),
        .service = fake_text(from->service),
        .extra = fake_text(from->extra),
        .priority = from->priority,
        .state = GROUP_QUEUED,
        .attempt = 1,
        .segments = from->segments,
        .concat_bits = from->concat_bits,
        .reference = -1,
        .payload = { payload, from->payload.len }
    };
    memcpy(group->row.ports, from->ports, sizeof(group->row.ports));
    group->due_at = INT64_MAX;
    if (begins > fake_db.now) {
        group->row.state = GROUP_DEFERRED;
        group->due_at = begins;
    }
    group->deadline_at = from->deadline_us == 0
        ? (begins > fake_db.now ? begins : fake_db.now) + lifetime_us
        : from->deadline_us - fake_db.epoch_base;
    group->look_at = fake_look_time(group);
    return group;
}

/* A group that never lives: it has its result, and is told. */
static void reject(FakeGroup *group, int code, const char *cause)
{
    group->row.state = GROUP_REJECTED;
    group->look_at = INT64_MAX;
    fake_notify_of(group, &(StoreTransition) {
        .state = GROUP_REJECTED, .code = code, .cause = cause
    });
}

/* --- replacing ---------------------------------------------------------- */

/* The group of push `old` to this receiver, if it has not ended. */
static FakeGroup *pending_of(int old, const char *receiver)
{
    int i;

    for (i = 0; i < fake_db.groups.n; i++) {
        if (fake_group(i)->push == old &&
            fake_group(i)->row.state < GROUP_DELIVERED &&
            strcmp(fake_group(i)->row.receiver, receiver) == 0)
            return fake_group(i);
    }
    return NULL;
}

static void stop_groups(int old)
{
    int i;

    for (i = 0; i < fake_db.groups.n; i++) {
        if (fake_group(i)->push != old ||
            fake_group(i)->row.state >= GROUP_DELIVERED)
            continue;
        fake_group(i)->row.cancel_requested = true;
        fake_group(i)->look_at = fake_db.now;
    }
}

/* --- the call ----------------------------------------------------------- */

/* What is the answer to push i, which replaces `old` (-1: none)? */
static int judge(const StorePush *push, int i, int old,
                 const StoreNewGroup *groups, int m)
{
    int k;

    if (find_push(push->pi, push->push_id) != -1)
        return PAP_CODE_DUPLICATE_PUSH_ID;
    if (push->replaces == NULL)
        return PAP_CODE_ACCEPTED;
    if (old == -1)
        return PAP_CODE_PUSH_ID_NOT_FOUND;
    for (k = 0; push->pending_only && k < m; k++) {
        if (groups[k].push == i && groups[k].refused == 0 &&
            pending_of(old, groups[k].receiver) != NULL)
            return PAP_CODE_ACCEPTED;
    }
    return push->pending_only ? PAP_CODE_CANCEL_NOT_POSSIBLE
                              : PAP_CODE_ACCEPTED;
}

static void store_group(const StorePush *push, const StoreNewGroup *from,
                        int number, int old, int64_t lifetime_us)
{
    FakeGroup *follows = old == -1 ? NULL : pending_of(old, from->receiver);
    FakeGroup *group = add_group(from, number, lifetime_us);

    group->follows = follows;
    if (from->refused != 0)
        reject(group, from->refused, from->cause);
    else if (old != -1 && push->pending_only && follows == NULL)
        reject(group, PAP_CODE_CANCEL_NOT_POSSIBLE, "not pending");
}

void fake_push(const StorePush *pushes, int n, const StoreNewGroup *groups,
               int m, int64_t lifetime_us, int *codes)
{
    int i, k, number, old;

    for (i = 0; i < n; i++) {
        old = pushes[i].replaces == NULL
            ? -1 : find_push(pushes[i].pi, pushes[i].replaces);
        codes[i] = judge(&pushes[i], i, old, groups, m);
        if (codes[i] != PAP_CODE_ACCEPTED)
            continue;
        number = add_push(&pushes[i]);
        for (k = 0; k < m; k++) {
            if (groups[k].push == i)
                store_group(&pushes[i], &groups[k], number, old, lifetime_us);
        }
        if (old != -1)
            stop_groups(old);
    }
}
