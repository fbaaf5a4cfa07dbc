/*
 * store_cases_receipts.c - receipts, results and their notifications
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/group.h"
#include "store_box.h"
#include "store_cases.h"

static const int64_t HOUR = INT64_C(3600000000);

static StoreReceipt receipt_of(const char *message_id, int outcome)
{
    return (StoreReceipt) {
        .smsc_id = "smsc",
        .message_id = message_id,
        .outcome = outcome,
        .code = outcome == LEDGER_NOT_DELIVERED ? 1 : -1,
        .text = "stat:X",
        .ago_us = 100
    };
}

/* A group of two segments, claimed, accepted as id-1 and id-2, AWAITING. */
static StoreGroup send_two(Box *box, const char *id)
{
    StoreLedgerRow rows[2];
    StoreTransition move;
    StoreGroup group;

    assert_true(box_push(box, &(Sample) { .id = id, .segments = 2 }));
    group = box_claim_one(box, "4670123");
    rows[0] = row_of(&group, 1, LEDGER_ACCEPTED, "id-1");
    rows[1] = row_of(&group, 2, LEDGER_ACCEPTED, "id-2");
    move = move_of(&group, GROUP_AWAITING);
    assert_int_equal(box_batch(box, rows, 2, &move, 1).n, 0);
    return group;
}

void receipts_complete_a_group(void **state)
{
    StoreReceipt first = receipt_of("id-1", LEDGER_DELIVERED);
    StoreReceipt second = receipt_of("id-2", LEDGER_DELIVERED);
    StoreReceipt foreign = receipt_of("id-2", LEDGER_DELIVERED);
    StoreGroup group;
    Answer answer;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    group = send_two(&box, "1");
    foreign.smsc_id = "other smsc";
    assert_int_equal(box_receipts(&box, &foreign, 1).n, 0);
    assert_int_equal(box_receipts(&box, &first, 1).n, 0);
    answer = box_receipts(&box, &second, 1);
    assert_int_equal(answer.n, 1);
    assert_int_equal(answer.groups[0].id, group.id);
    assert_int_equal(answer.groups[0].state, GROUP_AWAITING);
    assert_int_equal(answer.groups[0].histories, 4);
    assert_int_equal(answer.groups[0].history[3].segment, 2);
    assert_int_equal(answer.groups[0].history[3].copy, 2);
    assert_int_equal(answer.groups[0].history[3].outcome, LEDGER_DELIVERED);
    assert_string_equal(answer.groups[0].history[3].message_id, "id-2");
    box_move(&box, &answer.groups[0], GROUP_DELIVERED);
    /* News of an ended group is for the ledger only. */
    assert_int_equal(box_receipts(&box, &second, 1).n, 0);
    assert_int_equal(box_due(&box, 10).n, 0);
    box_close(&box);
}

void receipt_of_failure(void **state)
{
    StoreReceipt failed = receipt_of("id-2", LEDGER_NOT_DELIVERED);
    Answer answer;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    send_two(&box, "1");
    answer = box_receipts(&box, &failed, 1);
    assert_int_equal(answer.n, 1);
    assert_int_equal(answer.groups[0].histories, 3);
    assert_int_equal(answer.groups[0].history[2].outcome,
                     LEDGER_NOT_DELIVERED);
    assert_int_equal(answer.groups[0].history[2].code, 1);
    /* Lent: it is not due again at once. */
    assert_int_equal(box_due(&box, 10).n, 0);
    box_close(&box);
}

void receipt_before_its_answer(void **state)
{
    StoreReceipt early = receipt_of("id-1", LEDGER_DELIVERED);
    StoreGroup group;
    Answer due;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_int_equal(box_receipts(&box, &early, 1).n, 0);
    group = send_two(&box, "1");
    due = box_due_soon(&box);
    assert_int_equal(due.n, 1);
    assert_int_equal(due.groups[0].id, group.id);
    assert_int_equal(due.groups[0].histories, 3);
    assert_int_equal(due.groups[0].history[2].outcome, LEDGER_DELIVERED);
    assert_int_equal(due.groups[0].history[2].copy, 1);
    box_close(&box);
}

void receipt_at_another_box(void **state)
{
    StoreReceipt both[2] = {
        receipt_of("id-1", LEDGER_DELIVERED),
        receipt_of("id-2", LEDGER_DELIVERED)
    };
    StoreGroup group;
    Answer due;
    Box owner, other;

    (void) state;
    box_open(&owner, "owner");
    box_open(&other, "other");
    box_start(&owner);
    box_start(&other);
    group = send_two(&owner, "1");
    assert_int_equal(box_receipts(&other, both, 2).n, 0);
    assert_int_equal(box_due(&other, 10).n, 0);
    due = box_due_soon(&owner);
    assert_int_equal(due.n, 1);
    assert_int_equal(due.groups[0].id, group.id);
    assert_int_equal(due.groups[0].histories, 4);
    box_close(&owner);
    box_close(&other);
}

void receipts_repeated(void **state)
{
    StoreReceipt receipts[3] = {
        receipt_of("id-1", LEDGER_DELIVERED),
        receipt_of("id-1", LEDGER_DELIVERED),
        receipt_of("id-2", LEDGER_DELIVERED)
    };
    Answer answer;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    send_two(&box, "1");
    assert_int_equal(box_receipts(&box, receipts, 2).n, 0);
    answer = box_receipts(&box, receipts, 3);
    assert_int_equal(answer.n, 1);
    assert_int_equal(answer.groups[0].histories, 4);
    box_close(&box);
}

