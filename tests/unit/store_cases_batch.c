/*
 * store_cases_batch.c - time, batches, and many groups
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/group.h"
#include "store_box.h"
#include "store_cases.h"

static const int64_t HOUR = INT64_C(3600000000);

/* DEFERRED until its time, then claimed by the one who asked for due ones. */
static bool is_claimed(void *arg)
{
    Box *box = arg;

    assert_int_equal(box_due(box, 10).n, 0);
    return box_claim(box, 10).n == 1;
}

void not_before_defers(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1",
                                           .not_before_in_us = HOUR / 2 }));
    assert_true(box_push(&box, &(Sample) { .id = "2", .receiver = "2",
                                           .not_before_in_us = 300000 }));
    assert_int_equal(box_claim(&box, 10).n, 0);
    wait_until(is_claimed, &box);
    box_close(&box);
}

void deadline_makes_due(void **state)
{
    Answer due;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1",
                                           .deadline_in_us = 300000 }));
    due = box_due_soon(&box);
    assert_int_equal(due.n, 1);
    assert_int_equal(due.groups[0].state, GROUP_QUEUED);
    assert_true(due.groups[0].deadline_in_us <= 0);
    /* It is lent: neither due nor ready for anybody now. */
    assert_int_equal(box_due(&box, 10).n, 0);
    assert_int_equal(box_claim(&box, 10).n, 0);
    box_move(&box, &due.groups[0], GROUP_EXPIRED);
    assert_int_equal(box_due(&box, 10).n, 0);
    box_close(&box);
}

static bool is_attempt_two(void *arg)
{
    Box *box = arg;
    Answer claimed;

    assert_int_equal(box_due(box, 10).n, 0);
    claimed = box_claim(box, 10);
    if (claimed.n == 0)
        return false;
    assert_int_equal(claimed.groups[0].attempt, 2);
    assert_int_equal(claimed.groups[0].aim, AIM_RETRY);
    assert_int_equal(claimed.groups[0].histories, 1);
    return true;
}

void retry_raises_the_attempt(void **state)
{
    StoreGroup group;
    StoreLedgerRow row;
    StoreTransition move;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1" }));
    group = box_claim_one(&box, "4670123");
    row = row_of(&group, 1, LEDGER_REFUSED, NULL);
    move = move_of(&group, GROUP_DEFERRED);
    move.aim = AIM_RETRY;
    move.due_in_us = 300000;
    assert_int_equal(box_batch(&box, &row, 1, &move, 1).n, 0);
    wait_until(is_attempt_two, &box);
    box_close(&box);
}

void batch_keeps_a_time(void **state)
{
    StoreGroup group;
    StoreTransition move;
    Answer due;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1",
                                           .deadline_in_us = 600000 }));
    group = box_claim_one(&box, "4670123");
    box_move(&box, &group, GROUP_AWAITING);
    move = move_of(&group, GROUP_AWAITING);
    move.closed = true;
    move.due_in_us = STORE_KEEP;
    assert_int_equal(box_batch(&box, NULL, 0, &move, 1).n, 0);
    due = box_due_soon(&box);           /* because of the deadline */
    assert_int_equal(due.groups[0].state, GROUP_AWAITING);
    assert_true(due.groups[0].closed);
    assert_true(due.groups[0].due_in_us > HOUR - 60000000 &&
                due.groups[0].due_in_us <= HOUR);
    box_close(&box);
}

void batch_writes_the_ledger(void **state)
{
    StoreGroup group;
    StoreLedgerRow rows[3];
    const StoreHistory *history;
    Answer due;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1",
                                           .deadline_in_us = 300000 }));
    group = box_claim_one(&box, "4670123");
    rows[0] = row_of(&group, 1, LEDGER_ACCEPTED, "id-1");
    rows[0].text = "ID1";
    rows[1] = row_of(&group, 2, LEDGER_REFUSED, NULL);
    rows[1].code = 0x58;
    rows[1].text = "throttled";
    rows[1].ago_us = 500;
    rows[2] = row_of(&group, 2, LEDGER_IN_DOUBT, NULL);
    rows[2].copy = 3;
    rows[2].smsc_id = NULL;
    assert_int_equal(box_batch(&box, rows, 3, NULL, 0).n, 0);
    box_move(&box, &group, GROUP_AWAITING);
    due = box_due_soon(&box);
    assert_int_equal(due.groups[0].histories, 3);
    history = due.groups[0].history;
    assert_int_equal(history[0].segment, 1);
    assert_int_equal(history[0].attempt, 1);
    assert_int_equal(history[0].copy, 1);
    assert_int_equal(history[0].outcome, LEDGER_ACCEPTED);
    assert_int_equal(history[0].code, -1);
    assert_string_equal(history[0].smsc_id, "smsc");
    assert_string_equal(history[0].message_id, "id-1");
    assert_string_equal(history[0].text, "ID1");
    assert_true(history[0].ago_us >= 1000 &&
                history[0].ago_us < 60000000);
    assert_int_equal(history[1].outcome, LEDGER_REFUSED);
    assert_int_equal(history[1].code, 0x58);
    assert_null(history[1].message_id);
    assert_null(history[1].text);
    assert_int_equal(history[2].outcome, LEDGER_IN_DOUBT);
    assert_int_equal(history[2].copy, 3);
    assert_null(history[2].smsc_id);
    box_close(&box);
}

