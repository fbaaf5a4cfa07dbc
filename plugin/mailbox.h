/*
 * mailbox.h - news from the host's threads to one worker
 *
 * Hooks run in Kannel's threads and must not block; the worker owns all
 * state and sleeps in poll(). A mailbox joins the two: any thread puts a
 * letter in under one short lock that is a leaf (nothing is called while it
 * is held), and the worker takes all letters at once, in order, woken by a
 * descriptor that becomes readable.
 */

#ifndef CONVOY_MAILBOX_H
#define CONVOY_MAILBOX_H

typedef struct Mailbox Mailbox;

/* The first member of everything that is mailed. */
typedef struct Letter {
    struct Letter *next;
} Letter;

/* Returns NULL, with errno set, if the system has no descriptor left. */
Mailbox *mailbox_create(void);

/* Only when no other thread uses it any more; letters left are not freed. */
void mailbox_destroy(Mailbox *box);

/* Any thread. The mailbox owns the letter until it is taken. */
void mailbox_put(Mailbox *box, Letter *letter);

/* Any thread: makes the worker's poll return without a letter. */
void mailbox_ring(Mailbox *box);

/* Worker: takes everything, oldest first; NULL if there is nothing. */
Letter *mailbox_take(Mailbox *box);

/* Worker: readable when there is something to take or somebody rang. */
int mailbox_fd(const Mailbox *box);

#endif
