/*
 * store_fake_queue.c - the groups of the queue in memory
 */

#include <stdlib.h>
#include <string.h>

#include "core/group.h"
#include "store_fake_db.h"

static const int64_t LENT_US = 10000000;

int64_t fake_look_time(const FakeGroup *group)
{
    switch ((GroupState) group->row.state) {
    case GROUP_QUEUED:
        return group->deadline_at;
    case GROUP_DEFERRED:
    case GROUP_AWAITING:
        return group->deadline_at > fake_db.now &&
               group->deadline_at < group->due_at
            ? group->deadline_at : group->due_at;
    case GROUP_SENDING:
    case GROUP_ROLLBACK:
    case GROUP_DELIVERED:
    case GROUP_UNDELIVERABLE:
    case GROUP_EXPIRED:
    case GROUP_CANCELLED:
    case GROUP_UNKNOWN:
        break;
    }
    return INT64_MAX;
}

/* --- answers ------------------------------------------------------------ */

StoreGroup fake_row(const FakeGroup *group)
{
    const FakeRow *rows = fake_db.rows.items;
    StoreHistory *history = malloc(sizeof(*history) *
                                   (size_t) (fake_db.rows.n + 1));
    StoreGroup row = group->row;
    int i;

    if (history == NULL)
        abort();
    row.histories = 0;
    for (i = 0; i < fake_db.rows.n; i++) {
        if (rows[i].row.group != row.id)
            continue;
        history[row.histories++] = (StoreHistory) {
            .segment = rows[i].row.segment,
            .attempt = rows[i].row.attempt,
            .copy = rows[i].row.copy,
            .outcome = rows[i].row.outcome,
            .code = rows[i].row.code,
            .smsc_id = rows[i].row.smsc_id,
            .message_id = rows[i].row.message_id,
            .text = rows[i].row.outcome == LEDGER_ACCEPTED
                ? rows[i].row.text : NULL,
            .ago_us = fake_db.now - rows[i].at
        };
    }
    row.history = history;
    row.deadline_in_us = group->deadline_at - fake_db.now;
    row.deadline_at_us = group->deadline_at + fake_db.epoch_base;
    row.due_in_us = group->due_at == INT64_MAX ? 0
                                               : group->due_at - fake_db.now;
    return row;
}

void fake_free_groups(StoreGroup *groups, int n)
{
    int i;

    for (i = 0; i < n; i++)
        free((void *) (uintptr_t) groups[i].history);
    free(groups);
}

StoreGroup *fake_room(int max)
{
    StoreGroup *groups = malloc(sizeof(*groups) * (size_t) (max + 1));

    if (groups == NULL)
        abort();
    return groups;
}

/* --- claim, adopt, due -------------------------------------------------- */

/* The lease of the group, if it is among these under its present epoch. */
static const FakeLease *lease_in(const FakeGroup *group,
                                 const StoreScope *scope, int n)
{
    const FakeLease *lease = fake_lease(group->row.lease - 1);
    int i;

    for (i = 0; i < n; i++) {
        if (scope[i].lease == lease->lease.id &&
            scope[i].epoch == lease->lease.epoch)
            return lease;
    }
    return NULL;
}

bool fake_holds(const FakeGroup *group)
{
    return !group->parked && (group->row.state == GROUP_SENDING ||
                              group->row.state == GROUP_ROLLBACK);
}

static bool is_held(const char *receiver)
{
    int i;

    for (i = 0; i < fake_db.groups.n; i++) {
        if (fake_holds(fake_group(i)) &&
            strcmp(fake_group(i)->row.receiver, receiver) == 0)
            return true;
    }
    return false;
}

static FakeGroup *next_ready(const StoreScope *scope, int n)
{
    FakeGroup *group, *best = NULL;
    int i;

    for (i = 0; i < fake_db.groups.n; i++) {
        group = fake_group(i);
        if (group->row.state == GROUP_QUEUED && !group->lent &&
            group->deadline_at > fake_db.now &&
            (best == NULL || group->row.priority > best->row.priority) &&
            lease_in(group, scope, n) != NULL &&
            group->follows == NULL && !is_held(group->row.receiver))
            best = group;
    }
    return best;
}

StoreGroup *fake_claim(const StoreScope *scope, int n, int max, int *found)
{
    StoreGroup *groups = fake_room(max);
    FakeGroup *group;

    for (*found = 0; *found < max; ++*found) {
        group = next_ready(scope, n);
        if (group == NULL)
            break;
        group->row.state = GROUP_SENDING;
        group->row.epoch = lease_in(group, scope, n)->lease.epoch;
        if (group->row.segments > 1 && group->row.reference == -1)
            group->row.reference = (int) (group->row.id %
                                          (1 << group->row.concat_bits));
        group->look_at = INT64_MAX;
        groups[*found] = fake_row(group);
    }
    return groups;
}

StoreGroup *fake_adopt(const StoreScope *scope, int n, int max, int *found)
{
    StoreGroup *groups = fake_room(max);
    const FakeLease *lease;
    FakeGroup *group;
    int i;

    *found = 0;
    for (i = 0; i < fake_db.groups.n && *found < max; i++) {
        group = fake_group(i);
        lease = fake_holds(group) ? lease_in(group, scope, n) : NULL;
        if (lease == NULL || group->row.epoch >= lease->lease.epoch)
            continue;
        group->row.epoch = lease->lease.epoch;
        group->row.takeovers += !lease->orderly;
        group->parked = group->row.takeovers > 3;
        if (!group->parked)
            groups[(*found)++] = fake_row(group);
    }
    return groups;
}

