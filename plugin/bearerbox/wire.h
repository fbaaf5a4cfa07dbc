/*
 * wire.h - the links as the scheduler sees them
 *
 * The scheduler is plain C and knows neither Kannel's types nor its locks:
 * what it wants from the links goes through Wire, and what they tell comes as
 * news (news.h). hooks.c is the one that speaks to the host; tests put their
 * own links behind the same two types.
 */

#ifndef CONVOY_WIRE_H
#define CONVOY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/classify.h"

/* One SMS to hand over. All pointers are borrowed for the call. */
typedef struct {
    uint64_t ticket;            /* comes back in every news about it */
    const char *sender, *receiver, *smsc_id, *service;
    const unsigned char *udh, *data;
    size_t udh_len, data_len;
    int priority;               /* 0 low .. 2 high */
    int left;                   /* segments that follow it in its group */
    int64_t validity_us;        /* how long the SMSC may keep it */
    int64_t expires_us;         /* till when, epoch by the database's clock;
                                 * 0: the driver tells the SMSC how long */
} WireSegment;

typedef enum {
    WIRE_OK,                    /* news will come */
    WIRE_NO_LINK,               /* this link cannot take it now */
    WIRE_FULL,                  /* nor anything else for a moment */
    WIRE_REFUSED                /* the driver said no */
} WireSend;

typedef enum {
    WIRE_CANCEL,                /* do not deliver it any more */
    WIRE_QUERY                  /* what has become of it? */
} WireAsk;

/* About a segment that the SMSC has accepted. Borrowed for the call. */
typedef struct {
    WireAsk what;
    uint64_t number;            /* not 0; comes back in the answer */
    const char *sender, *receiver;  /* as it was handed over */
    const char *message_id;     /* as the SMSC wrote it; never empty */
} WireQuestion;

/* A link that may carry a message. */
typedef struct {
    unsigned long serial;
    char smsc_id[64];
    bool active, preferred, checked_write;
    bool can_ask;               /* its driver knows cancels and queries */
    Driver driver;
} WireLink;

/* A delivery report for an smsbox. */
typedef struct {
    const char *sender, *receiver, *smsc_id, *service;  /* of the push */
    const char *url, *boxc_id;      /* what the PI gave, or "" */
    int type;                       /* REPORT_SUCCESS or REPORT_FAIL */
    long mask;                      /* what was asked for */
    const char *text;               /* why, in words */
} WireReport;

typedef struct {
    WireSend (*send)(unsigned long serial, const WireSegment *segment);

    /*
     * Fills in at most `max` links that may carry a message of this route
     * ("" any) to this receiver, active or not; with receiver NULL every
     * link there is. Returns how many.
     */
    int (*links)(const char *route, const char *receiver, WireLink *links,
                 int max);

    /* Asks the SMSC behind this link; after WIRE_OK one answer will come. */
    WireSend (*ask)(unsigned long serial, const WireQuestion *question);

    /* NULL if the lists let this sender and receiver pass, else why not;
     * a static text. */
    const char *(*listed)(const char *sender, const char *receiver);

    /* Hands a report to an smsbox, now or when there is one. */
    void (*report)(const WireReport *report);
} Wire;

#endif
