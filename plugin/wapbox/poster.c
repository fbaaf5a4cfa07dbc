/*
 * poster.c - see poster.h
 *
 * Each POST is a curl easy handle whose private pointer leads back to it.
 */

#include "wapbox/poster.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#define CONNECT_TIMEOUT_MS 5000L
#define MAX_PER_HOST 16L        /* so that one slow PI leaves room */

typedef struct Post {
    struct Post *next, *previous;
    Poster *poster;
    void *arg;
    CURL *easy;
    char *host;                     /* of the URL */
    bool refused;                   /* by notify_allow */
    char *body;
    size_t body_len;
    char error[CURL_ERROR_SIZE];
} Post;

struct Poster {
    CURLM *multi;
    struct curl_slist *headers;
    const NotifyAllow *allow;
    PosterDone *done;
    Post *first;
    int active;
};

bool poster_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

Poster *poster_create(const NotifyAllow *allow, PosterDone *done)
{
    Poster *poster = calloc(1, sizeof(*poster));

    if (poster == NULL)
        return NULL;
    poster->allow = allow;
    poster->done = done;
    poster->multi = curl_multi_init();
    poster->headers = curl_slist_append(NULL,
                                        "Content-Type: application/xml");
    if (poster->multi == NULL || poster->headers == NULL) {
        poster_destroy(poster);
        return NULL;
    }
    curl_multi_setopt(poster->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                      MAX_PER_HOST);
    return poster;
}

static void destroy_post(Post *post)
{
    Poster *poster = post->poster;

    if (post->previous != NULL)
        post->previous->next = post->next;
    else
        poster->first = post->next;
    if (post->next != NULL)
        post->next->previous = post->previous;
    --poster->active;
    curl_multi_remove_handle(poster->multi, post->easy);
    curl_easy_cleanup(post->easy);
    free(post->host);
    free(post->body);
    free(post);
}

void poster_destroy(Poster *poster)
{
    if (poster == NULL)
        return;
    while (poster->first != NULL)
        destroy_post(poster->first);
    curl_multi_cleanup(poster->multi);
    curl_slist_free_all(poster->headers);
    free(poster);
}

int poster_active(const Poster *poster)
{
    return poster->active;
}

/* --- callbacks of libcurl ----------------------------------------------- */

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
    Post *post = arg;
    char *more;

    (void)one;
    if (len > POSTER_MAX_ANSWER - post->body_len)
        return 0;                   /* which fails the transfer */
    more = realloc(post->body, post->body_len + len + 1);
    if (more == NULL)
        return 0;
    post->body = more;
    memcpy(post->body + post->body_len, data, len);
    post->body_len += len;
    post->body[post->body_len] = '\0';
    return len;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose,
                               struct curl_sockaddr *address)
{
    Post *post = arg;

    (void)purpose;
    if (!notify_allow_check(post->poster->allow, post->host,
                            &address->addr)) {
        post->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}

/* --- sending ------------------------------------------------------------ */

char *poster_host(const char *url)
{
    CURLU *parsed = curl_url();
    char *host = NULL, *copy = NULL;
    size_t len;

    if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        len = strlen(host);
        copy = host[0] == '[' && len > 2 ? strndup(host + 1, len - 2)
                                         : strdup(host);
    }
    curl_free(host);
    curl_url_cleanup(parsed);
    return copy;
}

static void set_options(Post *post, const char *url, const char *document)
{
    CURL *easy = post->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->error);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->poster->headers);
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, document);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Convoy");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, post);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)POSTER_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");      /* nor from the
                                                     * environment */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
}

bool poster_send(Poster *poster, const char *url, const char *document,
                 void *arg)
{
    Post *post = calloc(1, sizeof(*post));

    if (post == NULL)
        return false;
    post->easy = curl_easy_init();
    if (post->easy == NULL) {
        free(post);
        return false;
    }
    post->poster = poster;
    post->arg = arg;
    post->host = poster_host(url);      /* NULL: libcurl will refuse it too */
    set_options(post, url, document);
    post->next = poster->first;
    if (post->next != NULL)
        post->next->previous = post;
    poster->first = post;
    ++poster->active;
    if (curl_multi_add_handle(poster->multi, post->easy) == CURLM_OK)
        return true;
    destroy_post(post);
    return false;
}

/* --- running ------------------------------------------------------------ */

static void finish(Post *post, CURLcode code)
{
    PosterResult result = { 0, "", false, "", 0 };
    long status = 0;

    if (code == CURLE_OK) {
        curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
        result.status = (int)status;
    } else if (post->refused)
        result.error = "notify-allow refuses this address";
    else
        result.error = post->error[0] != '\0' ? post->error
                     : curl_easy_strerror(code);
    result.hopeless = code == CURLE_URL_MALFORMAT ||
                      code == CURLE_UNSUPPORTED_PROTOCOL;
    if (post->body != NULL) {
        result.body = post->body;
        result.body_len = post->body_len;
    }
    post->poster->done(post->arg, &result);
    destroy_post(post);
}

static void collect_finished(Poster *poster)
{
    CURLMsg *message;
    char *pointer;
    int left;

    while ((message = curl_multi_info_read(poster->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE) {
            const CURLcode code = message->data.result;

            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                              &pointer);
            finish((Post *)(void *)pointer, code);
        }
}

void poster_run(Poster *poster, int fd, short events, int timeout_ms)
{
    struct curl_waitfd extra = { fd, 0, 0 };
    int running;

    /* Its bits are libcurl's own, not poll()'s. */
    if (events & POLLIN)
        extra.events |= CURL_WAIT_POLLIN;
    if (events & POLLOUT)
        extra.events |= CURL_WAIT_POLLOUT;
    curl_multi_poll(poster->multi, fd == -1 ? NULL : &extra, fd != -1,
                    timeout_ms, NULL);
    curl_multi_perform(poster->multi, &running);
    collect_finished(poster);
}

void poster_wake(Poster *poster)
{
    curl_multi_wakeup(poster->multi);
}
