/*
 * collector.c - see collector.h.
 */
#include "collector.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 16384, HEAD_MAX = 16384, DOCUMENT_MAX = 1024 * 1024,
       BACKLOG = 512 };

/* What PAP wants to hear (WAP-247, 9.4); the gateway looks at the status. */
static const char acknowledgement[] =
    "<?xml version=\"1.0\"?><!DOCTYPE pap PUBLIC \"-//WAPFORUM//DTD PAP "
    "1.0//EN\" \"http://www.wapforum.org/DTD/pap_1.0.dtd\"><pap>"
    "<resultnotification-response push-id=\"x\" code=\"1000\"/></pap>";

struct collector_client {
    struct collector *collector;
    struct loop_watch watch;
    struct buffer in, out;
    bool closed;
    LIST_ENTRY(collector_client) next;
};

static void client_close(struct collector_client *client)
{
    struct collector *collector = client->collector;

    loop_watch_remove(collector->loop, &client->watch);
    close(client->watch.fd);
    client->closed = true;
    LIST_REMOVE(client, next);
    LIST_INSERT_HEAD(&collector->closed, client, next);
}

/* The value of Content-Length among the headers; 0 without one. -1 if it is
 * no number that may be. */
static long content_length(const char *head)
{
    const char *line = head;
    char *end;
    long length;

    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, "Content-Length:", 15) != 0)
            continue;
        length = strtol(line + 15, &end, 10);
        return *end == '\r' && length >= 0 && length <= DOCUMENT_MAX
            ? length : -1;
    }
    return 0;
}

static void answer(struct collector_client *client, int status)
{
    char head[160];
    int length = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\n"
                          "Content-Type: application/xml\r\n"
                          "Content-Length: %zu\r\n\r\n", status,
                          status < 300 ? "Accepted" : "No",
                          sizeof(acknowledgement) - 1);

    buffer_append(&client->out, head, (size_t) length);
    buffer_append(&client->out, acknowledgement,
                  sizeof(acknowledgement) - 1);
}

/* Takes one request off the input: 1; 0 if it has not come whole; -1 if the
 * connection is to end. */
static int take_request(struct collector_client *client)
{
    struct collector *collector = client->collector;
    const uint8_t *bytes = buffer_bytes(&client->in);
    size_t size = buffer_length(&client->in), head_size;
    char head[HEAD_MAX + 1], *end;
    int64_t push = 0;
    long length;
    int status;

    head_size = size < HEAD_MAX ? size : HEAD_MAX;
    if (head_size == 0)
        return 0;
    memcpy(head, bytes, head_size);
    head[head_size] = '\0';
    end = strstr(head, "\r\n\r\n");
    if (end == NULL)
        return head_size < HEAD_MAX ? 0 : -1;
    end[2] = '\0';
    head_size = (size_t) (end - head) + 4;
    length = content_length(head);
    if (length < 0 || sscanf(head, "%*15[A-Z] /%" SCNd64, &push) != 1)
        return -1;
    if (size < head_size + (size_t) length)
        return 0;
    status = collector->took(collector, push, bytes + head_size,
                             (size_t) length);
    buffer_consume(&client->in, head_size + (size_t) length);
    if (status == COLLECTOR_NO_ANSWER)
        return -1;
    answer(client, status);
    return 1;
}

/* False if the connection has ended. */
static bool client_write(struct collector_client *client)
{
    ssize_t written;

    while (buffer_length(&client->out) > 0) {
        written = send(client->watch.fd, buffer_bytes(&client->out),
                       buffer_length(&client->out), MSG_NOSIGNAL);
        if (written < 0)
            break;
        buffer_consume(&client->out, (size_t) written);
    }
    loop_watch_change(client->collector->loop, &client->watch,
                      buffer_length(&client->out) > 0 ? EPOLLIN | EPOLLOUT
                                                      : EPOLLIN);
    return buffer_length(&client->out) == 0 || errno == EAGAIN;
}

static void client_ready(struct loop_watch *watch, uint32_t events)
{
    struct collector_client *client =
        loop_owner(watch, struct collector_client, watch);
    ssize_t got;
    int found = 0;

    if (client->closed)
        return;
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        got = read(watch->fd, buffer_reserve(&client->in, READ_SIZE),
                   READ_SIZE);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            client_close(client);
            return;
        }
        if (got > 0)
            buffer_commit(&client->in, (size_t) got);
        while ((found = take_request(client)) > 0)
            ;
    }
    if (!client_write(client) || found < 0)
        client_close(client);
}

static void accept_clients(struct loop_watch *watch, uint32_t events)
{
    struct collector *collector = loop_owner(watch, struct collector,
                                             listener);
    struct collector_client *client;
    int fd;

    (void) events;
    while ((fd = accept4(watch->fd, NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        client = mem_new(sizeof(*client));
        client->collector = collector;
        client->watch.fd = fd;
        client->watch.ready = client_ready;
        LIST_INSERT_HEAD(&collector->clients, client, next);
        loop_watch_add(collector->loop, &client->watch, EPOLLIN);
    }
}

int collector_init(struct collector *collector, struct loop *loop)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    LIST_INIT(&collector->clients);
    LIST_INIT(&collector->closed);
    collector->loop = loop;
    if (fd < 0 || bind(fd, (struct sockaddr *) &address, size) < 0
        || listen(fd, BACKLOG) < 0
        || getsockname(fd, (struct sockaddr *) &address, &size) < 0)
        return -1;
    collector->port = ntohs(address.sin_port);
    collector->listener.fd = fd;
    collector->listener.ready = accept_clients;
    return loop_watch_add(loop, &collector->listener, EPOLLIN);
}

void collector_free(struct collector *collector)
{
    struct collector_client *client;

    while ((client = LIST_FIRST(&collector->clients)) != NULL)
        client_close(client);
    collector_settle(collector);
    close(collector->listener.fd);
}

void collector_settle(struct collector *collector)
{
    struct collector_client *client;

    while ((client = LIST_FIRST(&collector->closed)) != NULL) {
        LIST_REMOVE(client, next);
        buffer_free(&client->in);
        buffer_free(&client->out);
        free(client);
    }
}

void collector_url(const struct collector *collector, int64_t push,
                   char url[COLLECTOR_URL_SIZE])
{
    snprintf(url, COLLECTOR_URL_SIZE, "http://127.0.0.1:%d/%" PRId64,
             collector->port, push);
}
