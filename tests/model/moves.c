/*
 * moves.c - everything that can happen next in a world
 */
#include <string.h>

#include "world.h"

/* How a world in which nothing goes wrong any more gets on. */
enum {
    RANK_ANSWER,
    RANK_CANCEL,
    RANK_RECEIPT,
    RANK_OWNER,
    RANK_RECEIPT_TIMEOUT,
    RANK_DEADLINE
};

typedef struct {
    const World *from;
    WorldVisit *visit;
    void *arg;
} Moves;

static void begin(World *next, const World *from)
{
    *next = *from;
    next->g.copies = next->copies;
    next->now = WORLD_NOW;
}

static void emit(const Moves *moves, World *next, const char *what, int copy,
                 bool fault, int rank)
{
    Move move = {
        .what = what,
        .copy = copy < 0 ? NULL : &next->copies[copy],
        .fault = fault,
        .rank = fault ? RANK_NEVER : rank,
    };

    moves->visit(next, &move, moves->arg);
}

/* An event, and what it tells about its copy. */
typedef struct {
    const char *what;
    GroupEvent event;
    int where;                  /* afterwards; or KEEP */
    int answer;                 /* afterwards; or KEEP */
    int rank;                   /* FAULT, or another of these: it is one */
} Happening;

#define KEEP (-1)
#define FAULT (-1)
#define FAULT_LATE (-2)         /* of receipts: long after the others */
#define FAULT_AHEAD (-3)        /* no; but the SMSC's clock says so */

/* When does the phone get it, and when by the SMSC's clock? */
static void note_delivery(World *w, int copy, bool late, bool ahead)
{
    int at = late ? WORLD_LATE : WORLD_SOON;

    group_note_delivery(&w->g, copy, ahead ? WORLD_LATE : at,
                        at * WORLD_SECOND);
}

/* Once, and once more just before the deadline if that matters: there is no
 * retry where it would come too late. */
static void happen(const Moves *moves, const Happening *h, int copy)
{
    const World *from = moves->from;
    World next;

    for (int64_t now = WORLD_NOW; ; now = WORLD_NEAR_DEADLINE) {
        begin(&next, from);
        next.now = now;
        if (h->where != KEEP)
            next.fates[copy].where = (uint8_t) h->where;
        if (h->answer != KEEP)
            next.fates[copy].answer = (uint8_t) h->answer;
        if (h->event == EVENT_RECEIPT_DELIVERED)
            note_delivery(&next, copy, h->rank == FAULT_LATE,
                          h->rank == FAULT_AHEAD);
        world_feed(&next, h->event, copy);
        emit(moves, &next, h->what, copy, h->rank <= FAULT, h->rank);
        if (now != WORLD_NOW || from->g.state == GROUP_DEFERRED
            || next.g.state != GROUP_DEFERRED)
            break;
    }
}

static void happen_all(const Moves *moves, const Happening *h, int n,
                       int copy)
{
    for (int i = 0; i < n; i++)
        happen(moves, &h[i], copy);
}

#define HAPPEN(moves, list, copy) \
    happen_all(moves, list, sizeof(list) / sizeof(list[0]), copy)

/* ---- news about a copy ---- */

static void move_answer(const Moves *moves, int copy)
{
    static const Happening answers[] = {
        { "is accepted", EVENT_ACCEPTED,
          KEEP, ANSWER_GIVEN, RANK_ANSWER },
        { "is refused: throttled", EVENT_REFUSED_THROTTLED,
          GONE, ANSWER_NEVER, FAULT },
        { "is refused: bind or configuration", EVENT_REFUSED_CONFIG,
          GONE, ANSWER_NEVER, FAULT },
        { "is refused for now", EVENT_REFUSED_TEMPORARY,
          GONE, ANSWER_NEVER, FAULT },
        { "is refused, for how long is unclear", EVENT_REFUSED_AMBIGUOUS,
          GONE, ANSWER_NEVER, FAULT },
        { "is refused for good", EVENT_REFUSED_PERMANENT,
          GONE, ANSWER_NEVER, FAULT },
    };
    static const Happening silence[] = {
        { "never left the box", EVENT_NOT_SENT,
          GONE, ANSWER_NEVER, FAULT },
        { "has no answer in time; it may come late", EVENT_DOUBT,
          KEEP, KEEP, FAULT },
        { "has no answer, and never will", EVENT_DOUBT,
          KEEP, ANSWER_NEVER, FAULT },
    };

    HAPPEN(moves, answers, copy);
    if (moves->from->copies[copy].awaited)
        HAPPEN(moves, silence, copy);
}

