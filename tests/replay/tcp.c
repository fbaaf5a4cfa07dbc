/*
 * tcp.c - see tcp.h: the connections, and what their packets' flags mean.
 */
#include <stdlib.h>

#include "../smsc/buffer.h"
#include "tcp_pieces.h"

enum {
    PATIENCE_US = 250000,       /* for a packet that was overtaken */
    LINGER_US = 2000000,        /* a closed connection may repeat itself */
    CONNECTIONS_MAX = 16384
};

/* --- lists -------------------------------------------------------------- */

static struct links *links_of(struct list *list,
                              struct connection *connection)
{
    return list->doubts ? &connection->doubt : &connection->links;
}

static void list_add(struct list *list, struct connection *connection)
{
    *links_of(list, connection) = (struct links) { list->newest, NULL };
    if (list->newest != NULL)
        links_of(list, list->newest)->after = connection;
    else
        list->oldest = connection;
    list->newest = connection;
}

static void list_remove(struct list *list, struct connection *connection)
{
    struct links *links = links_of(list, connection);

    if (links->before != NULL)
        links_of(list, links->before)->after = links->after;
    else
        list->oldest = links->after;
    if (links->after != NULL)
        links_of(list, links->after)->before = links->before;
    else
        list->newest = links->before;
}

static void doubt(struct tcp *tcp, struct connection *connection,
                  bool doubted)
{
    if (connection->doubted == doubted)
        return;
    connection->doubted = doubted;
    connection->doubted_at = connection->last.t;
    (doubted ? list_add : list_remove)(&tcp->doubts, connection);
}

/* --- connections -------------------------------------------------------- */

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
    struct tcp_moment moment = reset ? connection->last : stream->fin_moment;

    tcp_skip_doomed(tcp, connection);
    tcp_give_all(tcp, connection, side);
    tcp_admit_guess(tcp, connection, TCP_CLIENT);
    tcp_admit_guess(tcp, connection, TCP_SERVER);
    if (moment.t < connection->given.t)
        moment = connection->given;
    if (!stream->ended)
        tcp->user->end(connection->user, side, reset, moment);
    stream->ended = true;
}

/* The connection stays for a while, so that what is sent once more does not
 * begin another. */
static void close_connection(struct tcp *tcp, struct connection *connection,
                             enum tcp_close how)
{
    if (connection->closed)
        return;
    tcp_skip_doomed(tcp, connection);
    tcp_give_all(tcp, connection, TCP_CLIENT);
    tcp_give_all(tcp, connection, TCP_SERVER);
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
    if (stream->acknowledged && tcp_distance(stream->ack, ack) <= 0)
        return;
    if (!stream->acknowledged || tcp_distance(stream->ack, stream->next) >= 0)
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
        stream->fin_moment = connection->last;
    }
}

static void settle(struct tcp *tcp, struct connection *connection)
{
    struct stream *streams = connection->streams;
    int side;

    for (side = 0; side < 2; side++)
        if (streams[side].finished
            && (!streams[side].known
                || tcp_distance(streams[side].fin, streams[side].next) >= 0))
            end_side(tcp, connection, (enum tcp_side) side, false);
    if (streams[TCP_CLIENT].ended && streams[TCP_SERVER].ended)
        close_connection(tcp, connection, TCP_CLOSED);
    else
        doubt(tcp, connection, tcp_is_doomed(&streams[TCP_CLIENT])
                               || tcp_is_doomed(&streams[TCP_SERVER]));
}

/* Nothing more is known of the connection. */
static void cut_off(struct tcp *tcp, struct connection *connection)
{
    tcp_skip_doomed(tcp, connection);
    if (!connection->closed)
        settle(tcp, connection);
    forget(tcp, connection, TCP_CUT);
}

static void cut_oldest_off(struct tcp *tcp)
{
    cut_off(tcp, tcp->closed.oldest != NULL ? tcp->closed.oldest
                                            : tcp->open.oldest);
}

/* What has been awaited for too long, and those who may be forgotten. */
static void pass_time(struct tcp *tcp, int64_t now)
{
    struct connection *connection;

    while ((connection = tcp->doubts.oldest) != NULL
           && now - connection->doubted_at >= PATIENCE_US) {
        doubt(tcp, connection, false);
        tcp_skip_doomed(tcp, connection);
        settle(tcp, connection);
    }
    while (tcp->closed.oldest != NULL
           && now - tcp->closed.oldest->last.t > LINGER_US)
        forget(tcp, tcp->closed.oldest, TCP_CUT);
}

/* A SYN says where its side begins, and if it has an ACK, where the other
 * did. Any other ACK says how far the other side was. */
static void begin_streams(struct connection *connection, enum tcp_side side,
                          const struct packet *packet)
{
    struct stream *stream = &connection->streams[side];
    struct stream *other = &connection->streams[1 - side];
    bool syn = (packet->flags & PACKET_SYN) != 0;

    if (syn && (!stream->known || (stream->guessed
                                   && stream->next == packet->seq + 1))) {
        stream->begun = stream->known = true;
        stream->guessed = false;
        stream->begin = packet->seq;
        stream->next = packet->seq + 1;
    }
    if ((packet->flags & PACKET_ACK) == 0 || other->known)
        return;
    other->known = true;
    other->guessed = !syn;
    other->next = packet->ack;
}

void tcp_take(struct tcp *tcp, const struct packet *packet)
{
    struct connection *connection;
    enum tcp_side side;

    pass_time(tcp, packet->t);
    while (tcp->connections.count >= CONNECTIONS_MAX)
        cut_oldest_off(tcp);
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
    begin_streams(connection, side, packet);
    if (packet->length > 0 && !connection->streams[side].ended)
        tcp_take_payload(tcp, connection, side, packet);
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
    tcp->doubts.doubts = true;
    return tcp;
}

void tcp_finish(struct tcp *tcp)
{
    while (tcp->open.oldest != NULL)
        cut_off(tcp, tcp->open.oldest);
    while (tcp->closed.oldest != NULL)
        forget(tcp, tcp->closed.oldest, TCP_CUT);
    table_free(&tcp->connections);
    free(tcp);
}
