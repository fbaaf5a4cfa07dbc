/*
 * http.h - reads the HTTP/1.x messages of one direction of a connection.
 *
 * Bodies with Content-Length, in chunks, or up to the end of the connection.
 * Memory: 64 KiB of headers and 1 MiB of body; of a larger body only the
 * headers are known.
 */
#ifndef HTTP_H
#define HTTP_H

#include "../smsc/buffer.h"
#include "tcp.h"
#include "trace.h"

enum { HTTP_HEADERS_MAX = 200 };

struct http_message {
    const char *method, *url;           /* of a request */
    int status;                         /* of a response */
    struct trace_headers headers;
    struct trace_octets body;           /* without chunks; may be unknown */
};

enum http_state {
    HTTP_LOST, HTTP_HEAD, HTTP_BODY, HTTP_CHUNK_SIZE, HTTP_CHUNK,
    HTTP_CHUNK_END, HTTP_TRAILER, HTTP_UNTIL_END
};

struct http_reader {
    bool requests;              /* of this side; else responses */
    enum http_state state;
    struct buffer in;           /* what is not understood yet */
    uint64_t left;              /* of the body or the chunk */
    bool whole;                 /* nothing of the body is missing */
    struct buffer head, body;
    struct trace_header *headers;
    struct http_message message;
    void (*take)(void *context, const struct http_message *message,
                 struct tcp_moment moment);
    void *context;
};

/* A reader of all zero, but for `requests`, `take` and `context`, does not
 * know where a message begins. What `take` is given lives until it has
 * returned. */
void http_begin(struct http_reader *reader);    /* here */

/* NULL, or why the direction cannot be understood any more: then it is lost,
 * until a piece of it begins as a message does. */
const char *http_octets(struct http_reader *reader, const uint8_t *bytes,
                        size_t size, struct tcp_moment moment);
/* So many octets are missing (0: nobody knows). False if the reader is lost
 * by that. */
bool http_lost(struct http_reader *reader, size_t size,
               struct tcp_moment moment);
/* The side sends nothing any more. */
void http_end(struct http_reader *reader, struct tcp_moment moment);
void http_free(struct http_reader *reader);

/* Octets of memory that it keeps at present. */
size_t http_held(const struct http_reader *reader);

/* Whether a piece begins as a request or a response does. */
bool http_is_begin(bool request, const uint8_t *bytes, size_t size);
/* Whether the reader is in the middle of a message. */
bool http_is_busy(const struct http_reader *reader);
/* The value of a header, or NULL. */
const char *http_header(const struct http_message *message, const char *name);

#endif
