/*
 * http_sink.c - a Push Initiator that takes result notifications as fast as
 * the machine allows, for tests/bench
 *
 *   http_sink PORT       prints how many it has taken when its input ends
 *
 * It reads no XML: to any request it answers that resultnotification-response
 * which belongs to no push in particular.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FD 4096
#define ROOM 8192           /* octets of a request */

static struct {
    char data[ROOM];
    size_t len;
} inputs[MAX_FD];
static long taken;

static const char body[] =
    "<?xml version=\"1.0\"?><!DOCTYPE pap PUBLIC \"-//WAPFORUM//DTD PAP "
    "1.0//EN\" \"http://www.wapforum.org/DTD/pap_1.0.dtd\"><pap>"
    "<resultnotification-response push-id=\"x\" code=\"1000\"/></pap>";

static void answer(int fd)
{
    static char text[sizeof(body) + 200];
    static int len;

    if (len == 0)
        len = snprintf(text, sizeof(text), "HTTP/1.1 202 Accepted\r\n"
                       "Content-Type: application/xml\r\n"
                       "Content-Length: %zu\r\n\r\n%s", sizeof(body) - 1,
                       body);
    if (write(fd, text, (size_t)len) == len)
        taken++;
}

/* Answers one request if it is complete; octets of it, 0 if it is not. */
static size_t take(int fd, const char *data)
{
    const char *end = strstr(data, "\r\n\r\n");
    const char *length = strstr(data, "Content-Length: ");
    size_t len;

    if (end == NULL || length == NULL || length > end)
        return 0;
    len = (size_t)(end + 4 - data) + strtoul(length + 16, NULL, 10);
    if (strlen(data) < len)
        return 0;
    answer(fd);
    return len;
}

static void receive(int fd)
{
    char *data = inputs[fd].data;
    ssize_t got = read(fd, data + inputs[fd].len, ROOM - 1 - inputs[fd].len);
    size_t used;

    if (got <= 0) {
        close(fd);
        inputs[fd].len = 0;
        return;
    }
    inputs[fd].len += (size_t)got;
    data[inputs[fd].len] = '\0';
    while ((used = take(fd, data)) > 0) {
        inputs[fd].len -= used;
        memmove(data, data + used, inputs[fd].len + 1);
    }
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    if (fd >= MAX_FD || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == -1)
        abort();
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    struct epoll_event events[64];
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
    int one = 1, i, n, fd;

    if (argc != 2)
        return 2;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) == -1 ||
        listen(listener, 511) == -1) {
        perror("http_sink");
        return 1;
    }
    watch(epoll, listener);
    watch(epoll, STDIN_FILENO);
    for (;;) {
        n = epoll_wait(epoll, events, 64, -1);
        for (i = 0; i < n; i++) {
            fd = events[i].data.fd;
            if (fd == STDIN_FILENO) {
                printf("%ld\n", taken);
                return 0;
            }
            if (fd != listener) {
                receive(fd);
                continue;
            }
            fd = accept(listener, NULL, NULL);
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            watch(epoll, fd);
        }
    }
}
