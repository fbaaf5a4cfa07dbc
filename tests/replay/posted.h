/*
 * posted.h - makes the record of a push from what was posted to the PPG.
 */
#ifndef POSTED_H
#define POSTED_H

#include "http.h"
#include "pap.h"
#include "trace.h"

struct posted {
    struct trace_record record; /* of a push, without its number and time */
    struct pap pap;             /* of the document; its message may be NULL */
    char *url, *pi;
    struct trace_header *headers;
};

/* What the record cannot have is left out: user and password in the query
 * and in headers, a URL or headers that are no plain text. `pi` is the user's
 * name, if there is one, else `from`, which may be NULL. The record points
 * into the message, and into `posted` until posted_free(). */
void posted_read(struct posted *posted, const struct http_message *message,
                 const char *from);
void posted_free(struct posted *posted);

#endif
