/*
 * group.h - the life of one group: all segments of one push to one receiver
 *
 * This is the part of Convoy that decides: what may be sent next, when to
 * give up, when to take back what was sent, and which one result is true. It
 * knows no Kannel, no database, no clock and no random source; all of these
 * are arguments, so that the unit tests and the model checker drive exactly
 * the code that runs in production.
 *
 * The rules are data: transitions.def. The shell feeds events and then asks
 * what the group wants; there are no callbacks and no lists of actions:
 *
 *   an answer, a receipt, ...          group_event()
 *   time has passed                    group_tick(); when: group_next_time()
 *   at once, a ledger row per event    group_outcome(event), and one
 *                                      LEDGER_IN_DOUBT per group_next_doubt()
 *   after the batch with these rows
 *   and the group's state committed    group_next_segment(), group_submit()
 *                                      group_next_cancel(),
 *                                      group_cancel_asked()
 *
 * A *copy* is one submit of one segment in one attempt. Every copy a group
 * ever had stays in it, because a phone may complete the message with a part
 * from an earlier attempt. A copy's index plus one is its number in the
 * ledger.
 *
 * Times are microseconds of one monotonic clock of the shell's choice.
 * `random` is uniform in [0, 1). Segments count from 0, attempts from 1.
 * A Group belongs to one thread.
 */
#ifndef CONVOY_CORE_GROUP_H
#define CONVOY_CORE_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

/* The numbers of GroupState, GroupAim, CopyState and LedgerOutcome are
 * stored in the database: append, never renumber. */
typedef enum {
    GROUP_QUEUED = 0,       /* waits to be claimed */
    GROUP_DEFERRED,         /* waits for not-before or the next attempt */
    GROUP_SENDING,          /* segments are handed over, one at a time */
    GROUP_AWAITING,         /* every segment answered, receipts outstanding */
    GROUP_ROLLBACK,         /* nothing more is sent, what was is cancelled */
    GROUP_DELIVERED,        /* final from here on */
    GROUP_UNDELIVERABLE,
    GROUP_EXPIRED,
    GROUP_CANCELLED,
    GROUP_UNKNOWN
} GroupState;

#define GROUP_STATES (GROUP_UNKNOWN + 1)

/* What was refused when it was stored has a result of this state, and never
 * was a group of this machine. */
enum { GROUP_REJECTED = GROUP_STATES };

/* What a rollback leads to. Ordered: an aim is only ever raised. It stays
 * AIM_RETRY in the attempts that follow a first retry. */
typedef enum {
    AIM_NONE = 0,
    AIM_RETRY,
    AIM_EXPIRE,
    AIM_CANCEL,
    AIM_FAIL
} GroupAim;

typedef enum {
    COPY_OUTSTANDING = 0,   /* handed over; no ledger row yet */
    COPY_UNSENT,            /* never left this box */
    COPY_REFUSED,           /* by the SMSC's answer */
    COPY_DOUBT,             /* sent, and no answer came */
    COPY_ACCEPTED,          /* the SMSC has it */
    COPY_DELIVERED,         /* its receipt says so; nothing changes that */
    COPY_FAILED,            /* its receipt says that it never will be */
    COPY_CANCELLED          /* the SMSC confirmed our cancel_sm */
} CopyState;

typedef enum {
    CANCEL_NONE = 0,
    CANCEL_ASKED,           /* cancel_sm sent, answer outstanding */
    CANCEL_TOO_LATE,        /* the SMSC refused it */
    CANCEL_UNANSWERED       /* no answer, or the link cannot cancel */
} CopyCancel;

/* Rows of the ledger. */
typedef enum {
    LEDGER_NONE = 0,        /* this event makes no row */
    LEDGER_ACCEPTED,
    LEDGER_REFUSED,
    LEDGER_IN_DOUBT,
    LEDGER_DELIVERED,
    LEDGER_NOT_DELIVERED,
    LEDGER_CANCELLED,
    LEDGER_CANCEL_LATE,
    LEDGER_RECEIPT_INFO,
    LEDGER_NOT_SENT
} LedgerOutcome;

