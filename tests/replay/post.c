/*
 * post.c - see post.h. libcurl says which sockets it waits for and until
 * when, and the loop tells it what happened.
 */
#include "post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

struct post_socket {
    struct loop_watch watch;
    struct poster *poster;      /* NULL: closed, an event may still come */
    LIST_ENTRY(post_socket) next;
};

/* A handle is dear, so that it is used again. */
static CURL *take_handle(struct poster *poster)
{
    return poster->idle_count > 0 ? poster->idle[--poster->idle_count]
                                  : curl_easy_init();
}

static void keep_handle(struct poster *poster, CURL *easy)
{
    if (poster->idle_count == poster->idle_room) {
        poster->idle_room = poster->idle_room == 0 ? 64
                                                   : 2 * poster->idle_room;
        poster->idle = mem_resize(poster->idle, poster->idle_room
                                  * sizeof(*poster->idle));
    }
    curl_easy_reset(easy);
    poster->idle[poster->idle_count++] = easy;
}

static void forget(struct poster *poster, struct post *post)
{
    curl_multi_remove_handle(poster->multi, post->easy);
    keep_handle(poster, post->easy);
    LIST_REMOVE(post, next);
    poster->running--;
}

static void finish_posts(struct poster *poster)
{
    struct CURLMsg *message;
    struct post *post;
    int left;

    while ((message = curl_multi_info_read(poster->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
        post->status = 0;
        if (message->data.result == CURLE_OK)
            curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE,
                              &post->status);
        post->answered_us = loop_now();
        forget(poster, post);
        poster->done(poster, post);
        post_free(post);
    }
}

static void act(struct poster *poster, curl_socket_t fd, int events)
{
    int running;

    curl_multi_socket_action(poster->multi, fd, events, &running);
    finish_posts(poster);
}

static void socket_ready(struct loop_watch *watch, uint32_t events)
{
    struct post_socket *own = loop_owner(watch, struct post_socket, watch);

    if (own->poster == NULL)
        return;
    act(own->poster, watch->fd,
        ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0)
        | ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0)
        | ((events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0));
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what,
                        void *arg, void *known)
{
    struct poster *poster = arg;
    struct post_socket *own = known;
    uint32_t events = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0)
                    | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0);

    (void) easy;
    if (what == CURL_POLL_REMOVE) {
        if (own != NULL) {
            loop_watch_remove(poster->loop, &own->watch);
            own->poster = NULL;
            LIST_INSERT_HEAD(&poster->closed_sockets, own, next);
        }
    } else if (own != NULL) {
        loop_watch_change(poster->loop, &own->watch, events);
    } else {
        own = mem_new(sizeof(*own));
        own->poster = poster;
        own->watch.fd = fd;
        own->watch.ready = socket_ready;
        loop_watch_add(poster->loop, &own->watch, events);
        curl_multi_assign(poster->multi, fd, own);
    }
    return 0;
}

static int watch_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct poster *poster = arg;

    (void) multi;
    if (timeout_ms < 0)
        loop_timer_clear(poster->loop, &poster->timer);
    else
        loop_timer_set(poster->loop, &poster->timer,
                       loop_now() + 1000 * (int64_t) timeout_ms);
    return 0;
}

static void time_is_over(struct loop_timer *timer)
{
    act(loop_owner(timer, struct poster, timer), CURL_SOCKET_TIMEOUT, 0);
}

bool poster_init(struct poster *poster, struct loop *loop,
                 unsigned connections)
{
    poster->loop = loop;
    LIST_INIT(&poster->posts);
    LIST_INIT(&poster->closed_sockets);
    poster->timer.fire = time_is_over;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK
        || (poster->multi = curl_multi_init()) == NULL)
        return false;
    curl_multi_setopt(poster->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(poster->multi, CURLMOPT_SOCKETDATA, poster);
    curl_multi_setopt(poster->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
    curl_multi_setopt(poster->multi, CURLMOPT_TIMERDATA, poster);
    curl_multi_setopt(poster->multi, CURLMOPT_MAXCONNECTS,
                      (long) connections);
    return true;
}

void poster_free(struct poster *poster)
{
    struct post *post;

    while ((post = LIST_FIRST(&poster->posts)) != NULL) {
        forget(poster, post);
        post_free(post);
    }
    while (poster->idle_count > 0)
        curl_easy_cleanup(poster->idle[--poster->idle_count]);
    free(poster->idle);
    curl_multi_cleanup(poster->multi);
    curl_global_cleanup();
    poster_settle(poster);
}

void poster_settle(struct poster *poster)
{
    struct post_socket *own;

    while ((own = LIST_FIRST(&poster->closed_sockets)) != NULL) {
        LIST_REMOVE(own, next);
        free(own);
    }
}

static size_t take_answer(char *octets, size_t size, size_t count, void *arg)
{
    struct post *post = arg;

    if (buffer_length(&post->answer) + size * count > POST_ANSWER_MAX)
        return 0;
    buffer_append(&post->answer, octets, size * count);
    return size * count;
}

struct post *post_new(int64_t push)
{
    struct post *post = mem_new(sizeof(*post));

    post->push = push;
    return post;
}

void post_add_header(struct post *post, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 3;
    char *line = mem_new(size);

    /* libcurl takes "Name;" for a header without value */
    if (*value == '\0')
        snprintf(line, size, "%s;", name);
    else
        snprintf(line, size, "%s: %s", name, value);
    post->headers = curl_slist_append(post->headers, line);
    free(line);
}

void poster_send(struct poster *poster, struct post *post)
{
    CURL *easy = take_handle(poster);

    post->easy = easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
    curl_easy_setopt(easy, CURLOPT_URL,
                     (const char *) buffer_bytes(&post->url));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t) buffer_length(&post->body));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                     (const char *) buffer_bytes(&post->body));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long) POST_TIMEOUT_S);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     (long) CURL_HTTP_VERSION_1_1);
    LIST_INSERT_HEAD(&poster->posts, post, next);
    poster->running++;
    curl_multi_add_handle(poster->multi, easy);
}

void post_free(struct post *post)
{
    buffer_free(&post->url);
    buffer_free(&post->body);
    buffer_free(&post->answer);
    curl_slist_free_all(post->headers);
    free(post);
}
