/*
 * store_fake_receipts.c - receipts for the queue in memory
 */

#include <string.h>

#include "core/group.h"
#include "store_fake_db.h"

static const StoreLedgerRow *accepted_row(const StoreReceipt *receipt)
{
    const FakeRow *rows = fake_db.rows.items;
    int i;

    for (i = fake_db.rows.n - 1; i >= 0; i--) {
        const StoreLedgerRow *row = &rows[i].row;

        if (row->outcome == LEDGER_ACCEPTED && row->message_id != NULL &&
            row->smsc_id != NULL &&
            strcmp(row->message_id, receipt->message_id) == 0 &&
            strcmp(row->smsc_id, receipt->smsc_id) == 0)
            return row;
    }
    return NULL;
}

static bool has_row(const StoreLedgerRow *of, int outcome)
{
    const FakeRow *rows = fake_db.rows.items;
    int i;

    for (i = 0; i < fake_db.rows.n; i++) {
        if (rows[i].row.group == of->group && rows[i].row.copy == of->copy &&
            rows[i].row.outcome == outcome)
            return true;
    }
    return false;
}

static bool all_delivered(const FakeGroup *group)
{
    const FakeRow *rows = fake_db.rows.items;
    int segment, i;

    for (segment = 1; segment <= group->row.segments; segment++) {
        for (i = 0; i < fake_db.rows.n; i++) {
            if (rows[i].row.group == group->row.id &&
                rows[i].row.segment == segment &&
                rows[i].row.attempt == group->row.attempt &&
                rows[i].row.outcome == LEDGER_DELIVERED)
                break;
        }
        if (i == fake_db.rows.n)
            return false;
    }
    return true;
}

/* True: the group is the caller's to look at now. */
static bool tell_owner(const char *instance, FakeGroup *group, bool failed)
{
    const FakeLease *lease = fake_lease(group->row.lease - 1);

    if (group->parked || group->row.state >= GROUP_DELIVERED ||
        (!fake_holds(group) && !failed && !all_delivered(group)))
        return false;
    if (fake_holds(group) || lease->owner == NULL ||
        strcmp(lease->owner, instance) != 0) {
        group->look_at = fake_db.now;
        return false;
    }
    fake_lend(group, lease->lease.epoch);
    return true;
}

static void keep_in_inbox(const StoreReceipt *receipt)
{
    FakeReceipt *kept = fake_add(&fake_db.inbox, sizeof(*kept));

    kept->receipt = *receipt;
    kept->receipt.smsc_id = fake_text(receipt->smsc_id);
    kept->receipt.message_id = fake_text(receipt->message_id);
    kept->receipt.text = fake_text(receipt->text);
    kept->at = fake_db.now - receipt->ago_us;
}

static void take_receipt(const StoreReceipt *receipt)
{
    const StoreLedgerRow *accepted = accepted_row(receipt);
    StoreLedgerRow row;

    if (accepted == NULL) {
        keep_in_inbox(receipt);
    } else if (!has_row(accepted, receipt->outcome)) {
        row = *accepted;
        row.outcome = receipt->outcome;
        row.code = receipt->code;
        row.text = receipt->text;
        fake_write_row(&row, fake_db.now - receipt->ago_us);
    }
}

const char *fake_receipts(const char *instance, int64_t number,
                          const StoreReceipt *receipts, int n,
                          StoreGroup **groups, int *found)
{
    const StoreLedgerRow *accepted;
    bool repeated;
    FakeGroup *group;
    int i, k;

    *found = 0;
    *groups = NULL;
    if (fake_begin_batch(instance, number, &repeated) == NULL)
        return fake_not_started;
    if (repeated)
        return NULL;
    for (i = 0; i < n; i++)
        take_receipt(&receipts[i]);
    *groups = fake_room(n);
    for (i = 0; i < n; i++) {
        accepted = accepted_row(&receipts[i]);
        group = accepted == NULL ? NULL : fake_find_group(accepted->group);
        for (k = 0; k < *found && group != NULL; k++) {
            if ((*groups)[k].id == group->row.id)
                group = NULL;
        }
        if (group != NULL &&
            tell_owner(instance, group,
                       receipts[i].outcome == LEDGER_NOT_DELIVERED))
            (*groups)[(*found)++] = fake_row(group);
    }
    return NULL;
}
