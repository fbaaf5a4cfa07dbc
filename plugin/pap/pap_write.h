/*
 * pap_write.h - writing PAP documents
 *
 * Text goes in as UTF-8 and comes out escaped; what is not a character of
 * XML becomes a question mark, so that a document is well-formed whatever it
 * quotes. Each function returns a string for pap_text_free(), or NULL without
 * memory.
 * NULL members leave their attribute out. Any thread.
 */

#ifndef CONVOY_PAP_WRITE_H
#define CONVOY_PAP_WRITE_H

#include "pap/pap_inquiry.h"
#include "pap/pap_read.h"

/* A stage of the processing that was reached, in the PPG's own words: PAP
 * has no list of them. */
typedef struct {
    const char *stage;
    const char *note;
    int64_t time_s;                 /* epoch */
} PapProgress;

typedef struct {
    PapVersion version;             /* the one that the request used */
    const char *push_id;
    const char *sender_address;
    const char *sender_name;
    int64_t reply_time_s;           /* epoch */
    const PapProgress *progress;    /* `progress_count` of them, in order */
    int progress_count;
    int code;
    const char *desc;               /* NULL: the code's own text */
} PapPushResponse;

char *pap_write_push_response(const PapPushResponse *response);

/* `fragment` is what was not understood; the first octets are quoted. */
char *pap_write_badmessage_response(PapVersion version, int code,
                                    const char *desc, const char *fragment,
                                    size_t fragment_len);

typedef struct {
    const char *push_id;
    const char *address;            /* as the PI wrote it */
    const char *sender_address;
    const char *sender_name;
    int64_t received_time_s;        /* epoch: accepted */
    int64_t event_time_s;           /* epoch: ended */
    PapState state;
    int code;
    const char *desc;               /* NULL: the code's own text */
    PapQos qos;                     /* echoed if present; and the version */
} PapNotification;

char *pap_write_notification(const PapNotification *notification);

/* What is to be said of one address that was asked about. */
typedef struct {
    const char *address;            /* NULL: of none in particular */
    PapState state;                 /* status queries only, like the time */
    int code;
    const char *desc;               /* NULL: the code's own text */
    int64_t event_time_s;           /* epoch; 0: none */
} PapFinding;

/* statusquery-response or cancel-response, as `inquiry` was. Addresses of
 * which the same is to be said share a result. At least one finding. `qos`
 * of the push is echoed to a status query; NULL: it is not known. */
char *pap_write_inquiry_response(const PapInquiry *inquiry,
                                 const PapFinding *findings, int n,
                                 const PapQos *qos);

/* The control entity of a push again, to this one address, with what decides
 * over how and when it is sent. */
char *pap_write_push(const PapPush *push, const char *address);

#endif
