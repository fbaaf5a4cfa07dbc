/*
 * post.h - many HTTP requests at a time, over libcurl, in the thread of a
 * loop (tests/smsc/loop.h).
 */
#ifndef POST_H
#define POST_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../smsc/buffer.h"
#include "../smsc/loop.h"

struct post {                   /* one request; its users fill in the first */
    int64_t push;
    int64_t due_us, sent_us;    /* on loop_now() */
    struct buffer url;          /* with its NUL */
    struct buffer body;
    struct curl_slist *headers;
    /* and what came of it */
    int64_t answered_us;
    long status;                /* of HTTP; 0: no answer */
    struct buffer answer;       /* no more than POST_ANSWER_MAX octets */
    CURL *easy;
    LIST_ENTRY(post) next;      /* of those under way */
};

enum { POST_ANSWER_MAX = 65536, POST_TIMEOUT_S = 60 };

struct poster {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer timer;
    unsigned running;
    LIST_HEAD(, post) posts;    /* on their way */
    LIST_HEAD(, post_socket) closed_sockets;
    CURL **idle;                /* handles for the next requests */
    unsigned idle_count, idle_room;
    /* called when one has its answer, or has none; frees it then */
    void (*done)(struct poster *poster, struct post *post);
};

/* False if libcurl does not work. Keeps at most so many connections. */
bool poster_init(struct poster *poster, struct loop *loop,
                 unsigned connections);
/* Requests on their way are forgotten. */
void poster_free(struct poster *poster);
/* After each round of the loop's events. */
void poster_settle(struct poster *poster);

struct post *post_new(int64_t push);
/* "Name: value" */
void post_add_header(struct post *post, const char *name, const char *value);
/* Sends it as soon as the thread is in its loop; it is the poster's then. */
void poster_send(struct poster *poster, struct post *post);
void post_free(struct post *post);

#endif
