/*
 * tcp.c - see tcp.h.
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

/* Octets behind a hole. */
struct piece {
    struct piece *next;
    struct tcp_moment moment;
    uint32_t seq;
    size_t size, lost;          /* octets here, and cut off behind them */
    uint8_t bytes[];
};

struct stream {
    bool begun;                 /* by a SYN of this number */
    uint32_t begin;
    bool known;                 /* `next` is */
    uint32_t next;
    bool acknowledged;          /* by the other side, up to `ack` */
    uint32_t ack;
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
    struct tcp_moment last;
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

    stream->next += (uint32_t) (size + lost);
    if (size > 0)
        tcp->user->octets(connection->user, side, bytes, size, moment);
    if (lost > 0)
        tcp->user->lost(connection->user, side, lost, moment);
}

/* Those of `size` octets and `lost` ones behind them, from `seq`, that were
 * not given out before. The first is no later than stream->next. */
static void give_new(struct tcp *tcp, struct connection *connection,
                     enum tcp_side side, uint32_t seq, const uint8_t *bytes,
                     size_t size, size_t lost, struct tcp_moment moment)
{
    size_t old = (size_t) distance(seq,
                                   connection->streams[side].next);

    if (old >= size + lost)
        return;
    if (old >= size)
        give(tcp, connection, side, NULL, 0, size + lost - old, moment);
    else
        give(tcp, connection, side, bytes + old, size - old, lost, moment);
}

static struct piece *take_piece(struct tcp *tcp, struct stream *stream)
{
    struct piece *piece = stream->pieces;

    stream->pieces = piece->next;
    stream->held -= piece->size + PIECE_COST;
    tcp->held -= piece->size + PIECE_COST;
    return piece;
}

/* Gives out the pieces that fit now. `filled` is when their hole was filled;
 * NULL: it was skipped, so they could be read when they came. */
static void give_pieces(struct tcp *tcp, struct connection *connection,
                        enum tcp_side side, const struct tcp_moment *filled)
{
    struct stream *stream = &connection->streams[side];

    while (stream->pieces != NULL
           && distance(stream->pieces->seq, stream->next) >= 0) {
        struct piece *piece = take_piece(tcp, stream);
        give_new(tcp, connection, side, piece->seq, piece->bytes,
                 piece->size, piece->lost,
                 filled != NULL ? *filled : piece->moment);
        free(piece);
    }
}

static void skip_hole(struct tcp *tcp, struct connection *connection,
                      enum tcp_side side)
{
    struct stream *stream = &connection->streams[side];
    struct piece *first = stream->pieces;

    give(tcp, connection, side, NULL, 0,
         first->seq - stream->next, first->moment);
    give_pieces(tcp, connection, side, NULL);
}

static void hold_back(struct tcp *tcp, struct connection *connection,
                      enum tcp_side side, uint32_t seq,
                      const struct packet *packet)
{
    struct stream *stream = &connection->streams[side];
    struct piece **place = &stream->pieces, *piece;

    while (*place != NULL && distance((*place)->seq, seq) > 0)
        place = &(*place)->next;
    if (*place != NULL && (*place)->seq == seq
        && (*place)->size >= packet->size)
        return;                 /* it came before */
    piece = mem_new(sizeof(*piece) + packet->size);
    piece->seq = seq;
    piece->moment = connection->last;
    piece->size = packet->size;
    piece->lost = packet->length - packet->size;
    memcpy(piece->bytes, packet->bytes, packet->size);
    piece->next = *place;
    *place = piece;
    stream->held += piece->size + PIECE_COST;
    tcp->held += piece->size + PIECE_COST;
    while (stream->pieces != NULL
           && (stream->held > SIDE_MAX || tcp->held > ALL_MAX))
        skip_hole(tcp, connection, side);
}

static void take_payload(struct tcp *tcp, struct connection *connection,
                         enum tcp_side side, const struct packet *packet)
{
    struct stream *stream = &connection->streams[side];
    uint32_t seq = packet->seq + ((packet->flags & PACKET_SYN) != 0);

    if (!stream->known) {
        stream->known = true;
        stream->next = seq;
        tcp->user->lost(connection->user, side, 0, connection->last);
    }
    if (distance(stream->next, seq) > 0) {
        hold_back(tcp, connection, side, seq, packet);
        return;
    }
    give_new(tcp, connection, side, seq, packet->bytes, packet->size,
             packet->length - packet->size, connection->last);
    give_pieces(tcp, connection, side, &connection->last);
}

/* Whether the other side has what lies before the first piece. */
static bool is_doomed(const struct stream *stream)
{
    return stream->pieces != NULL && stream->acknowledged
           && distance(stream->pieces->seq, stream->ack) >= 0;
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

    while (stream->pieces != NULL)
        skip_hole(tcp, connection, side);
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
    for (side = 0; side < 2; side++)
        while (connection->streams[side].pieces != NULL)
            skip_hole(tcp, connection, (enum tcp_side) side);
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
        if (connection->closed || !stream->begun
            || stream->begin != packet->seq
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

static void take_flags(struct connection *connection, enum tcp_side side,
                       const struct packet *packet)
{
    struct stream *stream = &connection->streams[side];
    struct stream *other = &connection->streams[1 - side];

    if ((packet->flags & PACKET_ACK) != 0
        && (!other->acknowledged || distance(other->ack, packet->ack) > 0)) {
        other->acknowledged = true;
        other->ack = packet->ack;
    }
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
    int side;

    for (connection = tcp->doubts; connection != NULL; connection = next) {
        next = connection->doubt_after;
        if (now - connection->doubted_at < PATIENCE_US)
            continue;
        for (side = 0; side < 2; side++)
            while (is_doomed(&connection->streams[side]))
                skip_hole(tcp, connection, (enum tcp_side) side);
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
