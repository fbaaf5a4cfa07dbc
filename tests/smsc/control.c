/*
 * control.c - see control.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "commands.h"
#include "control.h"
#include "link.h"

enum { CONTROL_READ_SIZE = 4096, CONTROL_LINE_MAX = 8192 };

struct control_client {
    struct smsc *smsc;
    struct loop_watch watch;
    struct buffer in, out;
    bool closed, ending;        /* ending: once `out` is written */
    bool waits_idle;
    uint64_t reads_seen;        /* when it last looked for idleness */
    TAILQ_ENTRY(control_client) next;
};

static void wait_idle(struct control_client *client)
{
    struct smsc *smsc = client->smsc;

    client->waits_idle = true;
    client->reads_seen = smsc->reads;
    /* one more round, in which the links are looked at */
    loop_timer_set(&smsc->loop, &smsc->control_timer, loop_now());
}

/* Run the whole lines that came, up to one that has to wait. */
static void take_lines(struct control_client *client)
{
    char line[CONTROL_LINE_MAX + 1];
    uint8_t *newline;
    size_t length;

    while (!client->waits_idle && buffer_length(&client->in) > 0) {
        newline = memchr(buffer_bytes(&client->in), '\n',
                         buffer_length(&client->in));
        if (newline == NULL && buffer_length(&client->in) < CONTROL_LINE_MAX)
            return;
        length = newline != NULL
            ? (size_t) (newline - buffer_bytes(&client->in))
            : CONTROL_LINE_MAX;
        if (length >= CONTROL_LINE_MAX) {
            command_reply_error(&client->out, "the line is too long");
            client->ending = true;
            return;
        }
        memcpy(line, buffer_bytes(&client->in), length);
        buffer_consume(&client->in, length + 1);
        line[length] = '\0';
        line[strcspn(line, "\r")] = '\0';
        if (command_run(client->smsc, line, &client->out)
            == COMMAND_WAITS_IDLE)
            wait_idle(client);
    }
}

static void client_close(struct control_client *client)
{
    client->closed = true;
    loop_watch_remove(&client->smsc->loop, &client->watch);
    close(client->watch.fd);
}

static void client_ready(struct loop_watch *watch, uint32_t events)
{
    struct control_client *client = loop_owner(watch, struct control_client,
                                               watch);
    ssize_t got;
    bool gone = (events & (EPOLLHUP | EPOLLERR)) != 0;

    if (client->closed || (!(events & EPOLLIN) && !gone))
        return;
    got = recv(watch->fd, buffer_reserve(&client->in, CONTROL_READ_SIZE),
               CONTROL_READ_SIZE, 0);
    if (got > 0) {
        buffer_commit(&client->in, (size_t) got);
        take_lines(client);
    } else if (got == 0 && !gone) {
        client->ending = true;  /* it may still read: answer what it asked */
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        client_close(client);
    }
}

static void control_ready(struct loop_watch *watch, uint32_t events)
{
    struct smsc *smsc = loop_owner(watch, struct smsc, control);
    struct control_client *client;
    int fd;

    (void) events;
    while ((fd = accept4(watch->fd, NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        client = mem_new(sizeof(*client));
        client->smsc = smsc;
        client->watch.fd = fd;
        client->watch.ready = client_ready;
        if (loop_watch_add(&smsc->loop, &client->watch, EPOLLIN) < 0) {
            close(fd);
            free(client);
            continue;
        }
        TAILQ_INSERT_TAIL(&smsc->control_clients, client, next);
    }
}

static void control_timer_due(struct loop_timer *timer)
{
    (void) timer;               /* its round's settling does the work */
}

int control_listen(struct smsc *smsc, const char *path, char *error,
                   size_t error_size)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat status;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        snprintf(error, error_size, "control %s: the path is longer than "
                 "%zu octets", path, sizeof(address.sun_path) - 1);
        return -1;
    }
    strcpy(address.sun_path, path);
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
        unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0
        || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0
        || listen(fd, 16) < 0) {
        snprintf(error, error_size, "control %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    smsc->control_path = mem_string(path);
    smsc->control.fd = fd;
    smsc->control.ready = control_ready;
    smsc->control_timer.fire = control_timer_due;
    return loop_watch_add(&smsc->loop, &smsc->control, EPOLLIN);
}

static bool nothing_pending(const struct smsc *smsc)
{
    return smsc->counts.answers_pending == 0
           && smsc->counts.messages_pending == 0
           && smsc->counts.deliveries_pending == 0;
}

/* Idle is a round in which nothing was pending and no link brought any
 * bytes. */
static void settle_idle(struct control_client *client)
{
    struct smsc *smsc = client->smsc;

    if (!client->waits_idle || !nothing_pending(smsc))
        return;
    if (client->reads_seen != smsc->reads
        || smsc->control_timer.place != 0) {
        client->reads_seen = smsc->reads;
        loop_timer_set(&smsc->loop, &smsc->control_timer, loop_now());
        return;
    }
    client->waits_idle = false;
    command_reply_ok(&client->out);
    take_lines(client);
}

static void client_send(struct control_client *client)
{
    ssize_t sent;

    while (!client->closed && buffer_length(&client->out) > 0) {
        sent = send(client->watch.fd, buffer_bytes(&client->out),
                    buffer_length(&client->out), MSG_NOSIGNAL);
        if (sent > 0)
            buffer_consume(&client->out, (size_t) sent);
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            client_close(client);
    }
    if (!client->closed && client->ending && !client->waits_idle
        && buffer_length(&client->out) == 0)
        client_close(client);
    if (!client->closed)
        loop_watch_change(&client->smsc->loop, &client->watch,
                          (client->ending ? 0 : EPOLLIN)
                          | (buffer_length(&client->out) > 0 ? EPOLLOUT : 0));
}

static void client_free(struct control_client *client)
{
    TAILQ_REMOVE(&client->smsc->control_clients, client, next);
    buffer_free(&client->in);
    buffer_free(&client->out);
    free(client);
}

void control_settle(struct smsc *smsc)
{
    struct control_client *client, *next;
    bool answered = false;

    for (client = TAILQ_FIRST(&smsc->control_clients); client != NULL;
         client = next) {
        next = TAILQ_NEXT(client, next);
        if (!client->closed) {
            settle_idle(client);
            /* who has read an answer may rely on the journal */
            if (buffer_length(&client->out) > 0) {
                journal_flush(&smsc->journal);
                answered = true;
            }
            client_send(client);
        }
        if (client->closed)
            client_free(client);
    }
    if (answered)
        link_settle_all(smsc);
}

void control_close(struct smsc *smsc)
{
    struct control_client *client;

    while ((client = TAILQ_FIRST(&smsc->control_clients)) != NULL) {
        if (!client->closed)
            client_close(client);
        client_free(client);
    }
    loop_timer_clear(&smsc->loop, &smsc->control_timer);
    if (smsc->control.fd >= 0) {
        close(smsc->control.fd);
        unlink(smsc->control_path);
        free(smsc->control_path);
    }
}
