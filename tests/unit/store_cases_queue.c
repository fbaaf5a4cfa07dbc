/*
 * store_cases_queue.c - pushes, claims and batches
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/group.h"
#include "store_box.h"
#include "store_cases.h"

static const int64_t HOUR = INT64_C(3600000000);

void push_is_stored_once(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1" }));
    assert_false(box_push(&box, &(Sample) { .id = "1" }));
    assert_true(box_push(&box, &(Sample) { .pi = "other", .id = "1",
                                           .receiver = "2" }));
    assert_int_equal(box_claim(&box, 10).n, 2);
    box_close(&box);
}

static void on_pair(void *arg, StoreOutcome outcome, const bool *stored,
                    int n)
{
    assert_int_equal(outcome, STORE_DONE);
    assert_int_equal(n, 3);
    assert_true(stored[0]);
    assert_false(stored[1]);
    assert_true(stored[2]);
    *(bool *) arg = true;
}

static bool is_true(void *arg)
{
    return *(bool *) arg;
}

void push_twice_in_a_batch(void **state)
{
    static const char *const IDS[] = { "x", "x", "y" };
    static const char *const RECEIVERS[] = { "0", "1", "2", "3" };
    StorePush pushes[3];
    StoreNewGroup groups[4];
    bool there = false;
    Answer claimed;
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    for (i = 0; i < 4; i++) {
        int no = i < 3 ? i : 2;     /* the last has two receivers */

        sample_fill(&(Sample) { .id = IDS[no], .receiver = RECEIVERS[i] },
                    &pushes[no], &groups[i]);
        groups[i].push = no;
    }
    store_push(box.intake, pushes, 3, groups, 4, HOUR, HOUR, on_pair, &there);
    wait_until(is_true, &there);
    claimed = box_claim(&box, 10);
    assert_int_equal(claimed.n, 3);
    for (i = 0; i < 3; i++)
        assert_string_not_equal(claimed.groups[i].receiver, "1");
    box_close(&box);
}

static void on_large(void *arg, StoreOutcome outcome, const bool *stored,
                     int n)
{
    assert_int_equal(outcome, STORE_DONE);
    assert_int_equal(n, 1);
    assert_true(stored[0]);
    *(bool *) arg = true;
}

/* One call of four megabytes, and the answer to it. */
void push_larger_than_any_buffer(void **state)
{
    enum { GROUPS = 1000, OCTETS = 4000 };
    static StoreNewGroup groups[GROUPS];
    static char receivers[GROUPS][16], payload[OCTETS];
    StorePush push;
    bool there = false;
    Answer claimed;
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    for (i = 0; i < OCTETS; i++)
        payload[i] = (char) (i * 7);
    for (i = 0; i < GROUPS; i++) {
        snprintf(receivers[i], sizeof(receivers[i]), "%d", i);
        sample_fill(&(Sample) { .id = "1", .receiver = receivers[i] }, &push,
                    &groups[i]);
        groups[i].payload = (StoreBytes) { payload, OCTETS };
    }
    store_push(box.intake, &push, 1, groups, GROUPS, HOUR, HOUR, on_large,
               &there);
    wait_until(is_true, &there);
    for (i = 0; i < GROUPS; i += claimed.n) {
        claimed = box_claim(&box, GROUPS);
        assert_in_range(claimed.n, 1, GROUPS);
        assert_int_equal(claimed.groups[0].payload.len, OCTETS);
        assert_memory_equal(claimed.groups[claimed.n - 1].payload.data,
                            payload, OCTETS);
    }
    assert_int_equal(i, GROUPS);
    box_close(&box);
}

void claim_gives_the_group_whole(void **state)
{
    StorePush push;
    StoreNewGroup sent;
    StoreGroup group;
    Sample sample = { .id = "1", .extra = "dlr-mask=31", .priority = 2 };
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &sample));
    sample_fill(&sample, &push, &sent);
    group = box_claim_one(&box, sent.receiver);
    assert_string_equal(group.route, sent.route);
    assert_string_equal(group.sender, sent.sender);
    assert_string_equal(group.service, sent.service);
    assert_string_equal(group.extra, sent.extra);
    assert_int_equal(group.priority, 2);
    assert_int_equal(group.state, GROUP_SENDING);
    assert_int_equal(group.aim, AIM_NONE);
    assert_int_equal(group.attempt, 1);
    assert_int_equal(group.takeovers, 0);
    assert_false(group.closed);
    assert_false(group.cancel_requested);
    assert_int_equal(group.segments, 3);
    assert_int_equal(group.concat_bits, 8);
    assert_in_range(group.reference, 0, 255);
    assert_memory_equal(group.ports, sent.ports, 4);
    assert_int_equal(group.payload.len, sent.payload.len);
    assert_memory_equal(group.payload.data, sent.payload.data,
                        sent.payload.len);
    assert_true(group.deadline_in_us > HOUR - 60000000 &&
                group.deadline_in_us <= HOUR);
    assert_int_equal(group.histories, 0);
    assert_int_equal(box_claim(&box, 10).n, 0);
    box_close(&box);
}

