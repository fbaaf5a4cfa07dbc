/*
 * exchange.h - the requests on one HTTP connection and their responses.
 *
 * A response belongs to the oldest request that has none. Where octets are
 * missing that is not sure any more: what is open then stays without an
 * answer, and the connection is understood again from the next request on,
 * or, if it ever had two requests open at once, not at all.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "http.h"

struct exchange_user {
    /* A whole request; returns its number, 0: it does not matter. */
    int64_t (*request)(void *context, const struct http_message *message,
                       struct tcp_moment moment);
    /* Its response: the status (TRACE_NONE: it is known that none comes),
     * and the code in the PAP document (TRACE_UNKNOWN: none there). */
    void (*response)(void *context, int64_t number, int64_t status,
                     int64_t code, struct tcp_moment moment);
    /* What was not understood, in words. */
    void (*complain)(void *context, const char *what,
                     struct tcp_moment moment);
};

struct exchange;

/* `begun`: from the beginning of the connection. */
struct exchange *exchange_new(const struct exchange_user *user, void *context,
                              bool begun);
/* As in struct tcp_user. */
void exchange_octets(struct exchange *exchange, enum tcp_side side,
                     const uint8_t *bytes, size_t size,
                     struct tcp_moment moment);
void exchange_lost(struct exchange *exchange, enum tcp_side side, size_t size,
                   struct tcp_moment moment);
void exchange_end(struct exchange *exchange, enum tcp_side side, bool reset,
                  struct tcp_moment moment);
/* Also frees. */
void exchange_close(struct exchange *exchange, enum tcp_close how,
                    struct tcp_moment moment);

/* Octets of memory that it keeps beside its own; and what makes it give them
 * back, and the connection up. */
size_t exchange_held(const struct exchange *exchange);
void exchange_give_up(struct exchange *exchange, const char *why,
                      struct tcp_moment moment);

#endif
