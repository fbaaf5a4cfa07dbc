/*
 * group.c - events in any order, for one group
 *
 * The input is a little program: what the database says of a group, then
 * events, hand-overs, time, commits and crashes, also such as no SMSC would
 * think of. This file plays the shell as group.h asks for it, keeps a record
 * of its own of what may be at the phone, and holds the group against the
 * promises: no false result, nothing handed over out of order or after a
 * stop, no result taken back, nobody stuck. With FUZZ_STORY in the
 * environment it tells what it does.
 */

#include "fuzz.h"

#include <stdbool.h>

#include "core/group.h"

#define MS INT64_C(1000)
#define MAX_STEPS 300
#define MAX_ROWS 1000
#define MAX_COPIES 1000

/* What is known about one copy, by its index: `sent` was handed over by the
 * one owner or another, `handed` may have been. */
typedef struct {
    int segment, attempt;
    bool sent, handed, accepted, refused, delivered, gone, cancel_asked;
} Fact;

typedef struct {
    int number, segment, attempt;
    LedgerOutcome outcome;
    int64_t at;
} Row;

/* `saved` is what the last commit stored. */
typedef struct {
    const uint8_t *data;
    size_t size;
    GroupLimits limits;
    Group group, saved;
    Fact facts[MAX_COPIES];
    Row rows[MAX_ROWS];
    int rows_len, rows_saved;
    int64_t now;
} World;

static World world;
static bool telling;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;
    telling = getenv("FUZZ_STORY") != NULL;
    return 0;
}

static void tell(const World *w, const char *what, int about)
{
    const Group *g = &w->group;

    if (telling)
        fprintf(stderr, "%s %d: %s, aim %d, attempt %d, %d copies\n",
                what, about, group_state_name((GroupState) g->state), g->aim,
                g->attempt, g->copies_len);
}

static int next(World *w)
{
    if (w->size == 0)
        return 0;
    w->size--;
    return *w->data++;
}

/* --- the record ----------------------------------------------------------- */

static void record(World *w, int copy, LedgerOutcome outcome)
{
    Fact *fact = &w->facts[copy];

    switch (outcome) {
    case LEDGER_ACCEPTED:
        fact->accepted = !fact->refused;
        break;
    case LEDGER_REFUSED:
    case LEDGER_NOT_SENT:
        fact->refused = !fact->accepted;
        break;
    case LEDGER_DELIVERED:
        fact->delivered = true;
        break;
    case LEDGER_NOT_DELIVERED:
    case LEDGER_CANCELLED:
        fact->gone = true;
        break;
    case LEDGER_IN_DOUBT:
    case LEDGER_NONE:
    case LEDGER_CANCEL_LATE:
    case LEDGER_RECEIPT_INFO:
        break;
    }
}

/* Can a copy of this segment be at the phone, or still get there? */
static bool may_be_there(const World *w, int segment)
{
    for (int i = 0; i < w->group.copies_len; i++) {
        const Fact *fact = &w->facts[i];

        if (fact->segment == segment && (fact->delivered ||
            (fact->handed && !fact->refused && !fact->gone)))
            return true;
    }
    return false;
}

static bool reached(const World *w, int segment, GroupMilestone milestone)
{
    for (int i = 0; i < w->group.copies_len; i++) {
        const Fact *fact = &w->facts[i];

        if (fact->segment == segment && fact->attempt == w->group.attempt &&
            (fact->delivered || (milestone == ON_ACCEPTED &&
                                 (fact->accepted || fact->gone))))
            return true;
    }
    return false;
}

/* --- the promises --------------------------------------------------------- */

/* When it ends: news that comes afterwards may show that the world was not
 * as it had to seem. */
static void require_true_result(const World *w)
{
    const Group *g = &w->group;
    bool absent = false;
    int segment;

    for (int i = 0; i < g->segments; i++)
        absent = absent || !may_be_there(w, i);
    switch ((GroupState) g->state) {
    case GROUP_DELIVERED:
        for (int i = 0; i < g->segments; i++)
            REQUIRE(reached(w, i, w->limits.complete_on));
        break;
    case GROUP_UNDELIVERABLE:
    case GROUP_EXPIRED:
    case GROUP_CANCELLED:
        REQUIRE(absent);
        break;
    case GROUP_QUEUED:
    case GROUP_DEFERRED:
    case GROUP_SENDING:
    case GROUP_AWAITING:
    case GROUP_ROLLBACK:
    case GROUP_UNKNOWN:
        break;
    }
    REQUIRE(group_cause(g, &segment) != NULL);
    REQUIRE(segment >= -1 && segment < g->segments);
}

