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

#include "control.h"
#include "delivery.h"
#include "json.h"
#include "link.h"
#include "message.h"

enum {
    CONTROL_READ_SIZE = 4096,
    CONTROL_LINE_MAX = 8192,
    CONTROL_MO_MAX = 160
};

struct control_client {
    struct smsc *smsc;
    struct loop_watch watch;
    struct buffer in, out;
    bool closed, ending;        /* ending: once `out` is written */
    bool waits_idle;
    uint64_t reads_seen;        /* when it last looked for idleness */
    TAILQ_ENTRY(control_client) next;
};

static void reply_error(struct control_client *client, const char *error)
{
    json_begin(&client->out);
    json_boolean(&client->out, "ok", false);
    json_string(&client->out, "error", error);
    json_end(&client->out);
}

static void reply_ok(struct control_client *client)
{
    json_begin(&client->out);
    json_boolean(&client->out, "ok", true);
    json_end(&client->out);
}

static void do_plan(struct control_client *client, char *path)
{
    struct smsc *smsc = client->smsc;
    char error[512];
    struct plan *plan = plan_load(path, smsc->plan->seed, error,
                                  sizeof(error));

    if (plan == NULL) {
        reply_error(client, error);
        return;
    }
    smsc_set_plan(smsc, plan);
    reply_ok(client);
}

static void do_stats(struct control_client *client, char *arguments)
{
    const struct smsc *smsc = client->smsc;
    const struct smsc_counts *counts = &smsc->counts;
    struct buffer *out = &client->out;
    const struct link *link;
    int64_t links = 0, binds = 0;

    (void) arguments;
    TAILQ_FOREACH(link, &smsc->links, next) {
        links++;
        binds += link->bound != LINK_UNBOUND;
    }
    json_begin(out);
    json_boolean(out, "ok", true);
    json_number(out, "submits", (int64_t) counts->submits);
    json_number(out, "accepted", (int64_t) counts->accepted);
    json_number(out, "refused", (int64_t) counts->refused);
    json_number(out, "unanswered", (int64_t) counts->unanswered);
    json_number(out, "cancelled", (int64_t) counts->cancelled);
    json_number(out, "displayed", (int64_t) smsc->phones.displayed);
    json_number(out, "forgotten", (int64_t) smsc->phones.forgotten);
    json_number(out, "incomplete", (int64_t) smsc->phones.sets.count);
    json_number(out, "receipts", (int64_t) counts->receipts);
    json_number(out, "receipts_answered",
                (int64_t) counts->receipts_answered);
    json_number(out, "bad_pdus", (int64_t) counts->bad_pdus);
    json_number(out, "links", links);
    json_number(out, "binds", binds);
    json_number(out, "pending_answers", (int64_t) counts->answers_pending);
    json_number(out, "pending_messages", (int64_t) counts->messages_pending);
    json_number(out, "pending_receipts",
                (int64_t) counts->deliveries_pending);
    json_number(out, "waiting_for_phone",
                (int64_t) counts->messages_waiting);
    json_end(out);
}

static void do_links(struct control_client *client, char *arguments)
{
    static const char *const modes[] = {
        [LINK_UNBOUND] = "unbound", [LINK_TRANSMITTER] = "transmitter",
        [LINK_RECEIVER] = "receiver", [LINK_TRANSCEIVER] = "transceiver"
    };
    struct buffer *out = &client->out;
    const struct link *link;

    (void) arguments;
    json_begin(out);
    json_boolean(out, "ok", true);
    json_array_begin(out, "links");
    TAILQ_FOREACH(link, &client->smsc->links, next) {
        json_object_begin(out);
        json_number(out, "link", link->number);
        json_string(out, "peer", link->peer);
        json_string(out, "mode", modes[link->bound]);
        json_string(out, "system_id", link->account != NULL
                    ? link->account->system_id : "");
        json_number(out, "submits", (int64_t) link->submits);
        json_number(out, "unanswered_receipts", link->unanswered_count);
        json_boolean(out, "paused", link->paused);
        json_object_end(out);
    }
    json_array_end(out);
    json_end(out);
}

static void drop_link(struct link *link)
{
    link_close(link, "dropped by control");
}

static void unbind_link(struct link *link)
{
    smpp_put_header_only(&link->out, SMPP_UNBIND, SMPP_OK,
                         ++link->last_sequence);
}

static void pause_link(struct link *link)
{
    link_pause(link, true);
}

static void resume_link(struct link *link)
{
    link_pause(link, false);
}

/* Do something to link N, or to all; false (and a reply) if there is none
 * of that number. */
