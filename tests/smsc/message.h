/*
 * message.h - a message that the SMSC has taken, until it ends.
 *
 * It is ENROUTE until its delivery time; then it reaches the phone, waits
 * for a phone that is off, or fails as the plan says. It may be cancelled
 * until then, and expires if its validity ends first. After its end it is
 * remembered for query_sm, as long as 200,000 others have not ended since.
 */
#ifndef SMSC_MESSAGE_H
#define SMSC_MESSAGE_H

#include "recorded.h"
#include "smpp_pdu.h"
#include "smsc.h"

struct link;

struct message {
    struct smsc *smsc;
    uint64_t number;
    char id[24], receipt_id[24];        /* in answers, in receipts */
    enum smpp_message_state state;
    bool waiting;                       /* for its phone */

    char service_type[6];
    struct smpp_address source, destination;
    const char *receiver;               /* destination without "+" */
    uint8_t registered, data_coding;
    bool has_header;
    uint8_t *bytes;
    size_t size;
    unsigned segment, attempt, link;    /* the key of its draws */

    struct account *account;
    int64_t taken_wall_us, done_wall_us;
    int64_t answer_us;                  /* no receipt before; 0: at once */
    int64_t expires_us;                 /* INT64_MAX: never */
    uint32_t outcome;                   /* as PLAN_RECEIPT's value */
    int64_t receipt_after_us, twice_after_us;   /* -1: not twice */
    bool receipt_any_link;
    int64_t receipt_clock_us;           /* so much ahead */

    struct loop_timer timer;
    TAILQ_ENTRY(message) next;          /* waiting or final */
};

/* When things happen to a message that is being taken (loop_now()). */
struct message_times {
    int64_t answer_us;          /* 0: receipts need not wait for an answer */
    int64_t schedule_us;        /* not delivered before */
    int64_t expires_us;
};

/* Take a message: gives it its id and sends it on its way. `recorded` is what
 * the trace says of it, or NULL: the plan decides. */
struct message *message_take(struct link *link,
                             const struct smpp_submit *submit,
                             const struct plan_key *key,
                             const struct message_times *times,
                             const struct recorded_submit *recorded);

struct message *message_find(struct smsc *smsc, const char *id);
/* The draw key that was used when it was submitted. */
struct plan_key message_key(const struct message *message);

/* End a message that is ENROUTE as DELETED; with a receipt if the plan says
 * so. False if it is too late. */
bool message_cancel(struct message *message);

/* Phones may have been turned on: deliver what waited for them. */
void message_retry_waiting(struct smsc *smsc);

void message_free_all(struct smsc *smsc);

#endif
