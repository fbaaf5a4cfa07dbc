/*
 * push.h - one push on its way from the PPG into the database
 *
 * The PAP thread makes it, the thread that brings the datagram completes it,
 * the intake's worker stores it, answers its client and frees it: one owner
 * at a time, so nothing here needs a lock.
 */

#ifndef CONVOY_PUSH_H
#define CONVOY_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "gwlib/gwlib.h"
#include "gw/msg.h"

#include "config.h"
#include "mailbox.h"
#include "pap/pap_read.h"

/* One address of a push: a group to be sent, or a result at once. */
typedef struct {
    const char *address;            /* as the PI wrote it: the push's */
    char *receiver;                 /* canonical once completed; "": none */
    int code;                       /* not 0: refused so, */
    const char *cause;              /* and why: static */
} PushTarget;

typedef struct {
    Letter letter;                  /* to the intake */
    HTTPClient *client;             /* NULL once it was answered */
    int64_t answer_by_us;           /* now_us() clock */
    int64_t read_s, compiled_s;     /* epoch; 0: that was not reached */

    /* From the request. */
    PapPush pap;
    PushTarget *targets;
    int target_count;
    char *pi;                       /* "" where PIs are trusted */
    char *ppg_url;                  /* sender-address of the answer */

    /* From the datagram. */
    char *route, *sender, *service; /* "" for none */
    /* What an smsbox needs for a report, as dlr-mask=31&dlr-url=...&boxc-id=
     * ..., each value URL-encoded; NULL if no report is wanted. */
    char *extra;
    char *payload;
    size_t payload_len;
    unsigned char ports[4];         /* destination, source: UDH order */
    int segments;

    /* Not 0: it is not to be stored but answered so. */
    int refusal;
    char refusal_desc[160];

    /* Goes in a batch of its own: the server refused one that it was in, or
     * it replaces a push that may be in the one before. */
    bool alone;
} Push;

/* Zeroed. Never NULL. */
Push *push_create(void);

/* Frees it; its client must have been answered. NULL is allowed. */
void push_destroy(Push *push);

/* Sets the refusal, unless there is one already. */
void push_refuse(Push *push, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Completes `push` from its datagram, an unsegmented SMS with a port UDH; all
 * is copied. What cannot be stored sets the refusal.
 */
void push_complete(Push *push, const Msg *sms, const Config *config);

#endif
