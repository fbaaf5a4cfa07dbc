/*
 * delivery.h - deliver_sm to the clients.
 *
 * A receipt (or a mobile-originated message) belongs to an account, that is
 * to all links bound with one system_id. It goes out on one of those that
 * may receive, and comes again if that link is lost before its answer or
 * the client answers with a temporary error; with no such link it waits.
 */
#ifndef SMSC_DELIVERY_H
#define SMSC_DELIVERY_H

#include "smsc.h"
#include "smpp_pdu.h"

struct link;

struct account {
    char system_id[16];
    TAILQ_HEAD(delivery_list, delivery) scheduled, waiting;
    uint64_t turns;                     /* deliveries written */
    TAILQ_ENTRY(account) next;
};

/* Is either scheduled (its timer is set), waiting (due, but no link could
 * take it), or written to a link and not yet answered. */
struct delivery {
    struct smsc *smsc;
    struct account *account;
    unsigned link;              /* the link to prefer; 0: take them in turn */
    unsigned times;             /* how often it was written */
    uint32_t sequence;          /* of the last deliver_sm */
    struct buffer body;         /* of the deliver_sm */
    char message_id[24];        /* as in the answer to the submit */
    char receipted_id[24];      /* as in the receipt */
    char destination[21];       /* of the message the receipt is about */
    const char *stat;           /* literal; NULL: not a receipt */
    struct loop_timer timer;
    TAILQ_ENTRY(delivery) next;
};

struct account *delivery_account(struct smsc *smsc, const char *system_id);

/* What a deliver_sm says; a text of at most 254 octets. */
struct delivery_text {
    const char *service_type;
    const struct smpp_address *source, *destination;
    uint8_t esm_class;
    const char *text;
};

/* A new delivery with its body so far; TLVs may be appended. For a receipt
 * fill in link, message_id, receipted_id, destination and stat. Then hand it
 * over with delivery_schedule or delivery_send. */
struct delivery *delivery_new(struct smsc *smsc, struct account *account,
                              const struct delivery_text *text);
void delivery_schedule(struct delivery *delivery, int64_t due_us);
/* Write it now if a link can take it; not if it is scheduled. */
void delivery_send(struct delivery *delivery);

/* A deliver_sm_resp or generic_nack; false if nothing was asked with that
 * sequence number. */
bool delivery_answered(struct link *link, const struct smpp_header *header);

/* A link was bound or resumed; it was lost. */
void delivery_link_ready(struct link *link);
void delivery_link_lost(struct link *link);

/* At the end, when no link is left. */
void delivery_free_all(struct smsc *smsc);

#endif
