/*
 * model.c - the model checker: is the table of plugin/core right?
 *
 * Walks one group through everything that can happen to it (world.h) and
 * judges every step and every result (judge.c). Then spoils the table, one
 * row at a time, and has to notice each time. Prints TAP; a violation comes
 * with the history that leads to it: the fewest faults that do, and among
 * these the fewest steps.
 *
 *     model                         all of it
 *     model SEGMENTS FAULTS         one search with another budget
 */
#include <stdio.h>
#include <stdlib.h>

#include "search.h"
#include "table.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

#define ALL_FINAL_STATES (1u << GROUP_DELIVERED | 1u << GROUP_UNDELIVERABLE \
    | 1u << GROUP_EXPIRED | 1u << GROUP_CANCELLED | 1u << GROUP_UNKNOWN)

static int tests;
static int failures;

static void ok(bool good, const char *what)
{
    printf("%sok %d - %s\n", good ? "" : "not ", ++tests, what);
    fflush(stdout);
    failures += !good;
}

/* ---- the table as it is ---- */

static const struct {
    const char *what;
    WorldSetup setup;
} searches[] = {
    { "1 segment, 4 faults",
      { 1, 4, 2, 1, ON_ACCEPTED, ON_DELIVERED, false } },
    { "2 segments, 3 faults; the window may be over at any time",
      { 2, 3, 2, 2, ON_ACCEPTED, ON_DELIVERED, true } },
    { "2 segments, 3 faults, 3 attempts",
      { 2, 3, 3, 1, ON_ACCEPTED, ON_DELIVERED, false } },
    { "2 segments, 3 faults, advance-on = delivered",
      { 2, 3, 2, 1, ON_DELIVERED, ON_DELIVERED, true } },
    { "2 segments, 3 faults, complete-on = accepted",
      { 2, 3, 2, 1, ON_ACCEPTED, ON_ACCEPTED, true } },
    { "3 segments, 2 faults",
      { 3, 2, 2, 1, ON_ACCEPTED, ON_DELIVERED, false } },
    { "3 segments, 2 faults, advance-on = delivered",
      { 3, 2, 2, 1, ON_DELIVERED, ON_DELIVERED, true } },
};

static void check_table(const char *what, const WorldSetup *setup)
{
    Finding finding;

    table_restore();
    finding = search(setup, true);
    printf("# %ld states, %ld moves\n", finding.states, finding.moves);
    if (finding.violation == NULL) {
        if (finding.smooth_end != GROUP_DELIVERED)
            finding.violation = "without any fault it is not DELIVERED";
        else if (finding.finals != ALL_FINAL_STATES)
            finding.violation = "a final state is never reached";
        if (finding.violation != NULL)
            printf("#   VIOLATION: %s\n", finding.violation);
    }
    ok(finding.violation == NULL, what);
}

/* ---- the table spoilt ---- */

static const struct {
    const char *what;
    Mutation mutation;
} mutations[] = {
    { "the deadline is not heeded",
      { "LIVE, E(DEADLINE), RAISES", DROP_ROW, NEXT_SAME } },
    { "a cancel raises no aim",
      { "LIVE, E(CANCEL), RAISES", DROP_AIM, NEXT_SAME } },
    { "a cancel stops without taking back",
      { "LIVE, E(CANCEL), RAISES", CHANGE_NEXT, NEXT_CANCELLED } },
    { "the window is not heeded",
      { "S(SENDING), E(WINDOW)", CHANGE_NEXT, NEXT_SAME } },
    { "DEFERRED goes on with the old attempt",
      { "S(DEFERRED), E(DUE)", CHANGE_NEXT, NEXT_SENDING } },
    { "any answer completes the group",
      { "S(SENDING), ANSWER | E(ADOPTED), COMPLETE", DROP_GUARD,
        NEXT_SAME } },
    { "any answer ends the sending",
      { "S(SENDING), ANSWER | E(ADOPTED), ANSWERED", DROP_GUARD,
        NEXT_SAME } },
    { "a refusal of no concern is taken to heart",
      { "S(SENDING), ANSWER, OUTDATED", DROP_ROW, NEXT_SAME } },
    { "a segment is tried for ever",
      { "S(SENDING), E(REFUSED_TEMPORARY) | E(DOUBT), TRIES_LEFT",
        DROP_GUARD, NEXT_SAME } },
    { "what has begun is given back",
      { "S(SENDING), E(GIVEN_BACK), UNSENT", DROP_GUARD, NEXT_SAME } },
    { "a permanent refusal is not heeded",
      { "S(SENDING), E(REFUSED_PERMANENT)", CHANGE_NEXT, NEXT_SAME } },
    { "a permanent refusal is the result at once",
      { "S(SENDING), E(REFUSED_PERMANENT)", CHANGE_NEXT,
        NEXT_UNDELIVERABLE } },
    { "a failed receipt is not heeded",
      { "S(SENDING) | S(AWAITING), E(RECEIPT_FAILED_TEMPORARY)", DROP_ROW,
        NEXT_SAME } },
    { "a rollback does not wait for its answers",
      { "S(ROLLBACK), NEWS", CHANGE_NEXT, NEXT_UNDELIVERABLE } },
    { "a rollback never ends",
      { "S(ROLLBACK), NEWS", CHANGE_NEXT, NEXT_SAME } },
    { "one receipt delivers all segments",
      { "S(DEFERRED) | S(AWAITING), E(RECEIPT_DELIVERED)", DROP_GUARD,
        NEXT_SAME } },
    { "a closed group waits for what cannot come",
      { "S(AWAITING), REFUSED | RECEIPT_FAILED", DROP_ROW, NEXT_SAME } },
    { "missing receipts mean undeliverable",
      { "S(AWAITING), E(RECEIPT_TIMEOUT), ALWAYS", CHANGE_NEXT,
        NEXT_UNDELIVERABLE } },
    { "missing receipts are waited for for ever",
      { "S(AWAITING), E(RECEIPT_TIMEOUT), ALWAYS", CHANGE_NEXT, NEXT_SAME } },
    { "a result is forgotten by late news",
      { "FINAL, NEWS", CHANGE_NEXT, NEXT_ROLLBACK } },
};

