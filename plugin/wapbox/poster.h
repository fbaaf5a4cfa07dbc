/*
 * poster.h - HTTP POSTs of documents, many at once, by one thread
 *
 * A wrapper of libcurl's multi interface with the settings that a stranger's
 * URL asks for: certificates verified, no redirect, no proxy, no other
 * protocol than http and https, bounded answers, bounded time, and no
 * connection that notify_allow.h refuses. Connections are kept alive, and
 * used again only for the host name for which they were checked.
 */

#ifndef CONVOY_POSTER_H
#define CONVOY_POSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wapbox/notify_allow.h"

typedef struct Poster Poster;

/* How a POST ended; valid during the callback only. A longer answer than
 * POSTER_MAX_ANSWER is cut off there. */
typedef struct {
    int status;                     /* HTTP, 0: there was no answer */
    const char *error;              /* why not, "" if there was */
    bool hopeless;                  /* the URL itself is wrong: never again */
    const char *body;               /* at most POSTER_MAX_ANSWER octets */
    size_t body_len;
} PosterResult;

#define POSTER_MAX_ANSWER 65536
#define POSTER_TIMEOUT_MS 10000

typedef void PosterDone(void *arg, const PosterResult *result);

/* Main thread, once, before any other thread uses libcurl. */
bool poster_init(void);

/* Returns NULL without memory. `allow` is borrowed, and so is `ca_file`, the
 * certificates to trust (PEM) or NULL for those of the system; no more
 * connections than `connections` are kept alive; `done` is called for each
 * POST, from poster_run(). */
Poster *poster_create(const NotifyAllow *allow, const char *ca_file,
                      long connections, PosterDone *done);

/* Gives up what is under way, calling nobody. NULL is allowed. */
void poster_destroy(Poster *poster);

/* POSTs `document` as application/xml. Copies url and document. Returns
 * false, without a callback, if there is no memory. */
bool poster_send(Poster *poster, const char *url, const char *document,
                 void *arg);

/* The host of a URL, without the brackets of an IPv6 address, for free();
 * NULL if it is no URL. Any thread. */
char *poster_host(const char *url);

/* How many are under way. */
int poster_active(const Poster *poster);

/* Sleeps until a POST can go on, `fd` (-1: none) has one of the poll()
 * `events`, poster_wake() was called, or `timeout_ms` is over; then moves
 * all POSTs on. */
void poster_run(Poster *poster, int fd, short events, int timeout_ms);

/* Any thread: ends the sleep of poster_run(). */
void poster_wake(Poster *poster);

#endif
