/*
 * tcp.c - see tcp.h.
 *
 * Two things hold a piece back: octets before it that have not come, and, as
 * its sender acknowledges what it may have answered, octets of the other
 * side that have not been given out. So what one side says is always given
 * out before what the other says to it.
 */
#include <stdlib.h>
#include <string.h>

#include "../smsc/buffer.h"
#include "../smsc/table.h"
#include "tcp.h"

enum {
    PATIENCE_US = 250000,       /* for a packet that was overtaken */
    LINGER_US = 2000000,        /* a closed connection may repeat itself */
    SIDE_MAX = 1024 * 1024,     /* octets held back */
    ALL_MAX = 16 * 1024 * 1024,
    CONNECTIONS_MAX = 16384,
    PIECE_COST = 128            /* octets for which an empty piece counts */
};

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
    bool known;                 /* `next` is */
    uint32_t next;
    bool acknowledged;          /* by the other side, up to `ack`; */
    uint32_t ack;
    struct tcp_moment ahead;    /* since then it is ahead of `next` */
    struct piece *pieces;       /* in order */
    size_t held;
    bool finished;              /* its FIN is at `fin` */
    uint32_t fin;
    bool ended;                 /* and everything before it was given out */
};

struct connection {
    uint64_t key;
    struct connection *before, *after;  /* in one of the lists */
    struct connection *doubt_before, *doubt_after;
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
    struct connection *oldest, *newest;
};

struct tcp {
    const struct tcp_user *user;
    void *context;
    int (*rank)(void *, const struct endpoint *);
    struct table connections;
    struct list open, closed;   /* by the last packet; by the end */
    struct connection *doubts;
    size_t held;
};

static int32_t distance(uint32_t from, uint32_t to)
{
    return (int32_t) (to - from);
}

static void list_add(struct list *list, struct connection *connection)
{
    connection->before = list->newest;
    connection->after = NULL;
    if (list->newest != NULL)
        list->newest->after = connection;
    else
        list->oldest = connection;
    list->newest = connection;
}

static void list_remove(struct list *list, struct connection *connection)
{
    if (connection->before != NULL)
        connection->before->after = connection->after;
    else
        list->oldest = connection->after;
    if (connection->after != NULL)
        connection->after->before = connection->before;
    else
        list->newest = connection->before;
}

static void doubt(struct tcp *tcp, struct connection *connection, bool doubted)
{
    if (connection->doubted == doubted)
        return;
    connection->doubted = doubted;
    if (doubted) {
        connection->doubted_at = connection->last.t;
        connection->doubt_before = NULL;
        connection->doubt_after = tcp->doubts;
        if (tcp->doubts != NULL)
            tcp->doubts->doubt_before = connection;
        tcp->doubts = connection;
        return;
    }
    if (connection->doubt_before != NULL)
        connection->doubt_before->doubt_after = connection->doubt_after;
    else
        tcp->doubts = connection->doubt_after;
    if (connection->doubt_after != NULL)
        connection->doubt_after->doubt_before = connection->doubt_before;
}

/* --- one direction ------------------------------------------------------ */

static void give(struct tcp *tcp, struct connection *connection,
                 enum tcp_side side, const uint8_t *bytes, size_t size,
                 size_t lost, struct tcp_moment moment)
{
    struct stream *stream = &connection->streams[side];

    if (moment.t >= connection->given.t)
        connection->given = moment;
    stream->next += (uint32_t) (size + lost);
    if (size > 0)
        tcp->user->octets(connection->user, side, bytes, size,
                          connection->given);
    if (lost > 0)
        tcp->user->lost(connection->user, side, lost, connection->given);
}

/* Those of the piece that were not given out before. */
static void give_piece(struct tcp *tcp, struct connection *connection,
                       enum tcp_side side, const struct piece *piece,
                       const uint8_t *bytes)
{
    size_t old = (size_t) distance(piece->seq,
                                   connection->streams[side].next);

    if (old >= piece->size + piece->lost)
        return;
    if (old >= piece->size)
        give(tcp, connection, side, NULL, 0, piece->size + piece->lost - old,
             piece->moment);
    else
        give(tcp, connection, side, bytes + old, piece->size - old,
             piece->lost, piece->moment);
}

/* Takes out the first piece, which begins no later than what is next. */
static void give_first(struct tcp *tcp, struct connection *connection,
                       enum tcp_side side)
{
    struct stream *stream = &connection->streams[side];
    struct piece *piece = stream->pieces;

