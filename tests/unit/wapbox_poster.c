/*
 * wapbox_poster.c - POSTs to a server of this test's own
 *
 * The server is a thread on a free port of the loopback; the path of each
 * request says how it answers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wapbox/poster.h"

static int listener, port, connections;
static pthread_t server;

/* Reads one request with its body; false at the end of the connection. */
static bool read_request(int fd, char *request, size_t size)
{
    size_t used = 0, length = 0;
    const char *body, *header;
    ssize_t got;

    for (;;) {
        got = recv(fd, request + used, size - 1 - used, 0);
        if (got <= 0)
            return false;
        used += (size_t)got;
        request[used] = '\0';
        body = strstr(request, "\r\n\r\n");
        if (body == NULL)
            continue;
        header = strstr(request, "Content-Length: ");
        if (header != NULL)
            length = strtoul(header + 16, NULL, 10);
        if (strlen(body + 4) >= length)
            return true;
    }
}

static void answer(int fd, const char *status, const char *body, size_t len)
{
    char head[200];
    int n = snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n"
                     "Location: /good\r\nContent-Length: %zu\r\n\r\n",
                     status, len);

    send(fd, head, (size_t)n, MSG_NOSIGNAL);
    send(fd, body, len, MSG_NOSIGNAL);
}

static void serve(int fd)
{
    static char big[POSTER_MAX_ANSWER + 1];
    char request[4096];

    memset(big, 'x', sizeof(big));
    while (read_request(fd, request, sizeof(request))) {
        if (strncmp(request, "POST /good ", 11) == 0)
            answer(fd, strstr(request, "\r\n\r\n<pap/>") != NULL &&
                       strstr(request, "Content-Type: application/xml\r\n")
                       ? "202 Accepted" : "400 Bad", "thanks", 6);
        else if (strncmp(request, "POST /full ", 11) == 0)
            answer(fd, "200 OK", big, POSTER_MAX_ANSWER);
        else if (strncmp(request, "POST /big ", 10) == 0)
            answer(fd, "200 OK", big, POSTER_MAX_ANSWER + 1);
        else if (strncmp(request, "POST /moved ", 12) == 0)
            answer(fd, "302 Found", "", 0);
        else if (strncmp(request, "POST /error ", 12) == 0)
            answer(fd, "500 Oops", "", 0);
        else
            return;             /* hangs up */
    }
}

static void *run_server(void *arg)
{
    int fd;

    (void)arg;
    while ((fd = accept(listener, NULL, NULL)) != -1) {
        ++connections;
        serve(fd);
        close(fd);
    }
    return NULL;
}

static int start_server(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, len) == -1 ||
        listen(listener, 10) == -1 ||
        getsockname(listener, (struct sockaddr *)&address, &len) == -1)
        return -1;
    port = ntohs(address.sin_port);
    return pthread_create(&server, NULL, run_server, NULL);
}

static int stop_server(void **state)
{
    (void)state;
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    close(listener);
    return 0;
}

/* What the last POST came to. */
static struct {
    int calls, status;
    bool hopeless;
    char error[300];
    size_t body_len;
} last;

static void on_done(void *arg, const PosterResult *result)
{
    assert_ptr_equal(arg, &last);
    ++last.calls;
    last.status = result->status;
    last.hopeless = result->hopeless;
    last.body_len = result->body_len;
    snprintf(last.error, sizeof(last.error), "%s", result->error);
}

static NotifyAllow *allow_loopback(void)
{
    char wrong[200];

    return notify_allow_create("127.0.0.1", wrong, sizeof(wrong));
}

/* POSTs to a path of the server, or to another URL, and waits. */
static void post(Poster *poster, const char *path_or_url)
{
    char url[200];

    if (*path_or_url == '/')
        snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port,
                 path_or_url);
    else
        snprintf(url, sizeof(url), "%s", path_or_url);
    memset(&last, 0, sizeof(last));
    assert_true(poster_send(poster, url, "<pap/>", &last));
    while (poster_active(poster) > 0)
        poster_run(poster, -1, 0, 1000);
    assert_int_equal(last.calls, 1);
}

static void tells_answers(void **state)
{
    static const struct {
        const char *path;
        int status;
        size_t body_len;
    } cases[] = {
        { "/good", 202, 6 }, { "/full", 200, POSTER_MAX_ANSWER },
        { "/moved", 302, 0 }, { "/error", 500, 0 }, { "/good", 202, 6 },
        { "/big", 200, 0 }
    };
    NotifyAllow *allow = allow_loopback();
    Poster *poster = poster_create(allow, NULL, 64, on_done);
    size_t i;

    (void)state;
    connections = 0;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        post(poster, cases[i].path);
        assert_string_equal(last.error, "");
        assert_int_equal(last.status, cases[i].status);
        if (strcmp(cases[i].path, "/big") == 0)
            assert_true(last.body_len <= POSTER_MAX_ANSWER);
        else
            assert_int_equal(last.body_len, cases[i].body_len);
        assert_false(last.hopeless);
    }
    assert_int_equal(connections, 1);       /* kept alive */
    poster_destroy(poster);
    notify_allow_destroy(allow);
}

