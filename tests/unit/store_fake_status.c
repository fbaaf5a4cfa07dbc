/*
 * store_fake_status.c - what is asked about the queue in memory
 */

#include <stdlib.h>
#include <string.h>

#include "core/group.h"
#include "store_fake_db.h"

/* Has a segment of it been delivered? */
static bool is_partly(const FakeGroup *group)
{
    const FakeRow *rows = fake_db.rows.items;
    int i;

    for (i = 0; i < fake_db.rows.n; i++) {
        if (rows[i].row.group == group->row.id &&
            rows[i].row.outcome == LEDGER_DELIVERED)
            return true;
    }
    return false;
}

static StoreStatus status_of(const FakeGroup *group, const FakePush *push)
{
    bool live = group->row.state < GROUP_DELIVERED;

    return (StoreStatus) {
        .group = group->row.id,
        .address = group->address,
        .state = group_state_name((GroupState) group->row.state),
        .code = group->code,
        .cause = live ? "" : group->cause,
        .event_at_us = live ? push->accepted_at : group->ended_at,
        .live = live,
        .cancelling = live && group->row.cancel_requested,
        .partly = live && is_partly(group),
        .qos = push->push.qos
    };
}

StoreStatus *fake_status(const char *pi, const char *push_id, int *found)
{
    const FakePush *pushes = fake_db.pushes.items;
    StoreStatus *groups = malloc(sizeof(*groups) *
                                 (size_t) (fake_db.groups.n + 1));
    const FakePush *push;
    int i;

    if (groups == NULL)
        abort();
    *found = 0;
    for (i = 0; i < fake_db.groups.n; i++) {
        push = &pushes[fake_group(i)->push];
        if (strcmp(push->push.pi, pi) == 0 &&
            strcmp(push->push.push_id, push_id) == 0)
            groups[(*found)++] = status_of(fake_group(i), push);
    }
    return groups;
}

void fake_cancel(const int64_t *groups, int n)
{
    FakeGroup *group;
    int i;

    for (i = 0; i < n; i++) {
        group = fake_find_group(groups[i]);
        if (group == NULL || group->row.state >= GROUP_DELIVERED ||
            group->row.cancel_requested || is_partly(group))
            continue;
        group->row.cancel_requested = true;
        group->look_at = fake_db.now;
    }
}
