/*
 * tcp_pieces.h - what is held back of a connection, and when it is given out;
 * inside tcp*.c.
 *
 * Two things hold a piece back: octets before it that have not come, and, as
 * its sender acknowledges what it may have answered, octets of the other
 * side that have not been given out. So what one side says is always given
 * out before what the other says to it.
 */
#ifndef TCP_PIECES_H
#define TCP_PIECES_H

#include "../smsc/table.h"
#include "tcp.h"

/* Octets that are held back. */
struct piece {
    struct piece *next;
    struct tcp_moment moment;
    uint32_t seq;
    bool acknowledges;          /* the other side's, up to `ack` */
    uint32_t ack;
    size_t size, lost;          /* octets here, and cut off behind them */
    uint8_t bytes[];
};

struct stream {
    bool begun;                 /* by a SYN of this number */
    uint32_t begin;
    bool known;                 /* `next` is; */
    bool guessed;               /* but there may have been octets before */
    uint32_t next;
    bool acknowledged;          /* by the other side, up to `ack`; */
    uint32_t ack;
    struct tcp_moment ahead;    /* since then it is ahead of `next` */
    struct piece *pieces;       /* in order */
    size_t held;
    bool finished;              /* its FIN is at `fin`, */
    uint32_t fin;
    struct tcp_moment fin_moment;
    bool ended;                 /* and everything before it was given out */
};

struct links {                  /* in a list */
    struct connection *before, *after;
};

struct connection {
    uint64_t key;
    struct links links, doubt;
    bool doubted;               /* in the list of those with a doomed hole */
    int64_t doubted_at;
    bool closed;
    struct endpoint ends[2];
    struct stream streams[2];
    struct tcp_moment last;     /* packet */
    struct tcp_moment given;    /* the latest that was given out */
    void *user;
};

struct list {
    bool doubts;                /* by `doubt`; else by `links` */
    struct connection *oldest, *newest;
};

struct tcp {
    const struct tcp_user *user;
    void *context;
    int (*rank)(void *, const struct endpoint *);
    struct table connections;
    struct list open, closed;   /* by the last packet; by the end */
    struct list doubts;         /* by when they began */
    size_t held;
};

/* How far `to` is behind `from`, among sequence numbers. */
static inline int32_t tcp_distance(uint32_t from, uint32_t to)
{
    return (int32_t) (to - from);
}

/* Says that the beginning of a side was not captured, if so. */
void tcp_admit_guess(struct tcp *tcp, struct connection *connection,
                     enum tcp_side side);
/* Takes the payload of a packet, and gives out what can be. */
void tcp_take_payload(struct tcp *tcp, struct connection *connection,
                      enum tcp_side side, const struct packet *packet);
/* Whether the other side has octets that were not captured. */
bool tcp_is_doomed(const struct stream *stream);
/* They are lost, on both sides; gives out what is behind them. */
void tcp_skip_doomed(struct tcp *tcp, struct connection *connection);
/* Gives out all pieces of the side, whatever is missing. */
void tcp_give_all(struct tcp *tcp, struct connection *connection,
                  enum tcp_side side);

#endif
