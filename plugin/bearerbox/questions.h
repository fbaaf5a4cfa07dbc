/*
 * questions.h - what is asked of SMSCs about segments that they have taken
 *
 * Cancels and queries wait here for a link: the one that carried the segment
 * if it is up, else another one of the same smsc-id. They take no place of a
 * segment that is sent; instead each link has a quota of its own of questions
 * without an answer, so that a mass rollback does not flood an SMSC. None of
 * them waits long: a group in ROLLBACK holds up its receiver.
 *
 * A question ends exactly once: questions_take() when its answer has come, or
 * questions_failed() when there was no link for it in time.
 *
 * Belongs to the scheduler's thread.
 */

#ifndef CONVOY_QUESTIONS_H
#define CONVOY_QUESTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "bearerbox/tickets.h"
#include "bearerbox/wire.h"

typedef struct Questions Questions;

typedef struct Question {
    struct Question *next;
    WireAsk what;
    Ticket about;               /* the copy, as the ledger has it */
    char *sender, *receiver;
    char *message_id;           /* as the ledger has it */
    char *written;              /* as the SMSC wrote it */
    uint64_t number;            /* of the last time it was asked */
    unsigned long asked_over;   /* the link then, 0: not asked now */
    int64_t not_before;         /* a refusal for the moment: wait so long */
    int64_t give_up;            /* when it waits for a link no longer */
} Question;

/* Borrows the wire. */
Questions *questions_create(const Wire *wire);
void questions_destroy(Questions *questions);

/* Takes it over (it was malloc'ed, its texts too). */
void questions_add(Questions *questions, Question *question, int64_t now);
void question_free(Question *question);

/* Is this asked about the copy already? */
bool questions_has(const Questions *questions, WireAsk what, int64_t group,
                   int copy);

/* Asks what can be asked now. */
void questions_pump(Questions *questions, int64_t now);

/* One that no link took in time, or can take at all; the caller's to free.
 * NULL: there is none. */
Question *questions_failed(Questions *questions);

/* The one that was asked under this number; the caller's to free, or to put
 * back. NULL: there is none. */
Question *questions_take(Questions *questions, uint64_t number);

/* Waits for a link again, not before that moment. False, and nothing has
 * happened, if it has waited long enough. */
bool questions_again(Questions *questions, Question *question,
                     int64_t not_before);

/* Forgets those of a group that were not asked yet. */
void questions_forget(Questions *questions, int64_t group);

/* When questions_pump() should be called next; INT64_MAX: when there is
 * news. */
int64_t questions_next_time(const Questions *questions, int64_t now);

/* Those that no answer has ended yet. */
int questions_count(const Questions *questions);

#endif
