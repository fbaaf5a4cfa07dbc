/*
 * link.c - the sockets of the links; see link.h.
 *
 * All writing goes to link->out and is sent at the end of the round, many
 * PDUs in one system call. A client that does not read its answers is not
 * read from either, so that it cannot make the buffer grow without end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "delivery.h"
#include "json.h"
#include "link.h"
#include "session.h"
#include "smpp_pdu.h"
#include "submit.h"

enum {
    LINK_READ_SIZE = 64 * 1024,
    LINK_OUT_MAX = 4 * 1024 * 1024,
    LINK_BACKLOG = 128
};

static void link_ready(struct loop_watch *watch, uint32_t events);

static void link_watch(struct link *link)
{
    uint32_t events = 0;

    if (link->closed)
        return;
    if (!link->paused) {
        if (!link->closing && buffer_length(&link->out) < LINK_OUT_MAX)
            events |= EPOLLIN;
        if (buffer_length(&link->out) > 0)
            events |= EPOLLOUT;
    }
    loop_watch_change(&link->smsc->loop, &link->watch, events);
}

/* Send what the socket takes; 0, or an errno if the connection is broken. */
static int link_send(struct link *link)
{
    ssize_t sent;

    while (buffer_length(&link->out) > 0) {
        sent = send(link->watch.fd, buffer_bytes(&link->out),
                    buffer_length(&link->out), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN ? 0 : errno;
        buffer_consume(&link->out, (size_t) sent);
    }
    return 0;
}

void link_close(struct link *link, const char *reason)
{
    struct smsc *smsc = link->smsc;
    struct buffer *event;

    if (link->closed)
        return;
    if (!link->paused)
        link_send(link);
    link->closed = true;
    loop_watch_remove(&smsc->loop, &link->watch);
    close(link->watch.fd);
    TAILQ_REMOVE(&smsc->links, link, next);
    TAILQ_INSERT_TAIL(&smsc->closed_links, link, next);
    event = journal_begin(&smsc->journal, "link-lost");
    json_number(event, "link", link->number);
    json_string(event, "reason", reason);
    journal_end(&smsc->journal);
    submit_link_lost(link);
    delivery_link_lost(link);
}

void link_close_gently(struct link *link)
{
    link->closing = true;
    link_watch(link);
}

void link_pause(struct link *link, bool paused)
{
    bool resumed = link->paused && !paused;

    if (!link->paused && paused)
        link_send(link);        /* what the journal says was answered */
    link->paused = paused;
    link_watch(link);
    if (resumed) {
        submit_link_resumed(link);
        delivery_link_ready(link);
    }
}

/* Handle the whole PDUs that have come in. */
static void link_take_pdus(struct link *link)
{
    struct smpp_header header;
    size_t used = 0, length = buffer_length(&link->in);
    const uint8_t *bytes = buffer_bytes(&link->in);

    while (length - used >= SMPP_HEADER_SIZE && !link->closed
           && !link->closing) {
        header = smpp_decode_header(bytes + used);
        if (header.length < SMPP_HEADER_SIZE
            || header.length > SMPP_PDU_MAX) {
            session_bad_length(link, &header);
            break;
        }
        if (length - used < header.length)
            break;
        session_handle(link, &header, bytes + used + SMPP_HEADER_SIZE,
                       header.length - SMPP_HEADER_SIZE);
        used += header.length;
    }
    if (!link->closed)
        buffer_consume(&link->in, used);
}

static void link_read(struct link *link)
{
    ssize_t got = recv(link->watch.fd,
                       buffer_reserve(&link->in, LINK_READ_SIZE),
                       LINK_READ_SIZE, 0);

    if (got > 0) {
        link->smsc->reads++;
        buffer_commit(&link->in, (size_t) got);
        link_take_pdus(link);
    } else if (got == 0) {
        link_close(link, "closed by the client");
    } else if (errno != EAGAIN && errno != EINTR) {
        link_close(link, strerror(errno));
    }
}

static void link_ready(struct loop_watch *watch, uint32_t events)
{
    struct link *link = loop_owner(watch, struct link, watch);

    if (link->closed)
        return;
    if ((events & EPOLLIN) && !link->paused)
        link_read(link);
    else if (events & (EPOLLHUP | EPOLLERR))
        link_close(link, "connection lost");
    /* EPOLLOUT: link_settle_all sends after each round anyway */
}

static void link_new(struct smsc *smsc, int fd, const struct sockaddr *peer,
                     socklen_t peer_size)
{
    struct link *link = mem_new(sizeof(*link));
    char host[48], port[8];
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    link->smsc = smsc;
    link->watch.fd = fd;
    link->watch.ready = link_ready;
    link->number = ++smsc->last_link;
    link->paused = smsc->paused;
    if (getnameinfo(peer, peer_size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(link->peer, sizeof(link->peer), "%s:%s", host, port);
    TAILQ_INIT(&link->answers);
    TAILQ_INIT(&link->unanswered);
    if (loop_watch_add(&smsc->loop, &link->watch,
                       link->paused ? 0 : EPOLLIN) < 0) {
        perror("convoy-smsc: epoll_ctl");
        close(fd);
        free(link);
        return;
    }
    TAILQ_INSERT_TAIL(&smsc->links, link, next);
    smsc->link_count++;
}

static void listener_ready(struct loop_watch *watch, uint32_t events)
{
    struct smsc *smsc = loop_owner(watch, struct smsc, listener);
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    int fd;

    (void) events;
    while (smsc->link_count < smsc->link_max
           && (fd = accept4(watch->fd, (struct sockaddr *) &peer, &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        link_new(smsc, fd, (struct sockaddr *) &peer, size);
        size = sizeof(peer);
    }
    /* the others wait in the backlog until a link has gone */
    if (smsc->link_count == smsc->link_max)
        loop_watch_change(&smsc->loop, watch, 0);
}

/* Split HOST:PORT or [HOST]:PORT at the last colon. */
static struct addrinfo *resolve(const char *address)
{
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM
    };
    struct addrinfo *found = NULL;
    char *host = mem_string(address);
    char *port = strrchr(host, ':');
    char *name = host;

    if (port != NULL) {
        *port++ = '\0';
        if (name[0] == '[' && name[strlen(name) - 1] == ']') {
            name[strlen(name) - 1] = '\0';
            name++;
        }
        if (getaddrinfo(name, port, &hints, &found) != 0)
            found = NULL;
    }
    free(host);
    return found;
}

int link_listen(struct smsc *smsc, const char *address, char *error,
                size_t error_size)
{
    struct addrinfo *found = resolve(address);
    int fd, on = 1;

    if (found == NULL) {
        snprintf(error, error_size, "'%s' is no numeric HOST:PORT", address);
        return -1;
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                0);
    if (fd < 0
        || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0
        || bind(fd, found->ai_addr, found->ai_addrlen) < 0
        || listen(fd, LINK_BACKLOG) < 0) {
        snprintf(error, error_size, "cannot listen on %s: %s", address,
                 strerror(errno));
        freeaddrinfo(found);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    freeaddrinfo(found);
    smsc->listener.fd = fd;
    smsc->listener.ready = listener_ready;
    return loop_watch_add(&smsc->loop, &smsc->listener, EPOLLIN);
}

unsigned link_port(const struct smsc *smsc)
{
    struct sockaddr_storage address = { 0 };
    socklen_t size = sizeof(address);

    getsockname(smsc->listener.fd, (struct sockaddr *) &address, &size);
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *) &address)->sin6_port);
    return ntohs(((struct sockaddr_in *) &address)->sin_port);
}

static void link_free(struct link *link)
{
    buffer_free(&link->in);
    buffer_free(&link->out);
    free(link);
}

/* The next link is found after this one's work, which may have closed it. */
static void link_settle(struct link *link)
{
    int broken = 0;

    if (!link->paused)
        broken = link_send(link);
    if (broken != 0)
        link_close(link, strerror(broken));
    else if (link->closing && buffer_length(&link->out) == 0)
        link_close(link, "unbound");
    else
        link_watch(link);
}

void link_settle_all(struct smsc *smsc)
{
    struct link *link, *next;

    for (link = TAILQ_FIRST(&smsc->links); link != NULL; link = next) {
        next = TAILQ_NEXT(link, next);
        link_settle(link);
    }
    while ((link = TAILQ_FIRST(&smsc->closed_links)) != NULL) {
        TAILQ_REMOVE(&smsc->closed_links, link, next);
        link_free(link);
        smsc->link_count--;
        if (smsc->listener.fd >= 0)
            loop_watch_change(&smsc->loop, &smsc->listener, EPOLLIN);
    }
}

void link_close_all(struct smsc *smsc)
{
    while (!TAILQ_EMPTY(&smsc->links))
        link_close(TAILQ_FIRST(&smsc->links), "the simulator ends");
    link_settle_all(smsc);
}
