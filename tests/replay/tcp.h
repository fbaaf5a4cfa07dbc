/*
 * tcp.h - puts the octets of TCP connections together again.
 *
 * Both directions of each connection, from packets that come twice, overlap,
 * in any order, cut short or not at all. Whoever uses it is given each
 * direction's octets in order, each once, at the time when the program at
 * the other end could have read them. What the capture does not have is
 * said as lost: a piece that was cut off, or one that the receiver has
 * acknowledged and that did not come within 250 ms of the capture after that.
 *
 * Memory: 1 MiB of each direction, 16 MiB of all, and 16,384 connections;
 * beyond, pieces are lost, and the connections idle longest are forgotten.
 */
#ifndef TCP_H
#define TCP_H

#include "packet.h"

enum tcp_side { TCP_CLIENT, TCP_SERVER, TCP_NOBODY };

/* How a connection ends for who uses it: its end was seen; its ports were
 * used again, so that it has ended unseen; the capture, or memory, ends. */
enum tcp_close { TCP_CLOSED, TCP_REPLACED, TCP_CUT };

/* Where and when. */
struct tcp_moment {
    int64_t t;
    uint64_t packet;
};

/* Who uses a connection. `side` is who sent it. */
struct tcp_user {
    /* `begun`: from its SYN. Returns what the others are given; NULL: the
     * connection does not matter. */
    void *(*open)(void *context, const struct endpoint *client,
                  const struct endpoint *server, bool begun,
                  struct tcp_moment moment);
    void (*octets)(void *user, enum tcp_side side, const uint8_t *bytes,
                   size_t size, struct tcp_moment moment);
    /* So many octets are missing; 0: nobody knows how many, as at the
     * beginning of what was captured. */
    void (*lost)(void *user, enum tcp_side side, size_t size,
                 struct tcp_moment moment);
    /* `side` sends nothing any more, or resets the connection. */
    void (*end)(void *user, enum tcp_side side, bool reset,
                struct tcp_moment moment);
    /* Nothing comes any more, and `user` is not used again. */
    void (*close)(void *user, enum tcp_close how, struct tcp_moment moment);
};

struct tcp;

/* `rank` says how likely an endpoint is a server that matters; 0: it is none.
 * If the beginning of a connection was not captured, the end of higher rank
 * is taken for the server. */
struct tcp *tcp_new(const struct tcp_user *user, void *context,
                    int (*rank)(void *context,
                                const struct endpoint *endpoint));
void tcp_take(struct tcp *tcp, const struct packet *packet);
/* The capture ends: what is held back is lost or given out, and all
 * connections are closed. */
void tcp_finish(struct tcp *tcp);

#endif