    stream->pieces = piece->next;
    stream->held -= piece->size + PIECE_COST;
    tcp->held -= piece->size + PIECE_COST;
    give_piece(tcp, connection, side, piece, piece->bytes);
    free(piece);
}

/* Whether all up to there was given out. One octet more may be a FIN, which
 * counts as one. */
static bool is_given(const struct stream *stream, uint32_t ack)
{
    return distance(stream->next, ack) <= (stream->pieces == NULL ? 1 : 0);
}

static bool is_ready(const struct connection *connection, enum tcp_side side,
                     const struct piece *piece)
{
    const struct stream *stream = &connection->streams[side];
    const struct stream *other = &connection->streams[1 - side];

    return distance(piece->seq, stream->next) >= 0
           && (!piece->acknowledges || !other->known
               || is_given(other, piece->ack));
}

static void give_ready(struct tcp *tcp, struct connection *connection)
{
    struct stream *streams = connection->streams;
    int side = 0, idle = 0;

    for (; idle < 2; side = 1 - side, idle++)
        while (streams[side].pieces != NULL
               && is_ready(connection, (enum tcp_side) side,
                           streams[side].pieces)) {
            give_first(tcp, connection, (enum tcp_side) side);
            idle = 0;
        }
}

/* Whether the other side has octets that were not captured. */
static bool is_doomed(const struct stream *stream)
{
    return stream->known && stream->acknowledged
           && !is_given(stream, stream->ack)
           && (stream->pieces == NULL
               || distance(stream->next, stream->pieces->seq) > 0);
}

/* They are lost. */
static void skip_doomed(struct tcp *tcp, struct connection *connection,
                        enum tcp_side side)
{
    struct stream *stream = &connection->streams[side];
    const struct piece *first = stream->pieces;
    uint32_t end = stream->ack;

    if (first != NULL && distance(first->seq, end) > 0)
        end = first->seq;
    give(tcp, connection, side, NULL, 0, end - stream->next, stream->ahead);
    give_ready(tcp, connection);
}

static void skip_all_doomed(struct tcp *tcp, struct connection *connection)
{
    int side;

    for (side = 0; side < 2; side++)
        while (is_doomed(&connection->streams[side])) {
            skip_doomed(tcp, connection, (enum tcp_side) side);
            side = 0;
        }
}

/* Gives the first piece out, whatever is missing. */
static void force(struct tcp *tcp, struct connection *connection,
                  enum tcp_side side)
{
    struct stream *stream = &connection->streams[side];

    if (distance(stream->next, stream->pieces->seq) > 0)
        give(tcp, connection, side, NULL, 0,
             stream->pieces->seq - stream->next, stream->pieces->moment);
    give_first(tcp, connection, side);
    give_ready(tcp, connection);
}

static void hold_back(struct tcp *tcp, struct connection *connection,
                      enum tcp_side side, const struct piece *given,
                      const uint8_t *bytes)
{
    struct stream *stream = &connection->streams[side];
    struct piece **place = &stream->pieces, *piece;

    while (*place != NULL && distance((*place)->seq, given->seq) > 0)
        place = &(*place)->next;
    if (*place != NULL && (*place)->seq == given->seq
        && (*place)->size >= given->size)
        return;                 /* it came before */
    piece = mem_new(sizeof(*piece) + given->size);
    *piece = *given;
    memcpy(piece->bytes, bytes, given->size);
    piece->next = *place;
    *place = piece;
    stream->held += piece->size + PIECE_COST;
    tcp->held += piece->size + PIECE_COST;
    while (stream->pieces != NULL
           && (stream->held > SIDE_MAX || tcp->held > ALL_MAX))
        force(tcp, connection, side);
}

static void take_payload(struct tcp *tcp, struct connection *connection,
                         enum tcp_side side, const struct packet *packet)
{
    struct stream *stream = &connection->streams[side];
    struct piece piece = {
        .moment = connection->last,
        .seq = packet->seq + ((packet->flags & PACKET_SYN) != 0),
        .acknowledges = (packet->flags & PACKET_ACK) != 0,
        .ack = packet->ack,
        .size = packet->size, .lost = packet->length - packet->size
    };