typedef enum {
    /* without a copy */
    EVENT_CLAIMED = 0,      /* an owner took the queued group */
    EVENT_ADOPTED,          /* another owner took it over, from the ledger */
    EVENT_LINK_GONE,        /* the attempt's link is gone for good; while
                             * nothing of the attempt is accepted the shell
                             * may take another link instead */
    EVENT_GIVEN_BACK,       /* the owner has no link for it, others may:
                             * QUEUED, in the same attempt. Only while
                             * group_is_unsent() */
    EVENT_BARRED,           /* receiver on a black list, no such route */
    EVENT_CANCEL,           /* by the Push Initiator */
    EVENT_DEADLINE,         /* time events: group_tick() finds them */
    EVENT_WINDOW,
    EVENT_DUE,              /* DEFERRED is over: QUEUED; after an attempt
                             * this raises g->attempt */
    EVENT_RECEIPT_TIMEOUT,
    /* about a copy: answers to its submit_sm */
    EVENT_ACCEPTED,
    EVENT_REFUSED_THROTTLED,    /* costs no try; slow the link */
    EVENT_REFUSED_CONFIG,       /* costs no try; alarm the operator */
    EVENT_REFUSED_TEMPORARY,
    EVENT_REFUSED_AMBIGUOUS,    /* allowed half of the retries */
    EVENT_REFUSED_PERMANENT,
    EVENT_NOT_SENT,         /* the link or the last look before the write
                             * refused it; costs no try */
    EVENT_DOUBT,            /* answer time-out, link lost after the write */
    /* about a copy: receipts */
    EVENT_RECEIPT_DELIVERED,
    EVENT_RECEIPT_FAILED_TEMPORARY,
    EVENT_RECEIPT_FAILED_PERMANENT,
    EVENT_RECEIPT_INFO,     /* not final */
    /* about a copy: answers to its cancel_sm */
    EVENT_CANCEL_OK,
    EVENT_CANCEL_LATE,
    EVENT_CANCEL_LOST       /* no answer in time, or the link cannot cancel */
} GroupEvent;

#define GROUP_EVENTS (EVENT_CANCEL_LOST + 1)

typedef struct {
    int64_t tag;            /* the shell's own, never read here */
    int64_t since;          /* first known of: it was handed over by then */
    int64_t arrived;        /* its receipt that set `done` */
    int done;               /* when the phone got it, if known: see
                             * group_note_delivery() */
    uint16_t attempt;
    uint8_t segment;
    uint8_t state;          /* CopyState */
    uint8_t cancel;         /* CopyCancel */
    bool awaited;           /* an answer to its submit is still expected */
    bool free;              /* its refusal or loss cost no try */
    bool unrecorded;        /* see group_next_doubt() */
} Copy;

typedef enum { ON_ACCEPTED, ON_DELIVERED } GroupMilestone;

typedef struct {
    int64_t window;             /* first to last acceptance of an attempt,
                                 * and first to last arrival at the phone;
                                 * groups of two or more */
    int64_t segment_delay;      /* first back-off of a segment, doubling */
    int64_t segment_delay_max;
    int64_t retry_delay;        /* first back-off of an attempt, doubling */
    int64_t retry_delay_max;
    int64_t receipt_timeout;
    int segment_retries;        /* repeats of a segment within an attempt */
    int max_attempts;
    GroupMilestone advance_on;  /* when segment k+1 may follow segment k */
    GroupMilestone complete_on; /* when the group counts as delivered */
} GroupLimits;

/* Readable by all, written only by group.c. What the shell stores after each
 * batch: state, aim, attempt, closed, and due when DEFERRED or AWAITING. */
typedef struct {
    const GroupLimits *limits;  /* the shell's; outlives the group */
    int64_t deadline;
    int64_t due;                /* end of DEFERRED, or AWAITING's time-out */
    int64_t retry_at;           /* back-off of the owed segment; TIME_NEVER:
                                 * none */
    int64_t window_end;         /* TIME_NEVER until something is accepted */
    Copy *copies;
    int copies_len;
    int copies_size;
    uint16_t attempt;
    uint8_t segments;
    uint8_t state;              /* GroupState */
    uint8_t aim;                /* GroupAim */
    bool closed;                /* AWAITING after a rollback */
} Group;

/* More hand-overs than any lifetime at the slowest back-off allows. */
#define GROUP_MAX_COPIES 65535

/* Start, or rebuild what the database says. `due` is needed in DEFERRED and
 * AWAITING, otherwise TIME_NEVER. `limits` is kept, not copied. */
