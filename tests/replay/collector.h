/*
 * collector.h - takes the notifications of a replay, in place of the Push
 * Initiators that were recorded: an HTTP server on a free port of 127.0.0.1.
 *
 * The path of a notification's URL is the number of its push, so that no
 * document has to be read to know what it is about.
 */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../smsc/buffer.h"
#include "../smsc/loop.h"

enum { COLLECTOR_URL_SIZE = 64, COLLECTOR_NO_ANSWER = 0 };

struct collector_client;

struct collector {
    struct loop *loop;
    struct loop_watch listener;
    int port;
    LIST_HEAD(, collector_client) clients, closed;
    /* called with each request: a POST has a document, a report of a
     * gateway has none. Returns the status to answer, or
     * COLLECTOR_NO_ANSWER to close the connection instead. */
    int (*took)(struct collector *collector, int64_t push,
                const uint8_t *document, size_t size);
};

/* 0, or -1 with errno. */
int collector_init(struct collector *collector, struct loop *loop);
void collector_free(struct collector *collector);
/* After each round of the loop's events. */
void collector_settle(struct collector *collector);

/* Where the results of this push are to be sent. */
void collector_url(const struct collector *collector, int64_t push,
                   char url[COLLECTOR_URL_SIZE]);

#endif