/* The SMSC has it, and it is not known to be at the phone. */
static void move_receipt(const Moves *moves, int copy)
{
    static const Happening good[] = {
        { "is delivered", EVENT_RECEIPT_DELIVERED,
          AT_PHONE, KEEP, RANK_RECEIPT },
        { "has a receipt that says nothing final", EVENT_RECEIPT_INFO,
          KEEP, KEEP, RANK_NEVER },
    };
    static const Happening bad[] = {
        { "is delivered, long after", EVENT_RECEIPT_DELIVERED,
          AT_PHONE, KEEP, FAULT_LATE },
        { "is delivered, and a clock is ahead", EVENT_RECEIPT_DELIVERED,
          AT_PHONE, KEEP, FAULT_AHEAD },
        { "fails, worth a retry", EVENT_RECEIPT_FAILED_TEMPORARY,
          GONE, KEEP, FAULT },
        { "fails for good", EVENT_RECEIPT_FAILED_PERMANENT,
          GONE, KEEP, FAULT },
    };
    static const Happening cancelled[] = {
        { "was cancelled after all, says its receipt",
          EVENT_RECEIPT_FAILED_PERMANENT, GONE, KEEP, RANK_NEVER },
    };

    HAPPEN(moves, good, copy);
    HAPPEN(moves, bad, copy);
    if (moves->from->copies[copy].cancel != CANCEL_NONE)
        HAPPEN(moves, cancelled, copy);
}

/*
 * Receipts for a group that no owner has in memory go into the ledger first;
 * whoever was to feed them may die in between.
 */
static void move_unheard(const Moves *moves, int copy)
{
    static const struct {
        LedgerOutcome outcome;
        Whereabouts where;
        const char *what;
    } receipts[] = {
        { LEDGER_DELIVERED, AT_PHONE, "is delivered, and no owner hears it" },
        { LEDGER_NOT_DELIVERED, GONE, "fails, and no owner hears it" },
    };

    for (int i = 0; i < 2; i++) {
        World next;

        begin(&next, moves->from);
        next.unheard = true;
        next.fates[copy].where = (uint8_t) receipts[i].where;
        if (receipts[i].outcome == LEDGER_DELIVERED)
            note_delivery(&next, copy, false, false);
        group_restore(&next.g, copy + 1, next.copies[copy].segment,
                      next.copies[copy].attempt, receipts[i].outcome,
                      WORLD_NOW);
        emit(moves, &next, receipts[i].what, copy, true, 0);
    }
}

static bool is_in_memory(const World *w)
{
    return w->g.state == GROUP_SENDING || w->g.state == GROUP_ROLLBACK;
}

static void move_cancel(const Moves *moves, int copy)
{
    static const Happening done[] = {
        { "is cancelled", EVENT_CANCEL_OK,
          GONE, KEEP, RANK_NEVER },
    };
    static const Happening not_done[] = {
        { "is too late to cancel", EVENT_CANCEL_LATE,
          KEEP, KEEP, RANK_CANCEL },
        { "cannot be cancelled, or the answer is lost", EVENT_CANCEL_LOST,
          KEEP, KEEP, RANK_NEVER },
    };

    if (moves->from->fates[copy].where == OPEN)
        HAPPEN(moves, done, copy);
    HAPPEN(moves, not_done, copy);
}

