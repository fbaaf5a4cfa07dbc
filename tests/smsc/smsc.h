/*
 * smsc.h - the simulator as a whole: what its parts share.
 *
 *   main.c      command line, start and end
 *   smsc.c      putting the parts together
 *   link.c      sockets: accepting, framing of PDUs, writing, closing
 *   session.c   which PDU goes where; bind, unbind, enquire_link, nacks
 *   submit.c    submit_sm: the plan decides how it is answered
 *   cancel.c    cancel_sm and query_sm
 *   message.c   messages the SMSC has taken, on their way to a phone
 *   receipt.c   what a receipt says
 *   delivery.c  deliver_sm to the clients: receipts and mobile-originated
 *   recorded.c  the SMSC's side of a trace, in place of the plan
 *   outages.c   links that go down and phones that are off there
 *   control.c   the control socket; commands.c what is said there
 *
 * Everything runs in one thread, driven by loop.h.
 */
#ifndef SMSC_H
#define SMSC_H

#include <sys/queue.h>

#include "journal.h"
#include "loop.h"
#include "outages.h"
#include "phone.h"
#include "plan.h"
#include "table.h"

struct link;
struct message;
struct account;
struct control_client;

struct smsc_counts {
    uint64_t submits, accepted, refused, unanswered, cancelled, bad_pdus;
    uint64_t receipts, receipts_answered;
    /* what `idle` waits for */
    uint64_t answers_pending, messages_pending, deliveries_pending;
    uint64_t messages_waiting;          /* for a phone that is off */
    uint64_t recorded, not_recorded;    /* submits, by the trace */
};

struct smsc {
    struct loop loop;
    struct journal journal;
    struct phones phones;
    struct plan *plan;
    int64_t plan_began_us;
    struct loop_timer plan_timer;       /* a phone-off window ends */
    struct recorded *recorded;          /* NULL: there is no trace */
    struct outages outages;             /* of the trace */
    struct smsc_counts counts;

    /* link.c */
    struct loop_watch listener;
    TAILQ_HEAD(, link) links, closed_links;
    unsigned last_link, link_count;
    unsigned link_max;                  /* set before listening */
    uint64_t reads;                     /* how often a link brought bytes */
    bool paused;                        /* new links are */

    /* delivery.c */
    TAILQ_HEAD(, account) accounts;

    /* submit.c: how often the same bytes went to the same receiver */
    struct table attempts;

    /* message.c */
    struct table messages;              /* by number */
    uint64_t last_message;
    TAILQ_HEAD(, message) waiting_messages, final_messages;
    unsigned final_count;

    /* control.c */
    struct loop_watch control;
    char *control_path;
    TAILQ_HEAD(, control_client) control_clients;
    struct loop_timer control_timer;
};

/* 0, or -1 with errno. `plan` becomes the SMSC's. */
int smsc_init(struct smsc *smsc, struct plan *plan, const char *journal_path,
              int64_t phone_window_us);
void smsc_free(struct smsc *smsc);      /* closes every link */

/* Whether the plan and the trace let the receiver's phone be on. */
bool smsc_phone_is_on(const struct smsc *smsc, const char *receiver);

/* Replace the plan; it begins now, and is owned by the SMSC. */
void smsc_set_plan(struct smsc *smsc, struct plan *plan);

/* Microseconds since the plan began. */
int64_t smsc_plan_age(const struct smsc *smsc);

#endif