/* Small budgets of every kind suffice for all of these. */
static Finding search_spoilt(bool trace)
{
    static const WorldSetup setups[] = {
        { 2, 2, 2, 1, ON_ACCEPTED, ON_DELIVERED, false },
        { 2, 2, 2, 1, ON_DELIVERED, ON_DELIVERED, false },
        { 2, 2, 2, 1, ON_ACCEPTED, ON_ACCEPTED, false },
    };
    Finding finding = { 0 };

    for (int i = 0; i < COUNT(setups) && finding.violation == NULL; i++)
        finding = search(&setups[i], trace);
    return finding;
}

static void check_mutation(const char *what, const Mutation *mutation)
{
    Finding finding = { 0 };

    if (!table_mutate(mutation))
        printf("# no such row, or nothing changed: %s\n", mutation->row);
    else
        finding = search_spoilt(false);
    if (finding.violation != NULL)
        printf("# found: %s (%d steps, %d faults)\n", finding.violation,
               finding.steps, finding.faults);
    ok(finding.violation != NULL, what);
}

/* No row is there for nothing. One cannot be reached by the model: a queued
 * group that owes nothing, since an attempt begins by owing all. */
static void check_every_row(void)
{
    const char *const unreachable =
        "S(QUEUED), E(CLAIMED), ALWAYS, AWAITING, NONE";
    int needed = 0;

    for (int row = 0; row < group_table_len; row++) {
        table_mutate_row(row, DROP_ROW, NEXT_SAME);
        if (search_spoilt(false).violation != NULL)
            needed++;
        else if (!table_is_row(row, unreachable))
            printf("# not needed: %s\n", table_row_text(row));
        else
            needed++;
    }
    ok(needed == group_table_len, "without any one row the table is wrong");
}

static int run_all(void)
{
    printf("1..%d\n", COUNT(searches) + COUNT(mutations) + 1);
    for (int i = 0; i < COUNT(searches); i++)
        check_table(searches[i].what, &searches[i].setup);
    for (int i = 0; i < COUNT(mutations); i++)
        check_mutation(mutations[i].what, &mutations[i].mutation);
    check_every_row();
    return failures > 0;
}

static int run_one(int segments, int faults)
{
    const WorldSetup setup = {
        segments, faults, 2, 1, ON_ACCEPTED, ON_DELIVERED, false
    };

    if (segments < 1 || segments > WORLD_MAX_SEGMENTS || faults < 0
        || faults > SEARCH_MAX_FAULTS) {
        fprintf(stderr, "model: 1 to %d segments, 0 to %d faults\n",
                WORLD_MAX_SEGMENTS, SEARCH_MAX_FAULTS);
        return 2;
    }
    printf("1..1\n");
    check_table("this budget", &setup);
    return failures > 0;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return run_all();
    if (argc == 3)
        return run_one(atoi(argv[1]), atoi(argv[2]));
    fprintf(stderr, "usage: model [SEGMENTS FAULTS]\n");
    return 2;
}