    if (!stream->known) {
        stream->known = true;
        stream->next = piece.seq;
        tcp->user->lost(connection->user, side, 0, connection->last);
    }
    if (is_ready(connection, side, &piece))
        give_piece(tcp, connection, side, &piece, packet->bytes);
    else
        hold_back(tcp, connection, side, &piece, packet->bytes);
    give_ready(tcp, connection);
}

/* --- connections --------------------------------------------------------- */

/* The same for both directions. */
static uint64_t key_of(const struct packet *packet)
{
    uint64_t from = hash_finish(hash_number(
        hash_bytes(HASH_START, packet->from.address, 16),
        packet->from.port));
    uint64_t to = hash_finish(hash_number(
        hash_bytes(HASH_START, packet->to.address, 16), packet->to.port));

    return hash_finish(from + to);
}

static void end_side(struct tcp *tcp, struct connection *connection,
                     enum tcp_side side, bool reset)
{
    struct stream *stream = &connection->streams[side];

    skip_all_doomed(tcp, connection);
    while (stream->pieces != NULL)
        force(tcp, connection, side);
    if (!stream->ended)
        tcp->user->end(connection->user, side, reset, connection->last);
    stream->ended = true;
}

/* The connection stays for a while, so that what is sent once more does not
 * begin another. */
static void close_connection(struct tcp *tcp, struct connection *connection,
                             enum tcp_close how)
{
    int side;

    if (connection->closed)
        return;
    skip_all_doomed(tcp, connection);
    for (side = 0; side < 2; side++)
        while (connection->streams[side].pieces != NULL)
            force(tcp, connection, (enum tcp_side) side);
    doubt(tcp, connection, false);
    tcp->user->close(connection->user, how, connection->last);
    connection->closed = true;
    list_remove(&tcp->open, connection);
    list_add(&tcp->closed, connection);
}

static void forget(struct tcp *tcp, struct connection *connection,
                   enum tcp_close how)
{
    close_connection(tcp, connection, how);
    list_remove(&tcp->closed, connection);
    table_remove(&tcp->connections, connection->key);
    free(connection);
}

static void forget_oldest(struct tcp *tcp)
{
    forget(tcp, tcp->closed.oldest != NULL ? tcp->closed.oldest
                                           : tcp->open.oldest, TCP_CUT);
}

static struct connection *open_connection(struct tcp *tcp, uint64_t key,
                                          const struct packet *packet)
{
    struct tcp_moment moment = { packet->t, packet->number };
    bool syn = (packet->flags & PACKET_SYN) != 0;
    bool from_client = syn ? (packet->flags & PACKET_ACK) == 0
                           : tcp->rank(tcp->context, &packet->to)
                             >= tcp->rank(tcp->context, &packet->from);
    const struct endpoint *client = from_client ? &packet->from : &packet->to;
    const struct endpoint *server = from_client ? &packet->to : &packet->from;
    struct connection *connection;
    void *user;

    if (tcp->rank(tcp->context, server) == 0)
        return NULL;
    user = tcp->user->open(tcp->context, client, server, syn, moment);
    if (user == NULL)
        return NULL;
    while (tcp->connections.count >= CONNECTIONS_MAX)
        forget_oldest(tcp);
    connection = mem_new(sizeof(*connection));
    connection->key = key;
    connection->user = user;
    connection->ends[TCP_CLIENT] = *client;
    connection->ends[TCP_SERVER] = *server;
    *table_place(&tcp->connections, key) = connection;
    list_add(&tcp->open, connection);
    return connection;
}

/* The connection of a packet, or NULL if it is none that matters. */
static struct connection *find_connection(struct tcp *tcp,
                                          const struct packet *packet)
{
    uint64_t key = key_of(packet);
    struct connection *connection = table_get(&tcp->connections, key);
    const struct stream *stream;
    bool syn = (packet->flags & PACKET_SYN) != 0;

    if (connection != NULL && syn && (packet->flags & PACKET_ACK) == 0) {
        /* the ports are used again, or the SYN came twice */
        stream = &connection->streams[TCP_CLIENT];
        if (connection->closed
            || (stream->begun ? stream->begin != packet->seq
                              : stream->next != packet->seq + 1)
            || !endpoint_equal(&connection->ends[TCP_CLIENT],
                               &packet->from)) {
            connection->last = (struct tcp_moment) { packet->t,
                                                     packet->number };
            forget(tcp, connection, TCP_REPLACED);
            connection = NULL;
        }
    }
    if (connection != NULL || (!syn && packet->length == 0))
        return connection;
    return open_connection(tcp, key, packet);
}

