/*
 * facts.h - what is known about the copies of a group
 *
 * Inside the core only. The guards of the table and the true result are
 * computed from these few questions, each answered from the copies alone:
 * nothing is remembered that the ledger could not tell the next owner.
 */
#ifndef CONVOY_CORE_FACTS_H
#define CONVOY_CORE_FACTS_H

#include "group.h"

/* Append a copy; returns its index, or -1 if memory or numbers are out. */
int facts_add_copy(Group *g, Copy copy);

/* Note one outcome of a copy. The stronger fact stays: "at the phone" beats
 * everything, a first answer beats a second one. */
void facts_note(Copy *copy, LedgerOutcome outcome);

/* Of the present attempt: did the SMSC accept a copy of this segment,
 * whatever became of it later? Has the phone got one? */
bool facts_accepted(const Group *g, int segment);
bool facts_delivered(const Group *g, int segment);

/* First segment not accepted in the present attempt; g->segments if none. */
int facts_owed(const Group *g);
bool facts_all_delivered(const Group *g);

/* The phone got every segment in the present attempt; and nothing proves that
 * two of them came too far apart to make a message. */
bool facts_displayed(const Group *g);
/* It got them all, but their receipts prove that. */
bool facts_apart(const Group *g);

/* No copy of this segment, of the present attempt or of all, is or can still
 * come to the phone. */
bool facts_gone(const Group *g, int segment);
bool facts_absent(const Group *g, int segment);

/* More than one copy of some segment is or can still come to the phone. */
bool facts_doubled(const Group *g);

/* First absent segment, or -1. */
int facts_first_absent(const Group *g);

/* How often this segment was handed over in the present attempt, and how many
 * of these count as tries. */
int facts_handed_over(const Group *g, int segment);
int facts_tries(const Group *g, int segment);

bool facts_answer_awaited(const Group *g);

/* Every copy of the present attempt was refused or never left. */
bool facts_unsent(const Group *g);

/* The segment to hand over next, back-off aside, or -1: SENDING, nothing
 * unanswered, and the one before has reached advance-on. */
int facts_in_turn(const Group *g);

#endif
