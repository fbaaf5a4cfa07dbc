/*
 * phone.h - the phones behind the SMSC: what they put together and display.
 *
 * Only a message that a phone displayed was delivered, whatever answers and
 * receipts say. The phones reassemble as common ones do: by originator,
 * reference and total; a second part of the same number is dropped while the
 * first is kept, even if its bytes differ; parts further apart than the
 * window are thrown away; what is complete is displayed and forgotten, so
 * that a repeated part afterwards begins a new message.
 */
#ifndef SMSC_PHONE_H
#define SMSC_PHONE_H

#include <sys/queue.h>

#include "journal.h"
#include "loop.h"
#include "plan.h"
#include "table.h"

/* One short message as the network hands it to a phone. */
struct phone_message {
    const char *receiver, *originator, *id;     /* id: the SMSC's */
    bool has_header;
    const uint8_t *bytes;
    size_t size;
};

struct phone_set;
struct phone_switch;

struct phones {
    struct loop *loop;
    struct journal *journal;
    int64_t window_us;
    struct table sets;                          /* incomplete messages */
    TAILQ_HEAD(, phone_set) by_age;
    struct loop_timer forget_timer;
    STAILQ_HEAD(, phone_switch) switches;       /* the newest first */
    uint64_t displayed, forgotten;
};

void phones_init(struct phones *phones, struct loop *loop,
                 struct journal *journal, int64_t window_us);
void phones_free(struct phones *phones);

/* A message arrives at a phone that is on: journals "part", and "display"
 * if it is or completes a message. */
void phone_receive(struct phones *phones, const struct phone_message *message);

/* Turn the phones that match the glob on or off; the last word counts, also
 * against the plan. */
void phone_switch(struct phones *phones, const char *glob, bool on);
/* Whether the receiver's phone is on, so long after the plan began. */
bool phone_is_on(const struct phones *phones, const struct plan *plan,
                 int64_t elapsed_us, const char *receiver);

#endif