void group_init(Group *g, const GroupLimits *limits, int segments,
                GroupState state, GroupAim aim, int attempt, bool closed,
                int64_t deadline, int64_t due);
void group_free(Group *g);

/*
 * Feed one row of the group's ledger, in ledger order, right after
 * group_init() and before any event. `number` is the copy's (from 1, rising;
 * a gap is a copy that left no row), `at` when it happened on the shell's
 * clock. Returns the copy's index, or -1 when the row contradicts the group
 * (segment or number out of range) or memory is out.
 */
int group_restore(Group *g, int number, int segment, int attempt,
                  LedgerOutcome outcome, int64_t at);

/*
 * One event. `copy` is the index the event is about, ignored for events
 * without one. False: the table allows no such event in this state, or there
 * is no such copy (or memory is out); the state has not changed and the shell
 * logs it. Duplicate, late
 * and foreign news is legal, goes to the ledger, and changes nothing else.
 * Receipts are judged by the facts, not by novelty: after restoring a group
 * whose ledger already holds the receipt, feed the receipt all the same.
 */
bool group_event(Group *g, GroupEvent event, int copy, int64_t now,
                 double random);

/*
 * What a receipt, come to us at `arrived`, says of the time when the phone
 * got the copy, as classify_receipt_done() reads it; -1: nothing. The first
 * word stays. Before EVENT_RECEIPT_DELIVERED and after group_restore() of
 * LEDGER_DELIVERED.
 */
void group_note_delivery(Group *g, int copy, int done, int64_t arrived);

/* The ledger row that an event about a copy makes; LEDGER_NONE for others. */
LedgerOutcome group_outcome(GroupEvent event);

/*
 * Index of a copy that the group itself has put in doubt, or -1; each is
 * given once. Ask after every group_event() and group_tick() until -1, and
 * write one LEDGER_IN_DOUBT row for each in the same batch: a next owner
 * could not guess these. (Adopted: the one the dead owner may have sent. A
 * rollback, or a late answer for an earlier copy, while a submit is
 * unanswered.) Its answer, if it still comes, is an event like any other.
 */
int group_next_doubt(Group *g);

/* Segment to hand over now, or -1. Only once all so far is committed. */
int group_next_segment(const Group *g, int64_t now);

/* Register its hand-over; returns the new copy's index, or -1 if this segment
 * is not the one to hand over now or memory is out. */
int group_submit(Group *g, int segment, int64_t now, int64_t tag);

/* Copy to cancel at the SMSC now, or -1. Only once everything so far is
 * committed. If its link cannot cancel: EVENT_CANCEL_LOST. */
int group_next_cancel(const Group *g);
void group_cancel_asked(Group *g, int copy);

/* Copies still unanswered: their submits (then the receiver's turn and a
 * sending slot are in use) or their cancels. */
int group_outstanding(const Group *g);

/* Earliest moment at which group_tick() or group_next_segment() would do
 * something new; false: never. */
bool group_next_time(const Group *g, int64_t *when);

/* Fire every time event that is due. */
void group_tick(Group *g, int64_t now, double random);

bool group_is_final(const Group *g);

/* May the phone hold, or still get, parts of this ended group beside a whole
 * message? They would mix with another one under the same concatenation
 * reference: a part that comes again after a message was displayed begins a
 * new one. */
bool group_leaves_parts(const Group *g);

/* Is it sure that no copy of the present attempt has reached the SMSC? Then
 * the attempt may take another link, or another owner. */
bool group_is_unsent(const Group *g);

/* Why the group ended as it did, in words for a result's desc; *segment is
 * the segment that decided it, or -1. Static text; "" while it lives. */
const char *group_cause(const Group *g, int *segment);

/* The PAP code of an ended group's result. `said`: the SMSC's last words of
 * refusal, or NULL; with SMPP they begin with its status, in hexadecimal. */
int group_code(const Group *g, const char *said);

/*
 * What became of the segments of a group that has ended otherwise than
 * DELIVERED: how many were cancelled, were too late to cancel, may have come
 * or still come to the phone. "1 of 3 cancelled, 1 may be on the phone"; ""
 * if there is nothing to tell.
 */
void group_rest(const Group *g, char *text, size_t size);

const char *group_state_name(GroupState state);
const char *group_event_name(GroupEvent event);

#endif