/* The other side of `stream` has this, or will. */
static void acknowledge(struct stream *stream, uint32_t ack,
                        struct tcp_moment moment)
{
    if (stream->acknowledged && distance(stream->ack, ack) <= 0)
        return;
    if (!stream->acknowledged || distance(stream->ack, stream->next) >= 0)
        stream->ahead = moment;
    stream->acknowledged = true;
    stream->ack = ack;
}

static void take_flags(struct connection *connection, enum tcp_side side,
                       const struct packet *packet)
{
    struct stream *stream = &connection->streams[side];

    if ((packet->flags & PACKET_ACK) != 0)
        acknowledge(&connection->streams[1 - side], packet->ack,
                    connection->last);
    if ((packet->flags & PACKET_FIN) != 0 && !stream->finished) {
        stream->finished = true;
        stream->fin = packet->seq + (uint32_t) packet->length;
    }
}

static void settle(struct tcp *tcp, struct connection *connection)
{
    struct stream *streams = connection->streams;
    int side;

    for (side = 0; side < 2; side++)
        if (streams[side].finished
            && (!streams[side].known
                || distance(streams[side].fin, streams[side].next) >= 0))
            end_side(tcp, connection, (enum tcp_side) side, false);
    if (streams[TCP_CLIENT].ended && streams[TCP_SERVER].ended)
        close_connection(tcp, connection, TCP_CLOSED);
    else
        doubt(tcp, connection, is_doomed(&streams[TCP_CLIENT])
                               || is_doomed(&streams[TCP_SERVER]));
}

/* What has been awaited for too long, and those who may be forgotten. */
static void pass_time(struct tcp *tcp, int64_t now)
{
    struct connection *connection, *next;

    for (connection = tcp->doubts; connection != NULL; connection = next) {
        next = connection->doubt_after;
        if (now - connection->doubted_at < PATIENCE_US)
            continue;
        skip_all_doomed(tcp, connection);
        settle(tcp, connection);
    }
    while (tcp->closed.oldest != NULL
           && now - tcp->closed.oldest->last.t > LINGER_US)
        forget(tcp, tcp->closed.oldest, TCP_CUT);
}

void tcp_take(struct tcp *tcp, const struct packet *packet)
{
    struct connection *connection;
    enum tcp_side side;

    pass_time(tcp, packet->t);
    connection = find_connection(tcp, packet);
    if (connection == NULL || connection->closed)
        return;
    connection->last = (struct tcp_moment) { packet->t, packet->number };
    list_remove(&tcp->open, connection);
    list_add(&tcp->open, connection);
    side = endpoint_equal(&packet->from, &connection->ends[TCP_CLIENT])
           ? TCP_CLIENT : TCP_SERVER;
    if ((packet->flags & PACKET_RST) != 0) {
        /* what is before it was sent */
        acknowledge(&connection->streams[side], packet->seq,
                    connection->last);
        end_side(tcp, connection, side, true);
        close_connection(tcp, connection, TCP_CLOSED);
        return;
    }
    if ((packet->flags & PACKET_SYN) != 0
        && !connection->streams[side].known) {
        connection->streams[side] = (struct stream) {
            .begun = true, .begin = packet->seq,
            .known = true, .next = packet->seq + 1
        };
        if ((packet->flags & PACKET_ACK) != 0
            && !connection->streams[1 - side].known) {
            connection->streams[1 - side].known = true;
            connection->streams[1 - side].next = packet->ack;
        }
    }
    if (packet->length > 0 && !connection->streams[side].ended)
        take_payload(tcp, connection, side, packet);
    take_flags(connection, side, packet);
    settle(tcp, connection);
}

struct tcp *tcp_new(const struct tcp_user *user, void *context,
                    int (*rank)(void *, const struct endpoint *))
{
    struct tcp *tcp = mem_new(sizeof(*tcp));

    tcp->user = user;
    tcp->context = context;
    tcp->rank = rank;
    return tcp;
}

void tcp_finish(struct tcp *tcp, struct tcp_moment moment)
{
    while (tcp->open.oldest != NULL) {
        tcp->open.oldest->last = moment;
        forget(tcp, tcp->open.oldest, TCP_CUT);
    }
    while (tcp->closed.oldest != NULL)
        forget(tcp, tcp->closed.oldest, TCP_CUT);
    table_free(&tcp->connections);
    free(tcp);
}
