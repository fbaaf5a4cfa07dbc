/*
 * poster.c - see poster.h
 *
 * Each POST is a curl easy handle whose private pointer leads back to it.
 * Those that have ended are kept for the next ones: making a handle and
 * setting its options takes longer than a POST.
 */

#include "wapbox/poster.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#define CONNECT_TIMEOUT_MS 5000L

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
    const char *ca_file;
    PosterDone *done;
    Post *first;                    /* under way */
    Post *spare;                    /* by their `next` */
    int active;
};

bool poster_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

Poster *poster_create(const NotifyAllow *allow, const char *ca_file,
                      long connections, PosterDone *done)
{
    Poster *poster = calloc(1, sizeof(*poster));

    if (poster == NULL)
        return NULL;
    poster->allow = allow;
    poster->ca_file = ca_file;
    poster->done = done;
    poster->multi = curl_multi_init();
    poster->headers = curl_slist_append(NULL,
                                        "Content-Type: application/xml");
    if (poster->multi == NULL || poster->headers == NULL) {
        poster_destroy(poster);
        return NULL;
    }
    curl_multi_setopt(poster->multi, CURLMOPT_MAXCONNECTS, connections);
    return poster;
}

static void destroy_post(Post *post)
{
    curl_easy_cleanup(post->easy);
    free(post->host);
    free(post->body);
    free(post);
}

/* It is not under way any more. */
static void put_aside(Post *post)
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
    free(post->host);
    free(post->body);
    post->host = post->body = NULL;
    post->body_len = 0;
    post->next = poster->spare;
    poster->spare = post;
}

void poster_destroy(Poster *poster)
{
    Post *post;

    if (poster == NULL)
        return;
    while (poster->first != NULL)
        put_aside(poster->first);
    while ((post = poster->spare) != NULL) {
        poster->spare = post->next;
        destroy_post(post);
    }
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

/* What is the same for all. */
static void set_options(Post *post)
{
    CURL *easy = post->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->error);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->poster->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Convoy");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, post);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Nobody waits for the resolver's thread when the time is over. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)POSTER_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (post->poster->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, post->poster->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_PROXY, "");      /* nor from the
                                                     * environment */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     (long)CURL_HTTP_VERSION_1_1);
}

static Post *create_post(Poster *poster)
{
    Post *post = calloc(1, sizeof(*post));

    if (post == NULL)
        return NULL;
    post->easy = curl_easy_init();
    if (post->easy == NULL) {
        free(post);
        return NULL;
    }
    post->poster = poster;
    set_options(post);
    return post;
}

static Post *spare_post(Poster *poster)
{
    Post *post = poster->spare;

    if (post == NULL)
        return create_post(poster);
    poster->spare = post->next;
    return post;
}

bool poster_send(Poster *poster, const char *url, const char *document,
                 void *arg)
{
    Post *post = spare_post(poster);

    if (post == NULL)
        return false;
    post->arg = arg;
    post->host = poster_host(url);      /* NULL: libcurl will refuse it too */
    post->refused = false;
    post->error[0] = '\0';
    post->next = poster->first;
    post->previous = NULL;
    if (post->next != NULL)
        post->next->previous = post;
    poster->first = post;
    ++poster->active;
    if (curl_easy_setopt(post->easy, CURLOPT_URL, url) == CURLE_OK &&
        curl_easy_setopt(post->easy, CURLOPT_COPYPOSTFIELDS, document)
        == CURLE_OK &&
        curl_multi_add_handle(poster->multi, post->easy) == CURLM_OK)
        return true;
    put_aside(post);
    return false;
}

/* --- running ------------------------------------------------------------ */

static void finish(Post *post, CURLcode code)
{
    PosterResult result = { 0, "", false, "", 0 };
    long status = 0;

    /* CURLE_WRITE_ERROR comes from on_body(). */
    if (code == CURLE_OK || code == CURLE_WRITE_ERROR)
        curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
    result.status = (int)status;
    if (status == 0)
        result.error = post->refused ? "notify-allow refuses this address"
                     : post->error[0] != '\0' ? post->error
                     : curl_easy_strerror(code);
    result.hopeless = code == CURLE_URL_MALFORMAT ||
                      code == CURLE_UNSUPPORTED_PROTOCOL;
    if (post->body != NULL) {
        result.body = post->body;
        result.body_len = post->body_len;
    }
    post->poster->done(post->arg, &result);
    put_aside(post);
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