static bool for_links(struct control_client *client, const char *which,
                      void (*act)(struct link *))
{
    struct link *link, *next;
    char *end;
    unsigned long number = strtoul(which, &end, 10);
    bool all = strcmp(which, "all") == 0, found = all;

    for (link = TAILQ_FIRST(&client->smsc->links); link != NULL;
         link = next) {
        next = TAILQ_NEXT(link, next);
        if (all || (*end == '\0' && end != which && link->number == number)) {
            act(link);
            found = true;
        }
    }
    if (found)
        reply_ok(client);
    else
        reply_error(client, "there is no such link; say its number or all");
    return found;
}

static void do_drop(struct control_client *client, char *which)
{
    for_links(client, which, drop_link);
}

static void do_unbind(struct control_client *client, char *which)
{
    for_links(client, which, unbind_link);
}

/* Without a number: every link, and those that come. */
static void do_pause(struct control_client *client, char *which)
{
    if (which[0] == '\0')
        client->smsc->paused = true;
    for_links(client, which[0] == '\0' ? "all" : which, pause_link);
}

static void do_resume(struct control_client *client, char *which)
{
    if (which[0] == '\0')
        client->smsc->paused = false;
    for_links(client, which[0] == '\0' ? "all" : which, resume_link);
}

static void do_phone(struct control_client *client, char *arguments)
{
    struct smsc *smsc = client->smsc;
    bool on = strncmp(arguments, "on ", 3) == 0;

    if (!on && strncmp(arguments, "off ", 4) != 0) {
        reply_error(client, "say: phone on GLOB, or phone off GLOB");
        return;
    }
    phone_switch(&smsc->phones, arguments + (on ? 3 : 4), on);
    if (on)
        message_retry_waiting(smsc);
    reply_ok(client);
}

/* Put the next word of `arguments` into `word`; false if it is missing or
 * has no room. */
static bool take_word(char **arguments, char *word, size_t room)
{
    size_t length = strcspn(*arguments, " ");

    if (length == 0 || length >= room)
        return false;
    memcpy(word, *arguments, length);
    word[length] = '\0';
    *arguments += length + strspn(*arguments + length, " ");
    return true;
}

/* A phone sends a text to a short number that the clients with this
 * system_id serve. */
static void do_mo(struct control_client *client, char *arguments)
{
    struct smpp_address source = { .ton = 1, .npi = 1 };
    struct smpp_address destination = { .npi = 1 };
    struct delivery_text text = {
        .service_type = "", .source = &source, .destination = &destination
    };
    char system_id[16];

    if (!take_word(&arguments, system_id, sizeof(system_id))
        || !take_word(&arguments, source.digits, sizeof(source.digits))
        || !take_word(&arguments, destination.digits,
                      sizeof(destination.digits))
        || strlen(arguments) > CONTROL_MO_MAX) {
        reply_error(client, "say: mo SYSTEM_ID FROM TO TEXT of at most 160 "
                    "characters");
        return;
    }
    text.text = arguments;
    delivery_send(delivery_new(client->smsc,
                               delivery_account(client->smsc, system_id),
                               &text));
    reply_ok(client);
}

static void do_idle(struct control_client *client, char *arguments)
{
    (void) arguments;
    client->waits_idle = true;
    client->reads_seen = client->smsc->reads;
    /* one more round, in which the links are looked at */
    loop_timer_set(&client->smsc->loop, &client->smsc->control_timer,
                   loop_now());
}

static void do_quit(struct control_client *client, char *arguments)
{
    (void) arguments;
    client->smsc->loop.stop = true;
    reply_ok(client);
}

static void control_command(struct control_client *client, char *line)
{
    static const struct {
        const char *word;
        void (*run)(struct control_client *client, char *arguments);
    } commands[] = {
        { "plan", do_plan }, { "stats", do_stats }, { "links", do_links },
        { "drop", do_drop }, { "unbind", do_unbind }, { "pause", do_pause },
        { "resume", do_resume }, { "idle", do_idle }, { "phone", do_phone },
        { "mo", do_mo }, { "quit", do_quit }
    };
    struct journal *journal = &client->smsc->journal;
    size_t length = strcspn(line, " "), i;
    char *arguments = line + length + strspn(line + length, " ");

    json_string(journal_begin(journal, "control"), "command", line);
    journal_end(journal);
    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strlen(commands[i].word) == length
            && strncmp(commands[i].word, line, length) == 0) {
            commands[i].run(client, arguments);
            return;
        }
    }
    reply_error(client, "commands: plan FILE, stats, links, drop LINK, "
                "unbind LINK, pause [LINK], resume [LINK], idle, "
                "phone on|off GLOB, mo SYSTEM_ID FROM TO TEXT, quit");
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
            reply_error(client, "the line is too long");
            client->ending = true;
            return;
        }
        memcpy(line, buffer_bytes(&client->in), length);
        buffer_consume(&client->in, length + 1);
        line[length] = '\0';
        line[strcspn(line, "\r")] = '\0';
        control_command(client, line);
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
    reply_ok(client);
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