/* Ends a push that wants to be notified. */
static void end_one(Box *box, const char *id, const char *url)
{
    StoreGroup group;

    assert_true(box_push(box, &(Sample) { .id = id, .url = url }));
    group = box_claim_one(box, "4670123");
    box_move(box, &group, GROUP_EXPIRED);
}

static StoreOutcome report_outcome;
static bool report_answered;

static void on_report(void *arg, StoreOutcome outcome)
{
    (void) arg;
    report_outcome = outcome;
    report_answered = true;
}

static bool is_answered(void *arg)
{
    (void) arg;
    return report_answered;
}

static void report(Box *box, StoreNote note, bool done, int64_t retry_in_us)
{
    StoreNoteDone result = {
        .id = note.id, .tries = note.tries,
        .verdict = done ? STORE_ACKNOWLEDGED : NULL, .retry_in_us = retry_in_us,
        .answer = "HTTP 503"
    };

    report_answered = false;
    store_notify_done(box->notifier, &result, 1, on_report, NULL);
    wait_until(is_answered, NULL);
    assert_int_equal(report_outcome, STORE_DONE);
}

static Answer taken;

static bool is_taken(void *arg)
{
    taken = box_take(arg, "n", 10, HOUR);
    return taken.n > 0;
}

void notification_until_done(void **state)
{
    StoreNote note;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    end_one(&box, "push-1", "http://pi/");
    taken = box_take(&box, "n", 10, HOUR);
    assert_int_equal(taken.n, 1);
    note = taken.notes[0];
    assert_string_equal(note.url, "http://pi/");
    assert_string_equal(note.pi, "pi");
    assert_string_equal(note.push_id, "push-1");
    assert_string_equal(note.address, "WAPPUSH=+4670123/TYPE=PLMN@ppg");
    assert_string_equal(note.source_reference, "reference");
    assert_string_equal(note.qos, "priority=high");
    assert_int_equal(note.state, GROUP_EXPIRED);
    assert_int_equal(note.code, 4000);
    assert_string_equal(note.cause, "because");
    assert_int_equal(note.tries, 1);
    assert_true(note.accepted_at_us > INT64_C(1500000000000000));
    assert_true(note.event_at_us >= note.accepted_at_us);
    assert_in_range(note.age_us, 0, 60000000);

    report(&box, note, false, 300000);
    wait_until(is_taken, &box);
    assert_int_equal(taken.notes[0].id, note.id);
    assert_int_equal(taken.notes[0].tries, 2);
    /* The first try's word comes late and counts for nothing. */
    report(&box, note, true, 0);
    report(&box, taken.notes[0], false, 1);
    wait_until(is_taken, &box);
    assert_int_equal(taken.notes[0].tries, 3);
    report(&box, taken.notes[0], true, 0);
    assert_int_equal(box_take(&box, "n", 10, HOUR).n, 0);
    box_close(&box);
}

void notification_lease(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    end_one(&box, "push-1", "http://pi/");
    assert_int_equal(box_take(&box, "dies", 10, 300000).n, 1);
    wait_until(is_taken, &box);
    assert_int_equal(taken.n, 1);
    assert_int_equal(taken.notes[0].tries, 2);
    assert_int_equal(box_take(&box, "n", 10, HOUR).n, 0);
    box_close(&box);
}

void notification_whose_taking_was_lost(void **state)
{
    Box box;
    StoreNote note;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    end_one(&box, "push-1", "http://pi/");
    end_one(&box, "push-2", "http://pi/");
    note = box_take(&box, "n", 1, HOUR).notes[0];
    assert_int_equal(box_take(&box, "n", 10, HOUR).n, 1);
    store_notify_forgotten(box.notifier, "other", NULL, 0);
    assert_int_equal(box_take(&box, "n", 10, HOUR).n, 0);
    store_notify_forgotten(box.notifier, "n", &note.id, 1);
    wait_until(is_taken, &box);
    assert_int_equal(taken.n, 1);
    assert_true(taken.notes[0].id != note.id);
    assert_int_equal(taken.notes[0].tries, 2);
    box_close(&box);
}

static Answer take_with(Box *box, int max, int per_host,
                        const StoreRoom *rooms, int n)
{
    return box_take_with(box, "n", max, HOUR, per_host, rooms, n);
}

void notification_by_host(void **state)
{
    static const StoreRoom rooms[] = { { "slow", 0 }, { "fast:81", 3 } };
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    end_one(&box, "push-1", "http://Slow/");
    end_one(&box, "push-2", "https://slow/x");
    end_one(&box, "push-3", "http://fast:81/");
    end_one(&box, "push-4", "http://fast:81/");
    end_one(&box, "push-5", "http://other/");
    end_one(&box, "push-6", "http://other");

    taken = take_with(&box, 10, 1, rooms, 2);
    assert_int_equal(taken.n, 3);       /* none, two, one */
    taken = take_with(&box, 1, 10, NULL, 0);
    assert_int_equal(taken.n, 1);
    taken = take_with(&box, 10, 10, rooms, 1);
    assert_true(taken.n <= 1);
    taken = take_with(&box, 10, 10, NULL, 0);
    assert_true(taken.n >= 1);
    assert_string_equal(taken.notes[0].host, "slow");
    assert_int_equal(box_take(&box, "n", 10, HOUR).n, 0);
    box_close(&box);
}

void notification_only_if_wanted(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    end_one(&box, "push-1", NULL);
    end_one(&box, "push-2", "http://pi/");
    taken = box_take(&box, "n", 10, HOUR);
    assert_int_equal(taken.n, 1);
    assert_string_equal(taken.notes[0].push_id, "push-2");
    box_close(&box);
}
