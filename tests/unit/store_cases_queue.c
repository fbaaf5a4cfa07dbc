/*
 * store_cases_queue.c - claims
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
    assert_in_range(group.deadline_at_us, INT64_C(1500000000000000),
                    INT64_C(4000000000000000));
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