void fake_lend(FakeGroup *group, int64_t epoch)
{
    group->row.epoch = epoch;
    group->lent = !fake_holds(group);
    group->look_at = group->lent ? fake_db.now + LENT_US : INT64_MAX;
}

StoreGroup *fake_due(const StoreScope *scope, int n, int max, int *found)
{
    StoreGroup *groups = fake_room(max);
    const FakeLease *lease;
    FakeGroup *group;
    int i;

    *found = 0;
    for (i = 0; i < fake_db.groups.n && *found < max; i++) {
        group = fake_group(i);
        lease = group->look_at <= fake_db.now && !group->parked
            ? lease_in(group, scope, n) : NULL;
        if (lease == NULL ||
            (fake_holds(group) && group->row.epoch != lease->lease.epoch))
            continue;
        if (group->row.state == GROUP_DEFERRED && !group->lent &&
            group->due_at <= fake_db.now && !group->row.cancel_requested &&
            group->deadline_at > fake_db.now) {
            group->row.state = GROUP_QUEUED;
            group->row.attempt += group->row.aim != AIM_NONE;
            group->due_at = INT64_MAX;
            group->look_at = group->deadline_at;
        } else {
            fake_lend(group, lease->lease.epoch);
            groups[(*found)++] = fake_row(group);
        }
    }
    return groups;
}

/* --- batches ------------------------------------------------------------ */

void fake_write_row(const StoreLedgerRow *row, int64_t at)
{
    FakeRow *added = fake_add(&fake_db.rows, sizeof(*added));

    added->row = *row;
    added->row.smsc_id = fake_text(row->smsc_id);
    added->row.message_id = fake_text(row->message_id);
    added->row.text = fake_text(row->text);
    added->at = at;
}

/* Receipts that came before this answer. */
static void fetch_receipts(const StoreLedgerRow *row)
{
    FakeReceipt *inbox = fake_db.inbox.items;
    FakeGroup *group = fake_find_group(row->group);
    StoreLedgerRow early;
    int i;

    for (i = 0; i < fake_db.inbox.n; i++) {
        if (inbox[i].used || row->smsc_id == NULL ||
            row->message_id == NULL ||
            strcmp(inbox[i].receipt.message_id, row->message_id) != 0 ||
            strcmp(inbox[i].receipt.smsc_id, row->smsc_id) != 0)
            continue;
        inbox[i].used = true;
        early = *row;
        early.outcome = inbox[i].receipt.outcome;
        early.code = inbox[i].receipt.code;
        early.text = inbox[i].receipt.text;
        fake_write_row(&early, inbox[i].at);
        if (group != NULL && group->row.state < GROUP_DELIVERED &&
            !group->parked)
            group->look_at = fake_db.now;
    }
}

/* It has let go of its receiver: what waits behind it may be claimed. */
static void free_followers(const FakeGroup *group)
{
    int i;

    for (i = 0; i < fake_db.groups.n; i++) {
        if (fake_group(i)->follows == group)
            fake_group(i)->follows = NULL;
    }
}

static bool move(const StoreTransition *t)
{
    FakeGroup *group = fake_find_group(t->group);

    if (group == NULL || group->row.state >= GROUP_DELIVERED ||
        group->parked || group->row.epoch != t->epoch ||
        group->row.attempt != t->attempt)
        return false;
    group->row.state = t->state;
    group->row.aim = t->aim;
    group->row.attempt = t->new_attempt;
    group->row.closed = t->closed;
    group->lent = false;
    if (t->state != GROUP_DEFERRED && t->state != GROUP_AWAITING)
        group->due_at = INT64_MAX;
    else if (t->due_in_us != STORE_KEEP)
        group->due_at = fake_db.now + t->due_in_us;
    group->look_at = fake_look_time(group);
    if (!fake_holds(group))
        free_followers(group);
    if (t->state >= GROUP_DELIVERED) {
        group->code = t->code;
        group->cause = fake_text(t->cause);
        group->ended_at = fake_db.now + fake_db.epoch_base;
        fake_notify_of(group, t);
    }
    return true;
}

const char *fake_batch(const char *instance, int64_t number,
                       const StoreLedgerRow *rows, int n,
                       const StoreTransition *transitions, int m,
                       const int64_t **fenced, int *n_fenced)
{
    bool repeated;
    FakeBatch *batch = fake_begin_batch(instance, number, &repeated);
    int i;

    if (batch == NULL)
        return fake_not_started;
    if (!repeated) {
        batch->fenced = fake_alloc(sizeof(*batch->fenced) * (size_t) m);
        for (i = 0; i < n; i++)
            fake_write_row(&rows[i], fake_db.now - rows[i].ago_us);
        for (i = 0; i < m; i++) {
            if (!move(&transitions[i]))
                batch->fenced[batch->n_fenced++] = transitions[i].group;
        }
        for (i = 0; i < n; i++) {
            if (rows[i].outcome == LEDGER_ACCEPTED)
                fetch_receipts(&rows[i]);
        }
    }
    *fenced = batch->fenced;
    *n_fenced = batch->n_fenced;
    return NULL;
}
