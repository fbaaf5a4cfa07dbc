/*
 * link.h - one SMPP connection.
 *
 * A link closes at once for its peer, but its memory lives until the end of
 * the loop's round, so that a handler may close the link it works on; all
 * functions do nothing on a closed link.
 */
#ifndef SMSC_LINK_H
#define SMSC_LINK_H

#include "delivery.h"
#include "smsc.h"

struct answer;

enum link_bound {
    LINK_UNBOUND = 0,
    LINK_TRANSMITTER = 1,
    LINK_RECEIVER = 2,
    LINK_TRANSCEIVER = LINK_TRANSMITTER | LINK_RECEIVER
};

struct link {
    struct smsc *smsc;
    struct loop_watch watch;
    unsigned number;                    /* from 1, in the order of accept */
    char peer[64];
    struct buffer in, out;
    bool closed, paused, closing;       /* closing: once `out` is written */

    enum link_bound bound;
    unsigned place;                     /* outages.h; 0: it has none */
    struct account *account;            /* of the bind; NULL before */
    TAILQ_HEAD(, answer) answers;       /* due, not yet written (submit.c) */
    struct delivery_list unanswered;     /* written, oldest first */
    unsigned unanswered_count;
    uint32_t last_sequence;             /* of requests to the client */
    uint64_t last_turn;                 /* when it last got a delivery */

    double rate_tokens;                 /* for the plan's `rate` */
    int64_t rate_us;
    uint64_t submits;

    TAILQ_ENTRY(link) next;
};

/* Listen on HOST:PORT (numeric, [..] around IPv6). On failure -1 and one
 * line in `error`. */
int link_listen(struct smsc *smsc, const char *address, char *error,
                size_t error_size);
unsigned link_port(const struct smsc *smsc);

/* Close, with the reason for the journal's "link-lost". What is written but
 * not yet sent is sent if the socket takes it. */
void link_close(struct link *link, const char *reason);
/* The same once everything written has been sent. */
void link_close_gently(struct link *link);

/* While paused nothing is read from the link or written to it: answers and
 * deliveries that fall due wait, and are not in the journal until then. */
void link_pause(struct link *link, bool paused);

/* Send what was written in this round; free closed links. */
void link_settle_all(struct smsc *smsc);
void link_close_all(struct smsc *smsc);

#endif
