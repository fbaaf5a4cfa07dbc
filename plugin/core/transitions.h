/*
 * transitions.h - the shape of a row of transitions.def
 *
 * A row says: in these states, on these events, if the guard holds, go to
 * `next` and raise the aim to `aim`. The first row that fits is taken; a pair
 * (state, event) that no row covers is illegal. Rows hold no code, so that
 * the unit tests, the model checker and the graph in the manual read the very
 * table that runs.
 */
#ifndef CONVOY_CORE_TRANSITIONS_H
#define CONVOY_CORE_TRANSITIONS_H

#include "group.h"

/* What must hold, after the event's fact about its copy has been noted.
 * "Accepted" and "delivered" mean: by a copy of the present attempt. */
typedef enum {
    GUARD_ALWAYS,
    GUARD_UNSENT,           /* no copy of it reached the SMSC, nor can */
    GUARD_OWED,             /* some segment is not accepted */
    GUARD_ANSWERED,         /* nothing unanswered, every segment accepted */
    GUARD_COMPLETE,         /* the same, and complete-on is reached */
    GUARD_DELIVERED,        /* every segment delivered, and not APART */
    GUARD_APART,            /* not closed; every segment delivered, but
                             * provably further apart than the window: the
                             * phone may have thrown away the first */
    GUARD_OUTDATED,         /* the copy's segment is accepted by another
                             * copy, or the copy is of an earlier attempt */
    GUARD_TRIES_LEFT,       /* for the copy's segment, in this attempt */
    GUARD_FEW_TRIES_LEFT,   /* the same for ambiguous refusals */
    GUARD_LOST,             /* not closed; the copy's segment was accepted in
                             * this attempt, but no copy can still arrive */
    GUARD_ABSENT,           /* some segment is absent in all attempts */
    GUARD_CLOSED_ABSENT,    /* the same, and the group is closed */
    GUARD_RAISES            /* the row's aim is above the group's */
} GroupGuard;

/* Where a row leads: a state (same numbers as GroupState), or one of the
 * last two. */
typedef enum {
    NEXT_QUEUED = GROUP_QUEUED,
    NEXT_DEFERRED = GROUP_DEFERRED,
    NEXT_SENDING = GROUP_SENDING,
    NEXT_AWAITING = GROUP_AWAITING,
    NEXT_ROLLBACK = GROUP_ROLLBACK,
    NEXT_DELIVERED = GROUP_DELIVERED,
    NEXT_UNDELIVERABLE = GROUP_UNDELIVERABLE,
    NEXT_EXPIRED = GROUP_EXPIRED,
    NEXT_CANCELLED = GROUP_CANCELLED,
    NEXT_UNKNOWN = GROUP_UNKNOWN,
    NEXT_SAME,                  /* stay; the ledger has the news */
    NEXT_SETTLE                 /* what the facts say, once nothing is
                                 * outstanding: group.c, settle() */
} GroupNext;

typedef struct {
    uint32_t states;            /* bit mask of GroupState */
    uint32_t events;            /* bit mask of GroupEvent */
    GroupGuard guard;
    GroupNext next;
    GroupAim aim;
} Transition;

/* The table as its own unit: the model checker links one it can mutate. */
extern const Transition *const group_table;
extern const int group_table_len;

#endif
