/*
 * exchange.c - see exchange.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "exchange.h"
#include "pap.h"

enum { OPEN_MAX = 1000, TLS_HANDSHAKE = 0x16, TLS_MAJOR = 0x03 };

struct exchange {
    const struct exchange_user *user;
    void *context;
    struct http_reader sides[2];
    struct buffer open;         /* numbers of requests without a response */
    bool seen;                  /* the first octets of the client */
    bool pipelined;             /* more than one was open once */
    bool spoken;                /* the server, since the client was lost */
    bool given_up;
    bool early;                 /* a response before its request's end: */
    int64_t early_status, early_code;
};

static size_t open_count(const struct exchange *exchange)
{
    return buffer_length(&exchange->open) / sizeof(int64_t);
}

static int64_t take_open(struct exchange *exchange)
{
    int64_t number = *(int64_t *) (void *) buffer_bytes(&exchange->open);

    buffer_consume(&exchange->open, sizeof(number));
    if (buffer_length(&exchange->open) == 0)
        buffer_free(&exchange->open);
    return number;
}

void exchange_give_up(struct exchange *exchange, const char *why,
                      struct tcp_moment moment)
{
    if (exchange->given_up)
        return;
    if (why != NULL)
        exchange->user->complain(exchange->context, why, moment);
    exchange->given_up = true;
    http_free(&exchange->sides[TCP_CLIENT]);
    http_free(&exchange->sides[TCP_SERVER]);
    buffer_free(&exchange->open);
}

static void respond(struct exchange *exchange, int64_t number, int64_t status,
                    int64_t code, struct tcp_moment moment)
{
    if (number > 0)
        exchange->user->response(exchange->context, number, status, code,
                                 moment);
}

static void take_request(void *context, const struct http_message *message,
                         struct tcp_moment moment)
{
    struct exchange *exchange = context;
    int64_t number = exchange->user->request(exchange->context, message,
                                             moment);

    if (exchange->early) {
        exchange->early = false;
        respond(exchange, number, exchange->early_status,
                exchange->early_code, moment);
        return;
    }
    buffer_append(&exchange->open, &number, sizeof(number));
    if (open_count(exchange) > 1)
        exchange->pipelined = true;
}

static void take_response(void *context, const struct http_message *message,
                          struct tcp_moment moment)
{
    struct exchange *exchange = context;
    struct pap pap;
    int64_t code = TRACE_UNKNOWN;

    if (message->body.bytes != NULL
        && pap_read(&pap, message->body.bytes, message->body.size)) {
        code = pap.code >= 1000 && pap.code <= 5999 ? pap.code
                                                    : TRACE_UNKNOWN;
        pap_free(&pap);
    }
    if (open_count(exchange) > 0) {
        respond(exchange, take_open(exchange), message->status, code, moment);
    } else if (http_is_busy(&exchange->sides[TCP_CLIENT])) {
        exchange->early = true;
        exchange->early_status = message->status;
        exchange->early_code = code;
    }
}

struct exchange *exchange_new(const struct exchange_user *user, void *context,
                              bool begun)
{
    struct exchange *exchange = mem_new(sizeof(*exchange));

    exchange->user = user;
    exchange->context = context;
    exchange->sides[TCP_CLIENT] = (struct http_reader) {
        .requests = true, .take = take_request, .context = exchange
    };
    exchange->sides[TCP_SERVER] = (struct http_reader) {
        .take = take_response, .context = exchange
    };
    exchange->spoken = true;
    if (begun) {
        http_begin(&exchange->sides[TCP_CLIENT]);
        http_begin(&exchange->sides[TCP_SERVER]);
    }
    return exchange;
}

/* The readers do not know where they are: what is open stays so. */
static void lose_way(struct exchange *exchange, enum tcp_side side,
                     const char *why, struct tcp_moment moment)
{
    if (exchange->pipelined) {
        exchange_give_up(exchange, why, moment);
        return;
    }
    exchange->user->complain(exchange->context, why, moment);
    exchange->early = exchange->spoken = false;
    if (side == TCP_SERVER)
        buffer_free(&exchange->open);
}

