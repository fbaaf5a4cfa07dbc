/*
 * tcp_pieces.c - see tcp_pieces.h.
 */
#include <stdlib.h>
#include <string.h>

#include "../smsc/buffer.h"
#include "tcp_pieces.h"

enum {
    SIDE_MAX = 1024 * 1024,     /* octets held back */
    ALL_MAX = 16 * 1024 * 1024,
    PIECE_COST = 128            /* octets for which an empty piece counts */
};

void tcp_admit_guess(struct tcp *tcp, struct connection *connection,
                     enum tcp_side side)
{
    struct stream *stream = &connection->streams[side];

    if (stream->known && !stream->guessed)
        return;
    stream->guessed = false;
    tcp->user->lost(connection->user, side, 0, connection->last);
}

static void give(struct tcp *tcp, struct connection *connection,
                 enum tcp_side side, const uint8_t *bytes, size_t size,
                 size_t lost, struct tcp_moment moment)
{
    struct stream *stream = &connection->streams[side];

    if (moment.t >= connection->given.t)
        connection->given = moment;
    tcp_admit_guess(tcp, connection, side);
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
    size_t old = (size_t) tcp_distance(piece->seq,
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
    return tcp_distance(stream->next, ack)
           <= (stream->pieces == NULL ? 1 : 0);
}

static bool is_ready(const struct connection *connection, enum tcp_side side,
                     const struct piece *piece)
{
    const struct stream *stream = &connection->streams[side];
    const struct stream *other = &connection->streams[1 - side];

    return tcp_distance(piece->seq, stream->next) >= 0
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

bool tcp_is_doomed(const struct stream *stream)
{
    return stream->known && stream->acknowledged
           && !is_given(stream, stream->ack)
           && (stream->pieces == NULL
               || tcp_distance(stream->next, stream->pieces->seq) > 0);
}

/* They are lost, as far as the first piece of either side tells: what the
 * other side says next may be no answer to those behind. */
static void skip_doomed(struct tcp *tcp, struct connection *connection,
                        enum tcp_side side)
{
    struct stream *stream = &connection->streams[side];
    const struct piece *own = stream->pieces;
    const struct piece *other = connection->streams[1 - side].pieces;
    uint32_t end = stream->ack;

    if (own != NULL && tcp_distance(own->seq, end) > 0)
        end = own->seq;
    if (other != NULL && other->acknowledges
        && tcp_distance(stream->next, other->ack) > 0
        && tcp_distance(other->ack, end) > 0)
        end = other->ack;
    give(tcp, connection, side, NULL, 0, end - stream->next, stream->ahead);
    give_ready(tcp, connection);
}

void tcp_skip_doomed(struct tcp *tcp, struct connection *connection)
{
    int side;

    for (side = 0; side < 2; side++)
        while (tcp_is_doomed(&connection->streams[side])) {
            skip_doomed(tcp, connection, (enum tcp_side) side);
            side = 0;
        }
}

/* Gives the first piece out, whatever is missing. */
static void force(struct tcp *tcp, struct connection *connection,
                  enum tcp_side side)
{
    struct stream *stream = &connection->streams[side];

    if (tcp_distance(stream->next, stream->pieces->seq) > 0)
        give(tcp, connection, side, NULL, 0,
             stream->pieces->seq - stream->next, stream->pieces->moment);
    give_first(tcp, connection, side);
    give_ready(tcp, connection);
}

void tcp_give_all(struct tcp *tcp, struct connection *connection,
                  enum tcp_side side)
{
    while (connection->streams[side].pieces != NULL)
        force(tcp, connection, side);
}

static void hold_back(struct tcp *tcp, struct connection *connection,
                      enum tcp_side side, const struct piece *given,
                      const uint8_t *bytes)
{
    struct stream *stream = &connection->streams[side];
    struct piece **place = &stream->pieces, *piece;

    while (*place != NULL && tcp_distance((*place)->seq, given->seq) > 0)
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

void tcp_take_payload(struct tcp *tcp, struct connection *connection,
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
        stream->known = stream->guessed = true;
        stream->next = piece.seq;
    }
    if (is_ready(connection, side, &piece))
        give_piece(tcp, connection, side, &piece, packet->bytes);
    else
        hold_back(tcp, connection, side, &piece, packet->bytes);
    give_ready(tcp, connection);
}
