/*
 * store_cases_status.c - what is asked about a push, and its cancel
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/group.h"
#include "store_box.h"
#include "store_cases.h"

static StoreStatus status_of(Box *box, const char *push_id)
{
    Answer answer = box_status(box, "pi", push_id);

    assert_int_equal(answer.n, 1);
    return answer.status[0];
}

static void cancel(Box *box, const char *push_id)
{
    int64_t group = status_of(box, push_id).group;

    box_cancel(box, &group, 1);
}

void status_of_a_push(void **state)
{
    StoreStatus before, after;
    StoreTransition move;
    StoreGroup group;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1", .url = "http://pi/" }));
    before = status_of(&box, "1");
    assert_string_equal(before.state, "QUEUED");
    assert_string_equal(before.address, "WAPPUSH=+4670123/TYPE=PLMN@ppg");
    assert_string_equal(before.qos, "priority=high");
    assert_string_equal(before.cause, "");
    assert_true(before.live);
    assert_false(before.cancelling);
    assert_false(before.partly);

    group = box_claim_one(&box, "4670123");
    assert_true(before.group == group.id);
    assert_string_equal(status_of(&box, "1").state, "SENDING");
    move = move_of(&group, GROUP_UNDELIVERABLE);
    assert_int_equal(box_batch(&box, NULL, 0, &move, 1).n, 0);
    after = status_of(&box, "1");
    assert_string_equal(after.state, "UNDELIVERABLE");
    assert_string_equal(after.address, before.address);
    assert_string_equal(after.qos, before.qos);
    assert_string_equal(after.cause, "because");
    assert_int_equal(after.code, 4000);
    assert_false(after.live);
    assert_true(after.group == group.id);
    assert_true(after.event_at_us >= before.event_at_us);
    box_close(&box);
}

void status_of_somebody_elses_push(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1" }));
    assert_int_equal(box_status(&box, "other", "1").n, 0);
    assert_int_equal(box_status(&box, "", "1").n, 0);
    assert_int_equal(box_status(&box, "pi", "2").n, 0);
    assert_int_equal(box_status(&box, "pi", "1").n, 1);
    assert_null(status_of(&box, "1").qos);
    box_close(&box);
}

void cancel_is_brought_to_the_owner(void **state)
{
    static const int STATES[] = {
        GROUP_QUEUED, GROUP_DEFERRED, GROUP_SENDING, GROUP_AWAITING
    };
    StoreGroup group;
    Answer due;
    Box box;
    size_t i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    for (i = 0; i < sizeof(STATES) / sizeof(*STATES); i++) {
        char id[2] = { (char) ('0' + i), '\0' };

        assert_true(box_push(&box, &(Sample) { .id = id, .receiver = id }));
        if (STATES[i] != GROUP_QUEUED)
            group = box_claim_one(&box, id);
        if (STATES[i] == GROUP_DEFERRED || STATES[i] == GROUP_AWAITING)
            box_move(&box, &group, STATES[i]);
        assert_int_equal(box_due(&box, 10).n, 0);
        cancel(&box, id);
        assert_true(status_of(&box, id).cancelling);
        due = box_due(&box, 10);
        assert_int_equal(due.n, 1);
        assert_string_equal(due.groups[0].receiver, id);
        assert_int_equal(due.groups[0].state, STATES[i]);
        assert_true(due.groups[0].cancel_requested);
        assert_int_equal(box_due(&box, 10).n, 0);
        box_move(&box, &due.groups[0], GROUP_CANCELLED);
        assert_string_equal(status_of(&box, id).state, "CANCELLED");
        cancel(&box, id);       /* again: it does nothing */
        assert_false(status_of(&box, id).cancelling);
        assert_int_equal(box_due(&box, 10).n, 0);
    }
    box_close(&box);
}

/* The owner may claim it, or take it over, before it asks what is due. */
void cancel_survives_a_claim(void **state)
{
    StoreGroup group;
    Answer adopted;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1" }));
    cancel(&box, "1");
    group = box_claim_one(&box, "4670123");
    assert_true(group.cancel_requested);
    box_renew(&box, NULL, 0, 0, NULL, 0);
    box_start(&box);
    adopted = box_adopt(&box, 10);
    assert_int_equal(adopted.n, 1);
    assert_true(adopted.groups[0].cancel_requested);
    box_close(&box);
}

void cancel_leaves_what_is_too_late(void **state)
{
    StoreLedgerRow row;
    StoreTransition move;
    StoreGroup group;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1" }));
    group = box_claim_one(&box, "4670123");
    row = row_of(&group, 1, LEDGER_ACCEPTED, "id-1");
    move = move_of(&group, GROUP_AWAITING);
    assert_int_equal(box_batch(&box, &row, 1, &move, 1).n, 0);
    assert_false(status_of(&box, "1").partly);
    row.outcome = LEDGER_DELIVERED;
    assert_int_equal(box_batch(&box, &row, 1, NULL, 0).n, 0);
    assert_true(status_of(&box, "1").partly);
    cancel(&box, "1");
    assert_false(status_of(&box, "1").cancelling);
    assert_int_equal(box_due(&box, 10).n, 0);
    box_close(&box);
}

static bool is_woken(void *arg)
{
    return ((Box *) arg)->cancel_wakes > 0;
}

void cancel_wakes_the_owner(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    store_cancel_wake(box.intake);
    wait_until(is_woken, &box);
    assert_int_equal(box.queue_wakes, 0);
    box_close(&box);
}