/* A request begins after what was lost: all before it have been answered,
 * unless it came at once, when the client does not wait for answers. */
static void find_way(struct exchange *exchange, struct tcp_moment moment)
{
    if (!exchange->spoken) {
        exchange_give_up(exchange, "requests that do not wait for responses,"
                         " behind what is missing: left out", moment);
        return;
    }
    buffer_free(&exchange->open);
    http_lost(&exchange->sides[TCP_SERVER], 0, moment);
    exchange->early = false;
}

static bool is_tls(const uint8_t *bytes, size_t size)
{
    return bytes[0] == TLS_HANDSHAKE && (size < 2 || bytes[1] == TLS_MAJOR);
}

void exchange_octets(struct exchange *exchange, enum tcp_side side,
                     const uint8_t *bytes, size_t size,
                     struct tcp_moment moment)
{
    struct http_reader *reader = &exchange->sides[side];
    const char *why;

    if (exchange->given_up)
        return;
    if (side == TCP_SERVER) {
        exchange->spoken = true;
    } else if (!exchange->seen) {
        exchange->seen = true;
        if (reader->state != HTTP_LOST && is_tls(bytes, size)) {
            exchange_give_up(exchange, "TLS: what it says is left out",
                             moment);
            return;
        }
    }
    if (reader->state == HTTP_LOST) {
        if (side == TCP_SERVER && open_count(exchange) != 1)
            return;
        if (side == TCP_CLIENT && http_is_begin(true, bytes, size))
            find_way(exchange, moment);
        if (exchange->given_up)
            return;
    }
    why = http_octets(reader, bytes, size, moment);
    if (why != NULL)
        lose_way(exchange, side, why, moment);
    else if (open_count(exchange) > OPEN_MAX)
        exchange_give_up(exchange, "1000 requests without a response",
                         moment);
}

void exchange_lost(struct exchange *exchange, enum tcp_side side, size_t size,
                   struct tcp_moment moment)
{
    char why[80];

    if (exchange->given_up
        || http_lost(&exchange->sides[side], size, moment))
        return;
    if (size == 0 && side == TCP_SERVER)
        buffer_free(&exchange->open);
    if (size == 0)
        return;
    snprintf(why, sizeof(why), "%zu octets of a %s are missing", size,
             side == TCP_CLIENT ? "request" : "response");
    lose_way(exchange, side, why, moment);
}

/* Nothing more will be answered; but where a response ends in its middle, the
 * capture may lack the rest. */
static void finish(struct exchange *exchange, struct tcp_moment moment)
{
    if (exchange->given_up)
        return;
    if (exchange->sides[TCP_SERVER].state != HTTP_LOST
        && !http_is_busy(&exchange->sides[TCP_SERVER]))
        while (open_count(exchange) > 0)
            respond(exchange, take_open(exchange), TRACE_NONE, TRACE_UNKNOWN,
                    moment);
    exchange_give_up(exchange, NULL, moment);
}

void exchange_end(struct exchange *exchange, enum tcp_side side, bool reset,
                  struct tcp_moment moment)
{
    if (exchange->given_up)
        return;
    if (side == TCP_SERVER)
        http_end(&exchange->sides[TCP_SERVER], moment);
    if (side == TCP_SERVER || reset)
        finish(exchange, moment);
}

void exchange_close(struct exchange *exchange, enum tcp_close how,
                    struct tcp_moment moment)
{
    if (how == TCP_CLOSED)
        finish(exchange, moment);
    exchange_give_up(exchange, NULL, moment);
    free(exchange);
}

size_t exchange_held(const struct exchange *exchange)
{
    return http_held(&exchange->sides[TCP_CLIENT])
           + http_held(&exchange->sides[TCP_SERVER]) + exchange->open.room;
}
