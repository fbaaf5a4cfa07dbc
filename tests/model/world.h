/*
 * world.h - one group and the world around it, as the model checker sees them
 *
 * The group is the real one (plugin/core); the rest is what it cannot see.
 * world_moves() knows everything that can happen next. Three things keep the
 * number of states small without leaving out a history:
 *
 * Time is order. Every time event may come whenever it is armed, back-off is
 * over at once, and clock values are the same constants in all states.
 *
 * Truth is decided late. A copy that was handed over may be on the wire, at
 * the SMSC or at the phone: the model leaves that open until some news about
 * it is told. The phone shows the message when it has all parts and may
 * forget parts between attempts. A result is judged by the worst world that
 * fits everything told so far: for DELIVERED a phone that forgets as much as
 * it may, so that only the parts of one attempt count; for a negative result
 * one that forgets nothing and gets every copy that is not surely gone.
 *
 * Batches and crashes. The shell feeds news at once, commits in batches, and
 * acts (submits, cancels) only after the commit. So what was fed but not yet
 * committed has no effect outside when the owner dies, and a batch committed
 * late is the same as one committed at once and acted on late. The model
 * therefore commits every event at once; in a crash the owner takes along all
 * news that nobody committed, which is news that never comes: no answer will
 * come to what it had sent, no receipt need ever come, and the copy it may
 * have sent without an answer on record stays in the world without a row in
 * the ledger. A message id that no committed row knows makes its receipts
 * worthless.
 */
#ifndef CONVOY_TESTS_WORLD_H
#define CONVOY_TESTS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/group.h"

#define WORLD_MAX_COPIES 14
#define WORLD_MAX_SEGMENTS 3
#define WORLD_MAX_PACKED (3 + 2 * WORLD_MAX_COPIES)

typedef struct {
    int segments;
    int faults;                 /* at most this many in one history */
    int max_attempts;           /* up to 3 */
    int segment_retries;
    GroupMilestone advance_on;
    GroupMilestone complete_on;
    bool window_is_free;        /* it may be over without a fault */
} WorldSetup;

/* What really became of a copy. */
typedef enum {
    OPEN,                       /* it is at the phone or may get there */
    AT_PHONE,
    GONE                        /* refused, failed, cancelled, never sent */
} Whereabouts;

/* Its answer from the SMSC. */
typedef enum {
    ANSWER_OPEN,                /* may come, may not */
    ANSWER_GIVEN,               /* accepted, so that receipts may come */
    ANSWER_NEVER
} Answer;

typedef struct {
    uint8_t where;              /* Whereabouts */
    uint8_t answer;             /* Answer */
} Fate;

typedef struct {
    Group g;                    /* g.copies is `copies` */
    Copy copies[WORLD_MAX_COPIES];
    Fate fates[WORLD_MAX_COPIES];
    uint8_t orphans;            /* a bit per segment: a copy that no ledger
                                 * row knows may be at the phone */
    bool given_up;              /* the present attempt is */
    bool stopped;               /* cancel or deadline was fed */
    bool unheard;               /* a receipt went into the ledger only */
    int64_t now;                /* of the latest event; not part of a state */
    const char *violation;      /* what is wrong, NULL if nothing is */
} World;

/* One thing that happens. */
typedef struct {
    const char *what;
    const Copy *copy;           /* which it happens to, or NULL */
    bool fault;                 /* counts against the budget */
    int rank;                   /* of moves without fault, lowest first: the
                                 * order in which a world without further
                                 * faults and stops does things; RANK_NEVER:
                                 * it does not */
} Move;

#define RANK_NEVER 100

void world_setup(const WorldSetup *setup);
void world_init(World *w);

/* All that may happen next, each as a new world. */
typedef void WorldVisit(World *next, const Move *move, void *arg);
void world_moves(const World *w, WorldVisit *visit, void *arg);

/* Worlds that nobody can tell apart have the same packed form. */
size_t world_pack(const World *w, uint8_t packed[WORLD_MAX_PACKED]);
void world_unpack(World *w, const uint8_t *packed, size_t len);

/* A line of TAP diagnostics. */
void world_print(const World *w);

/* ---- inside the model ---- */

/* The moments that matter: any, and one so late that no retry fits in. */
#define WORLD_NOW 0
#define WORLD_NEAR_DEADLINE 999
#define WORLD_DEADLINE 1000

/* When a phone gets a part: all at about the same time, or one long after.
 * In seconds, as receipts have it. */
#define WORLD_SOON 1000
#define WORLD_LATE 1000000
#define WORLD_SECOND INT64_C(1000000)

/* Its receipt says that the phone got it long after, and came before. */
bool world_clock_is_ahead(const Copy *copy);

extern WorldSetup world_the_setup;

void world_violate(World *w, const char *what);

/* No room for one more copy, which is a violation. */
bool world_is_full(World *w);

/* Feed an event to the group and judge what it made of it. */
void world_feed(World *w, GroupEvent event, int copy);

/* Judge the hand-over of a segment, made from this world. */
void world_judge_submit(World *next, const World *from, int segment);

#endif