/* Something will happen, or somebody was asked, or somebody may claim it. */
static void require_a_way_on(const World *w)
{
    const Group *g = &w->group;
    int64_t when;

    REQUIRE(group_is_final(g) || g->state == GROUP_QUEUED ||
            group_outstanding(g) > 0 || group_next_cancel(g) >= 0 ||
            group_next_segment(g, w->now) >= 0 ||
            group_next_time(g, &when));
}

/* From `before` to now by one event, legal or not. */
static void require_step(const World *w, const Group *before, bool legal)
{
    const Group *g = &w->group;

    if (!legal || group_is_final(before))
        REQUIRE(g->state == before->state && g->aim == before->aim &&
                g->attempt == before->attempt);
    REQUIRE(g->state < GROUP_STATES && g->aim >= before->aim);
    REQUIRE(g->attempt == before->attempt ||
            (g->attempt == before->attempt + 1 &&
             before->state == GROUP_DEFERRED));
    if (group_is_final(g) || g->state == GROUP_ROLLBACK ||
        g->aim > AIM_RETRY)
        REQUIRE(group_next_segment(g, w->now) == -1);
    if (!group_is_final(before))
        require_true_result(w);
    require_a_way_on(w);
}

/* --- the shell ------------------------------------------------------------ */

static void write_row(World *w, int copy, LedgerOutcome outcome)
{
    const Fact *fact = &w->facts[copy];

    if (outcome == LEDGER_NONE)
        return;
    REQUIRE(w->rows_len < MAX_ROWS);
    w->rows[w->rows_len++] = (Row) { copy + 1, fact->segment, fact->attempt,
                                     outcome, w->now };
}

/* Copies that the group has made by itself, in doubt. */
static void write_doubts(World *w)
{
    int copy;

    while ((copy = group_next_doubt(&w->group)) >= 0) {
        const Copy *c = &w->group.copies[copy];
        Fact *fact = &w->facts[copy];

        REQUIRE(!fact->handed || (fact->segment == c->segment &&
                                  fact->attempt == c->attempt));
        fact->segment = c->segment;
        fact->attempt = c->attempt;
        fact->handed = true;
        write_row(w, copy, LEDGER_IN_DOUBT);
    }
}

static void commit(World *w)
{
    w->saved = w->group;
    w->rows_saved = w->rows_len;
}

static void feed(World *w, GroupEvent event, int copy)
{
    const Group before = w->group;
    const bool real = copy >= 0 && copy < before.copies_len;
    bool legal;

    /* Nobody can know of it. */
    if (event >= EVENT_ACCEPTED && real && !w->facts[copy].handed)
        return;
    if (event >= EVENT_CANCEL_OK && real && !w->facts[copy].cancel_asked)
        return;
    if (event >= EVENT_ACCEPTED && real)
        record(w, copy, group_outcome(event));
    legal = group_event(&w->group, event, copy, w->now, next(w) / 256.0);
    if (legal && event >= EVENT_ACCEPTED)
        write_row(w, copy, group_outcome(event));
    write_doubts(w);
    tell(w, group_event_name(event), copy);
    require_step(w, &before, legal);
}

static void hand_over(World *w)
{
    int segment = group_next_segment(&w->group, w->now), copy;
    int odd = next(w) % 8;

    if (odd != segment)
        REQUIRE(group_submit(&w->group, odd, w->now, 0) == -1);
    if (segment < 0)
        return;
    for (int i = 0; i < segment; i++)
        REQUIRE(reached(w, i, ON_ACCEPTED));
    REQUIRE(segment == 0 ||
            reached(w, segment - 1, w->limits.advance_on));
    commit(w);
    copy = group_submit(&w->group, segment, w->now, 0);
    REQUIRE(copy == w->group.copies_len - 1 && copy < MAX_COPIES);
    w->facts[copy] = (Fact) { .segment = segment, .sent = true,
                              .handed = true, .attempt = w->group.attempt };
    tell(w, "handed over segment", segment);
    REQUIRE(group_next_segment(&w->group, w->now) == -1);
}

static void ask_cancel(World *w)
{
    int copy = group_next_cancel(&w->group);

    if (copy < 0)
        return;
    REQUIRE(w->group.state == GROUP_ROLLBACK && w->facts[copy].handed);
    commit(w);
    w->facts[copy].cancel_asked = true;
    group_cancel_asked(&w->group, copy);
    tell(w, "asked to cancel", copy);
}

static void pass_time(World *w)
{
    const int64_t step = next(w);
    const Group before = w->group;
    int64_t when;

    w->now += step * step * MS;
    group_tick(&w->group, w->now, 0.5);
    write_doubts(w);
    tell(w, "milliseconds", (int) (step * step));
    REQUIRE(!group_is_final(&before) || w->group.state == before.state);
    /* Or its owner would spin. */
    REQUIRE(!group_next_time(&w->group, &when) || when > w->now);
    if (!group_is_final(&before))
        require_true_result(w);
    require_a_way_on(w);
}