void claim_takes_no_text_that_is_not_utf8(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1", .receiver = "1",
                                           .extra = "sn\xc3\xb6" }));
    assert_true(box_push(&box, &(Sample) { .id = "2", .receiver = "2",
                                           .extra = "sn\xf6 \xed\xa0\x80" }));
    assert_string_equal(box_claim(&box, 1).groups[0].extra, "sn\xc3\xb6");
    assert_string_equal(box_claim(&box, 1).groups[0].extra,
                        "sn\\xF6 \\xED\\xA0\\x80");
    box_close(&box);
}

void claim_by_priority_then_age(void **state)
{
    static const char *const ORDER[] = { "2", "4", "0", "3", "1" };
    static const int PRIORITY[] = { 1, 0, 2, 1, 2 };
    Answer claimed;
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    for (i = 0; i < 5; i++) {
        char name[2] = { (char) ('0' + i), '\0' };

        assert_true(box_push(&box, &(Sample) { .id = name, .receiver = name,
                                               .priority = PRIORITY[i] }));
    }
    claimed = box_claim(&box, 4);
    assert_int_equal(claimed.n, 4);
    for (i = 0; i < 4; i++)
        assert_string_equal(claimed.groups[i].receiver, ORDER[i]);
    box_claim_one(&box, ORDER[4]);
    box_close(&box);
}

void claim_one_group_of_a_receiver(void **state)
{
    StoreGroup first, second, third;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1" }));
    assert_true(box_push(&box, &(Sample) { .id = "2" }));
    assert_true(box_push(&box, &(Sample) { .id = "3", .priority = 2 }));
    first = box_claim_one(&box, "4670123");
    assert_int_equal(first.priority, 2);
    assert_int_equal(box_claim(&box, 10).n, 0);
    /* Waiting for receipts does not hold the receiver. */
    box_move(&box, &first, GROUP_AWAITING);
    second = box_claim_one(&box, "4670123");
    /* A rollback does. */
    box_move(&box, &second, GROUP_ROLLBACK);
    assert_int_equal(box_claim(&box, 10).n, 0);
    box_move(&box, &second, GROUP_UNDELIVERABLE);
    third = box_claim_one(&box, "4670123");
    assert_true(third.id > second.id);
    box_close(&box);
}

void claim_gives_references(void **state)
{
    StoreGroup group;
    StoreTransition move;
    int first;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1" }));
    assert_true(box_push(&box, &(Sample) { .id = "2" }));
    assert_true(box_push(&box, &(Sample) { .id = "3", .segments = 1 }));
    group = box_claim_one(&box, "4670123");
    first = group.reference;
    assert_in_range(first, 0, 255);
    move = move_of(&group, GROUP_UNKNOWN);
    move.hold_us = HOUR;
    assert_int_equal(box_batch(&box, NULL, 0, &move, 1).n, 0);
    group = box_claim_one(&box, "4670123");
    assert_in_range(group.reference, 0, 255);
    assert_int_not_equal(group.reference, first);
    box_move(&box, &group, GROUP_DELIVERED);
    assert_int_equal(box_claim_one(&box, "4670123").reference, -1);
    box_close(&box);
}

void claim_needs_the_lease(void **state)
{
    Box box;
    int i;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "1" }));
    for (i = 0; i < box.n_held; i++)
        box.scope[i].epoch--;
    assert_int_equal(box_claim(&box, 10).n, 0);
    for (i = 0; i < box.n_held; i++)
        box.scope[i].epoch++;
    box_claim_one(&box, "4670123");
    box_close(&box);
}

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
    assert_true(history[0].ago_us >= 1000 &&
                history[0].ago_us < 60000000);
    assert_int_equal(history[1].outcome, LEDGER_REFUSED);
    assert_int_equal(history[1].code, 0x58);
    assert_null(history[1].message_id);
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
    box_renew(&old, NULL, 0, HOUR, NULL, 0);
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
