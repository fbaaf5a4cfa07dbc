/*
 * store_cases_push.c - pushes come into the queue
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/group.h"
#include "store_box.h"
#include "store_cases.h"

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

void push_twice_in_a_batch(void **state)
{
    static const char *const IDS[] = { "x", "x", "y" };
    static const char *const RECEIVERS[] = { "0", "1", "2", "3" };
    StorePush pushes[3];
    StoreNewGroup groups[4];
    Answer stored, claimed;
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
    stored = box_push_all(&box, pushes, 3, groups, 4);
    assert_int_equal(stored.codes[0], 1001);
    assert_int_equal(stored.codes[1], 2007);
    assert_int_equal(stored.codes[2], 1001);
    claimed = box_claim(&box, 10);
    assert_int_equal(claimed.n, 3);
    for (i = 0; i < 3; i++)
        assert_string_not_equal(claimed.groups[i].receiver, "1");
    box_close(&box);
}

/* One call of four megabytes, and the answer to it. */
void push_larger_than_any_buffer(void **state)
{
    enum { GROUPS = 1000, OCTETS = 4000 };
    static StoreNewGroup groups[GROUPS];
    static char receivers[GROUPS][16], payload[OCTETS];
    StorePush push;
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
    assert_int_equal(box_push_all(&box, &push, 1, groups, GROUPS).codes[0],
                     1001);
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

/* --- addresses ---------------------------------------------------------- */

/* A push to `n` receivers, each of one character. */
static void fill_push(const Sample *sample, const char *receivers,
                      StorePush *push, StoreNewGroup *groups)
{
    static char texts[2][10][2];
    static int used;
    const int set = used++ % 2;
    int i;

    for (i = 0; receivers[i] != '\0'; i++) {
        texts[set][i][0] = receivers[i];
        sample_fill(sample, push, &groups[i]);
        groups[i].receiver = texts[set][i];
    }
}

void push_with_refused_addresses(void **state)
{
    StoreNewGroup groups[3];
    StorePush push;
    Answer notes;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    fill_push(&(Sample) { .id = "1", .url = "http://pi/" }, "123", &push,
              groups);
    groups[1].refused = 2002;
    groups[1].address = "WAPPUSH=x/TYPE=PLMN";
    groups[1].cause = "why";
    assert_int_equal(box_push_all(&box, &push, 1, groups, 3).codes[0], 1001);
    assert_int_equal(box_claim(&box, 10).n, 2);
    notes = box_take(&box, "n", 10, 60000000);
    assert_int_equal(notes.n, 1);
    assert_int_equal(notes.notes[0].state, GROUP_REJECTED);
    assert_int_equal(notes.notes[0].code, 2002);
    assert_string_equal(notes.notes[0].cause, "why");
    assert_string_equal(notes.notes[0].address, "WAPPUSH=x/TYPE=PLMN");
    box_close(&box);
}

/* --- replacing ---------------------------------------------------------- */

static int replace(Box *box, const Sample *sample, const char *receivers,
                   bool pending_only)
{
    StoreNewGroup groups[9];
    StorePush push;

    fill_push(sample, receivers, &push, groups);
    push.replaces = "old";
    push.pending_only = pending_only;
    return box_push_all(box, &push, 1, groups, (int) strlen(receivers))
        .codes[0];
}

void push_replaces_what_is_unknown(void **state)
{
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .pi = "other", .id = "old" }));
    assert_int_equal(replace(&box, &(Sample) { .id = "new" }, "1", false),
                     2004);
    assert_true(box_push(&box, &(Sample) { .id = "old", .receiver = "1" }));
    assert_int_equal(replace(&box, &(Sample) { .id = "new" }, "1", false),
                     1001);
    assert_int_equal(replace(&box, &(Sample) { .id = "new" }, "1", false),
                     2007);
    box_close(&box);
}

/* The new group is not to be had before the old one has ended. */
void push_replaces_all(void **state)
{
    StoreGroup old, fresh;
    Answer due;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    assert_true(box_push(&box, &(Sample) { .id = "old", .receiver = "1" }));
    old = box_claim_one(&box, "1");
    box_move(&box, &old, GROUP_AWAITING);
    assert_int_equal(replace(&box, &(Sample) { .id = "new", .priority = 2 },
                             "12", false), 1001);
    box_claim_one(&box, "2");
    due = box_due_soon(&box);
    assert_int_equal(due.n, 1);
    assert_true(due.groups[0].cancel_requested);
    assert_int_equal(due.groups[0].id, old.id);
    assert_int_equal(box_claim(&box, 10).n, 0);
    box_move(&box, &due.groups[0], GROUP_CANCELLED);
    fresh = box_claim_one(&box, "1");
    assert_int_not_equal(fresh.id, old.id);
    box_close(&box);
}

void push_replaces_what_is_pending(void **state)
{
    StoreNewGroup groups[2];
    StorePush push;
    StoreGroup done;
    Answer notes;
    Box box;

    (void) state;
    box_open(&box, "a");
    box_start(&box);
    fill_push(&(Sample) { .id = "old" }, "12", &push, groups);
    groups[0].priority = 2;
    box_push_all(&box, &push, 1, groups, 2);
    done = box_claim(&box, 1).groups[0];
    assert_string_equal(done.receiver, "1");
    box_move(&box, &done, GROUP_DELIVERED);
    assert_int_equal(replace(&box, &(Sample) { .id = "none" }, "13", true),
                     2008);
    assert_int_equal(replace(&box, &(Sample) { .id = "new",
                                               .url = "http://pi/" },
                             "123", true), 1001);
    notes = box_take(&box, "n", 10, 60000000);
    assert_int_equal(notes.n, 2);
    assert_int_equal(notes.notes[0].state, GROUP_REJECTED);
    assert_int_equal(notes.notes[0].code, 2008);
    assert_int_equal(notes.notes[1].code, 2008);
    box_close(&box);
}
