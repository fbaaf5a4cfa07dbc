/*
 * news.h - letters to the scheduler
 *
 * What happens on the links (in Kannel's threads) and to the leases (in
 * their own thread) reaches the scheduler's worker as one of these, through
 * its mailbox, in the order in which it happened.
 */

#ifndef CONVOY_NEWS_H
#define CONVOY_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/classify.h"
#include "mailbox.h"
#include "store/store.h"

typedef enum {
    NEWS_SENT,                  /* status 0; message_id may be NULL; text:
                                 * how the SMSC wrote it, if otherwise */
    NEWS_FAILED,                /* see reason and text */
    NEWS_RECEIPT,               /* smsc_id, message_id, dlr, text */
    NEWS_ANSWER,                /* to a question; see heard */
    NEWS_LINK_UP,
    NEWS_LINK_DOWN,
    NEWS_LEASES                 /* a LeaseNews */
} NewsKind;

/* The head of every letter. */
typedef struct {
    Letter letter;
    NewsKind kind;
} News;

typedef enum {
    HEARD_ANSWER,
    HEARD_NOTHING,              /* in time */
    HEARD_LOSS                  /* of the link, and of the answer with it */
} Heard;

typedef struct {
    News head;
    unsigned long serial;       /* of the link */
    uint64_t ticket;            /* or number of the question */
    int64_t at_us;              /* now_us() in the link's thread */
    DriverReason reason;        /* of a failure */
    GroupEvent dlr;             /* what a receipt means */
    Heard heard;
    uint32_t status;            /* of HEARD_ANSWER: SMPP command_status */
    int message_state;          /* of a query with status 0 */
    char *smsc_id, *message_id, *text;  /* NULL where it makes no sense */
} LinkNews;

typedef struct {
    int id;
    int64_t epoch;
    bool fresh;                 /* adopt the groups in it */
    bool yielding;              /* claim nothing more from it */
    bool in_use;                /* the scheduler's own mark */
    char route[64];
} LeaseHeld;

#define INSTANCE_SIZE 96        /* of an instance's name */

/* All leases that this bearerbox holds, until `until_us` (now_us()). */
typedef struct {
    News head;
    char instance[INSTANCE_SIZE];
    int64_t until_us;
    int n;
    LeaseHeld held[];
} LeaseNews;

/* Any thread; the texts are copied. */
LinkNews *link_news_create(NewsKind kind, unsigned long serial,
                           uint64_t ticket, const char *smsc_id,
                           const char *message_id, const char *text);
LeaseNews *lease_news_create(const char *instance, const StoreLease *leases,
                             int n, int64_t until_us);
void news_free(News *news);

#endif