static void move_copy(const Moves *moves, int copy)
{
    const Fate *fate = &moves->from->fates[copy];

    if (fate->answer == ANSWER_OPEN)
        move_answer(moves, copy);
    if (fate->answer == ANSWER_GIVEN && fate->where == OPEN) {
        move_receipt(moves, copy);
        if (!is_in_memory(moves->from))
            move_unheard(moves, copy);
    }
    if (moves->from->copies[copy].cancel == CANCEL_ASKED)
        move_cancel(moves, copy);
}

/* ---- the owner, the clocks and the Push Initiator ---- */

static void move_submit(const Moves *moves)
{
    int segment = group_next_segment(&moves->from->g, WORLD_NOW);
    World next;
    int copy;

    if (segment < 0)
        return;
    begin(&next, moves->from);
    if (world_is_full(&next)) {
        emit(moves, &next, "is handed over once more", 0, false, RANK_OWNER);
        return;
    }
    copy = group_submit(&next.g, segment, WORLD_NOW, 0);
    if (copy < 0) {
        world_violate(&next, "the segment in turn cannot be sent");
    } else {
        next.fates[copy] = (Fate) { OPEN, ANSWER_OPEN };
        world_judge_submit(&next, moves->from, segment);
    }
    emit(moves, &next, "is handed over", copy, false, RANK_OWNER);
}

static void move_ask_cancel(const Moves *moves)
{
    int copy = group_next_cancel(&moves->from->g);
    World next;

    if (copy < 0)
        return;
    begin(&next, moves->from);
    group_cancel_asked(&next.g, copy);
    emit(moves, &next, "is to be cancelled", copy, false, RANK_OWNER);
}

static void move_group(const Moves *moves)
{
    static const Happening claimed =
        { "an owner claims the group", EVENT_CLAIMED,
          KEEP, KEEP, RANK_OWNER };
    static const Happening due =
        { "the next attempt is due", EVENT_DUE,
          KEEP, KEEP, RANK_OWNER };
    static const Happening given_back =
        { "its owner has no link for it and gives it back", EVENT_GIVEN_BACK,
          KEEP, KEEP, RANK_NEVER };
    static const Happening barred =
        { "the receiver turns out to be barred", EVENT_BARRED,
          KEEP, KEEP, FAULT };
    static const Happening window[] = {
        { "the window is over", EVENT_WINDOW, KEEP, KEEP, FAULT },
        { "the window is over", EVENT_WINDOW, KEEP, KEEP, RANK_NEVER },
    };
    static const Happening receipt_timeout =
        { "receipt-timeout", EVENT_RECEIPT_TIMEOUT,
          KEEP, KEEP, RANK_RECEIPT_TIMEOUT };
    static const Happening deadline =
        { "deadline", EVENT_DEADLINE,
          KEEP, KEEP, RANK_DEADLINE };
    static const Happening cancel =
        { "the Push Initiator cancels", EVENT_CANCEL,
          KEEP, KEEP, RANK_NEVER };
    const World *w = moves->from;

    if (w->g.state == GROUP_QUEUED)
        happen(moves, &claimed, -1);
    if (w->g.state == GROUP_DEFERRED)
        happen(moves, &due, -1);
    if (w->g.state == GROUP_SENDING)
        happen(moves, &given_back, -1);
    if (w->g.state <= GROUP_SENDING && w->g.copies_len == 0)
        happen(moves, &barred, -1);
    if (w->g.state == GROUP_SENDING && w->g.window_end != TIME_NEVER)
        happen(moves, &window[world_the_setup.window_is_free], -1);
    if (w->g.state == GROUP_AWAITING)
        happen(moves, &receipt_timeout, -1);
    if (!group_is_final(&w->g)) {
        happen(moves, &deadline, -1);
        happen(moves, &cancel, -1);
    }
}

/* ---- links and owners that go ---- */

static void end_answers(World *w)
{
    for (int i = 0; i < w->g.copies_len; i++)
        if (w->fates[i].answer == ANSWER_OPEN)
            w->fates[i].answer = ANSWER_NEVER;
}