/* The owner dies; the next one reads what was committed. */
static void crash(World *w)
{
    const Group old = w->saved;
    int number = 0;

    if (group_is_final(&old))
        return;
    group_free(&w->group);
    group_init(&w->group, &w->limits, old.segments, old.state, old.aim,
               old.attempt, old.closed, old.deadline, old.due);
    w->rows_len = w->rows_saved;
    for (int i = 0; i < MAX_COPIES; i++) {
        Fact *fact = &w->facts[i];

        fact->handed = fact->sent;
        fact->accepted = fact->refused = fact->delivered = fact->gone = false;
    }
    for (int i = 0; i < w->rows_len; i++) {
        const Row *row = &w->rows[i];

        REQUIRE(group_restore(&w->group, row->number, row->segment,
                              row->attempt, row->outcome, row->at) ==
                row->number - 1);
        w->facts[row->number - 1].handed = true;
        record(w, row->number - 1, row->outcome);
        number = row->number > number ? row->number : number;
    }
    REQUIRE(w->group.copies_len == number);
    tell(w, "crash, rows", w->rows_len);
    feed(w, EVENT_ADOPTED, -1);
    commit(w);
}

/* --- the program ---------------------------------------------------------- */

/* One row that the database claims to be there; it may be nonsense. */
static void restore_row(World *w)
{
    const int number = next(w) % 20, segment = next(w) % 5;
    const int attempt = next(w) % 4;
    const LedgerOutcome outcome = next(w) % (LEDGER_NOT_SENT + 1);
    int copy = group_restore(&w->group, number, segment, attempt, outcome,
                             w->now);
    Fact *fact = &w->facts[copy < 0 ? 0 : copy];

    REQUIRE(copy == -1 || copy == number - 1);
    if (copy < 0 || outcome == LEDGER_NONE)
        return;
    *fact = (Fact) { .segment = segment, .attempt = attempt, .handed = true,
                     .accepted = fact->accepted, .refused = fact->refused,
                     .delivered = fact->delivered, .gone = fact->gone };
    record(w, copy, outcome);
    write_row(w, copy, outcome);
    tell(w, "row of copy", copy);
    tell(w, "    outcome", (int) outcome);
}

/* A state, aim, attempt and closed that a box may have stored. */
static void take_over(World *w, int choices, int segments)
{
    const GroupState state = (GroupState) (choices % (GROUP_ROLLBACK + 1));
    const int attempt = 1 + choices / 8 % 3;
    const bool closed = state == GROUP_AWAITING && choices & 64;
    int aim = attempt > 1 ? AIM_RETRY : AIM_NONE;

    if (state == GROUP_ROLLBACK || closed)
        aim = AIM_RETRY + choices / 24 % (AIM_FAIL - AIM_RETRY + 1);
    group_init(&w->group, &w->limits, segments, state, (GroupAim) aim,
               attempt, closed, 200000 * MS,
               state == GROUP_DEFERRED || state == GROUP_AWAITING
               ? 100000 * MS : TIME_NEVER);
}

static void begin(World *w)
{
    const int choices = next(w), rows = next(w) % 8;

    w->limits = (GroupLimits) {
        .window = 60000 * MS, .segment_delay = 200 * MS,
        .segment_delay_max = 5000 * MS, .segment_retries = 2,
        .retry_delay = 10000 * MS, .retry_delay_max = 30000 * MS,
        .max_attempts = 3, .receipt_timeout = 500000 * MS,
        .advance_on = choices & 1 ? ON_DELIVERED : ON_ACCEPTED,
        .complete_on = choices & 3 ? ON_DELIVERED : ON_ACCEPTED
    };
    take_over(w, next(w), 1 + choices / 4 % 4);
    for (int i = 0; i < rows; i++)
        restore_row(w);
    commit(w);
    if (w->group.state != GROUP_QUEUED)
        feed(w, EVENT_ADOPTED, -1);
}

static void step(World *w)
{
    int what = next(w) % (GROUP_EVENTS + 8);

    if (what < GROUP_EVENTS)
        feed(w, (GroupEvent) what, next(w) % (w->group.copies_len + 2) - 1);
    else if (what < GROUP_EVENTS + 3)
        hand_over(w);
    else if (what == GROUP_EVENTS + 3)
        ask_cancel(w);
    else if (what == GROUP_EVENTS + 4)
        crash(w);
    else
        pass_time(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    World *w = &world;

    memset(w, 0, sizeof(*w));
    w->data = data;
    w->size = size;
    begin(w);
    for (int i = 0; i < MAX_STEPS && w->size > 0; i++)
        step(w);
    group_free(&w->group);
    return 0;
}