void batch_repeated_changes_nothing(void **state)
{
    StoreGroup group;
    StoreLedgerRow row;
    StoreTransition moves[2];
    Answer answer;
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1",
                                           .deadline_in_us = 300000 }));
    group = box_claim_one(&box, "4670123");
    row = row_of(&group, 1, LEDGER_ACCEPTED, "id-1");
    moves[0] = move_of(&group, GROUP_AWAITING);
    moves[1] = move_of(&group, GROUP_AWAITING);
    moves[1].group = group.id + 1000;   /* there is no such group */
    for (i = 0; i < 3; i++) {
        answer = box_batch_as(&box, box.instance, 1, &row, 1, moves, 2);
        assert_int_equal(answer.outcome, STORE_DONE);
        assert_int_equal(answer.n, 1);
        assert_int_equal(answer.fenced[0], group.id + 1000);
    }
    answer = box_due_soon(&box);
    assert_int_equal(answer.groups[0].histories, 1);
    box_close(&box);
}

void batch_of_an_old_epoch_is_fenced(void **state)
{
    StoreGroup group;
    StoreLedgerRow row;
    StoreTransition move;
    Answer adopted, answer;
    Box old, next;

    (void) state;
    box_open(&old, "old");
    box_start(&old);
    assert_true(box_push(&old, &(Sample) { .id = "1" }));
    group = box_claim_one(&old, "4670123");
    box_renew(&old, NULL, 0, 0, NULL, 0);
    box_open(&next, "next");
    box_start(&next);
    adopted = box_adopt(&next, 10);
    assert_int_equal(adopted.n, 1);
    assert_true(adopted.groups[0].epoch > group.epoch);

    /* What the old one did is a fact; what it decides is void. */
    row = row_of(&group, 1, LEDGER_ACCEPTED, "id-1");
    move = move_of(&group, GROUP_DELIVERED);
    answer = box_batch(&old, &row, 1, &move, 1);
    assert_int_equal(answer.n, 1);
    assert_int_equal(answer.fenced[0], group.id);

    move = move_of(&adopted.groups[0], GROUP_AWAITING);
    move.due_in_us = 1;
    move.attempt = 2;                   /* another attempt's */
    assert_int_equal(box_batch(&next, NULL, 0, &move, 1).n, 1);
    move.attempt = 1;
    assert_int_equal(box_batch(&next, NULL, 0, &move, 1).n, 0);
    answer = box_due_soon(&next);
    assert_int_equal(answer.groups[0].histories, 1);
    box_close(&old);
    box_close(&next);
}

enum { MANY = 500 };

static void store_many(Box *box)
{
    char name[16];
    int i;

    for (i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "%d", i);
        assert_true(box_push(box, &(Sample) { .id = name,
                                              .receiver = name }));
    }
}

static void count(Answer claimed, int *seen)
{
    int i, receiver;

    for (i = 0; i < claimed.n; i++) {
        receiver = 0;
        assert_int_equal(sscanf(claimed.groups[i].receiver, "%d", &receiver),
                         1);
        assert_in_range(receiver, 0, MANY - 1);
        seen[receiver]++;
    }
}

void many_groups_each_once(void **state)
{
    static const char *const ANY[] = { "" };
    int seen[MANY] = { 0 }, release[BOX_LEASES], i, n = 0, claimed = 0;
    Answer from_a, from_b;
    Box a, b;

    (void) state;
    box_open(&a, "a");
    box_open(&b, "b");
    box_start(&a);
    box_start(&b);
    for (i = 0; i < a.n_held; i += 2)
        release[n++] = a.held[i].id;
    assert_int_equal(box_renew(&a, ANY, 1, HOUR, release, n), STORE_DONE);
    assert_int_equal(box_renew(&b, ANY, 1, HOUR, NULL, 0), STORE_DONE);
    assert_int_equal(a.n_held + b.n_held, 32);
    assert_int_equal(b.n_held, 16);
    store_many(&a);
    do {
        from_a = box_claim(&a, 50);
        from_b = box_claim(&b, 50);
        count(from_a, seen);
        count(from_b, seen);
        claimed += from_a.n + from_b.n;
    } while (from_a.n + from_b.n > 0);
    assert_int_equal(claimed, MANY);
    for (i = 0; i < MANY; i++)
        assert_int_equal(seen[i], 1);
    box_close(&a);
    box_close(&b);
}