static void tells_failures(void **state)
{
    static const struct {
        const char *url;
        bool hopeless;
    } cases[] = {
        { "/hangup", false },
        { "http://127.0.0.1:1/", false },
        { "ftp://127.0.0.1/", true }, { "file:///etc/passwd", true },
        { "http://", true }, { "http://[::1", true }, { "", true }
    };
    NotifyAllow *allow = allow_loopback();
    Poster *poster = poster_create(allow, NULL, 64, on_done);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        post(poster, cases[i].url);
        assert_int_equal(last.status, 0);
        assert_string_not_equal(last.error, "");
        if (last.hopeless != cases[i].hopeless)
            fail_msg("%s: %s", cases[i].url, last.error);
    }
    poster_destroy(poster);
    notify_allow_destroy(allow);
}

static void keeps_off_what_is_not_allowed(void **state)
{
    static const char *const urls[] = {
        "/good", "http://127.1/", "http://0x7f000001/", "http://2130706433/",
        "http://0177.0.0.1/", "http://017700000001/", "http://127.0.1/",
        "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://[::1]/", "http://[64:ff9b::7f00:1]/",
        "http://localhost/", "http://LOCALHOST/", "http://0/"
    };
    char wrong[200];
    NotifyAllow *allow = notify_allow_create("", wrong, sizeof(wrong));
    Poster *poster = poster_create(allow, NULL, 64, on_done);
    size_t i;

    (void)state;
    connections = 0;
    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); ++i) {
        post(poster, urls[i]);
        assert_int_equal(last.status, 0);
        if (strstr(last.error, "notify-allow") == NULL)
            fail_msg("%s: %s", urls[i], last.error);
    }
    assert_int_equal(connections, 0);
    poster_destroy(poster);
    notify_allow_destroy(allow);
}

static void watches_a_descriptor(void **state)
{
    NotifyAllow *allow = allow_loopback();
    Poster *poster = poster_create(allow, NULL, 64, on_done);
    int pipe_fds[2];
    char octet;

    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    /* Were either not to end the sleep, the test would not end. */
    poster_run(poster, pipe_fds[0], POLLIN, 1 << 30);
    assert_int_equal(read(pipe_fds[0], &octet, 1), 1);
    poster_wake(poster);
    poster_run(poster, pipe_fds[0], POLLIN, 1 << 30);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    poster_destroy(poster);
    notify_allow_destroy(allow);
}

static void gives_up_what_is_under_way(void **state)
{
    NotifyAllow *allow = allow_loopback();
    Poster *poster = poster_create(allow, NULL, 64, on_done);
    char url[100];
    int i;

    (void)state;
    memset(&last, 0, sizeof(last));
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/good", port);
    for (i = 0; i < 3; ++i)
        assert_true(poster_send(poster, url, "<pap/>", &last));
    assert_int_equal(poster_active(poster), 3);
    poster_destroy(poster);
    assert_int_equal(last.calls, 0);
    notify_allow_destroy(allow);
}

/* --- a name server that says nothing ------------------------------------ */

#define RESOLVER_MS 15000       /* until a resolver gives up */

static int resolver_fds[2];
static bool gave_up;

/* libcurl's, in place of the C library's. */
int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *hints, struct addrinfo **found)
{
    struct pollfd released = { resolver_fds[0], POLLIN, 0 };
    int (*real)(const char *, const char *, const struct addrinfo *,
                struct addrinfo **);
    void *symbol;

    if (name == NULL || strcmp(name, "pi.dead.example") != 0) {
        symbol = dlsym(RTLD_NEXT, "getaddrinfo");
        memcpy(&real, &symbol, sizeof(real));
        return real(name, service, hints, found);
    }
    if (poll(&released, 1, RESOLVER_MS) == 0)
        gave_up = true;
    return EAI_AGAIN;
}

static void does_not_wait_for_a_name_server(void **state)
{
    NotifyAllow *allow = allow_loopback();
    Poster *poster = poster_create(allow, NULL, 64, on_done);

    (void)state;
    assert_int_equal(pipe(resolver_fds), 0);
    post(poster, "http://pi.dead.example/");
    assert_int_equal(last.status, 0);
    assert_non_null(strstr(last.error, "timed out"));
    assert_false(gave_up);
    close(resolver_fds[1]);
    poster_destroy(poster);
    notify_allow_destroy(allow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_answers),
        cmocka_unit_test(tells_failures),
        cmocka_unit_test(keeps_off_what_is_not_allowed),
        cmocka_unit_test(watches_a_descriptor),
        cmocka_unit_test(gives_up_what_is_under_way),
        cmocka_unit_test(does_not_wait_for_a_name_server)
    };

    if (!poster_init())
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