static void move_link_gone(const Moves *moves)
{
    World next;

    begin(&next, moves->from);
    end_answers(&next);
    world_feed(&next, EVENT_LINK_GONE, -1);
    emit(moves, &next, "the link is gone for good", -1, true, 0);
}

/* The ledger rows that a copy in this state has left. */
static void restore_copy(Group *g, int number, const Copy *copy)
{
    static const LedgerOutcome rows[][2] = {
        [COPY_OUTSTANDING] = { LEDGER_NONE, LEDGER_NONE },
        [COPY_UNSENT] = { LEDGER_NOT_SENT, LEDGER_NONE },
        [COPY_REFUSED] = { LEDGER_REFUSED, LEDGER_NONE },
        [COPY_DOUBT] = { LEDGER_IN_DOUBT, LEDGER_NONE },
        [COPY_ACCEPTED] = { LEDGER_ACCEPTED, LEDGER_NONE },
        [COPY_DELIVERED] = { LEDGER_ACCEPTED, LEDGER_DELIVERED },
        [COPY_FAILED] = { LEDGER_ACCEPTED, LEDGER_NOT_DELIVERED },
        [COPY_CANCELLED] = { LEDGER_ACCEPTED, LEDGER_CANCELLED },
    };

    for (int i = 0; i < 2; i++)
        if (rows[copy->state][i] != LEDGER_NONE)
            group_restore(g, number, copy->segment, copy->attempt,
                          rows[copy->state][i], WORLD_NOW);
    group_note_delivery(g, number - 1, copy->done, copy->arrived);
    if (copy->cancel == CANCEL_TOO_LATE)
        group_restore(g, number, copy->segment, copy->attempt,
                      LEDGER_CANCEL_LATE, WORLD_NOW);
}

/*
 * The next owner's group, built from what the database says. A copy without a
 * ledger row is an orphan, unless the group suspects it.
 */
static void take_over(World *next, const World *from)
{
    const Group *old = &from->g;
    unsigned orphans = 0;
    Group g;
    int n = 0;

    group_init(&g, old->limits, old->segments, old->state, old->aim,
               old->attempt, old->closed, old->deadline, old->due);
    for (int i = 0; i < old->copies_len; i++)
        restore_copy(&g, i + 1, &old->copies[i]);
    memset(next->copies, 0, sizeof(next->copies));
    for (int i = 0; i < old->copies_len; i++) {
        if (old->copies[i].state == COPY_OUTSTANDING) {
            orphans |= 1u << old->copies[i].segment;
        } else {
            next->copies[n] = g.copies[i];
            next->fates[n++] = next->fates[i];
        }
    }
    memset(next->fates + n, 0, (WORLD_MAX_COPIES - n) * sizeof(Fate));
    group_free(&g);
    g.copies = next->copies;
    g.copies_len = n;
    g.copies_size = WORLD_MAX_COPIES;
    next->g = g;
    next->orphans = (uint8_t) (from->orphans | orphans);
    world_feed(next, EVENT_ADOPTED, -1);
    for (int i = n; i < next->g.copies_len; i++) {
        next->fates[i] = (Fate) { OPEN, ANSWER_NEVER };
        orphans &= ~(1u << next->copies[i].segment);
    }
    next->orphans = (uint8_t) (from->orphans | orphans);
}

static void move_crash(const Moves *moves)
{
    World next;

    begin(&next, moves->from);
    end_answers(&next);
    if (!world_is_full(&next))
        take_over(&next, moves->from);
    emit(moves, &next, "the owner dies, another takes over", -1, true, 0);
}

void world_moves(const World *w, WorldVisit *visit, void *arg)
{
    Moves moves = { w, visit, arg };

    for (int i = 0; i < w->g.copies_len; i++)
        move_copy(&moves, i);
    move_submit(&moves);
    move_ask_cancel(&moves);
    move_group(&moves);
    if (is_in_memory(w))
        move_link_gone(&moves);
    move_crash(&moves);
}
