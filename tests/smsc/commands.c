/*
 * commands.c - see commands.h.
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "delivery.h"
#include "json.h"
#include "link.h"
#include "message.h"

enum { COMMAND_MO_MAX = 160 };

void command_reply_error(struct buffer *reply, const char *error)
{
    json_begin(reply);
    json_boolean(reply, "ok", false);
    json_string(reply, "error", error);
    json_end(reply);
}

void command_reply_ok(struct buffer *reply)
{
    json_begin(reply);
    json_boolean(reply, "ok", true);
    json_end(reply);
}

static void do_plan(struct smsc *smsc, char *path, struct buffer *reply)
{
    char error[512];
    struct plan *plan = plan_load(path, smsc->plan->seed, error,
                                  sizeof(error));

    if (plan == NULL) {
        command_reply_error(reply, error);
        return;
    }
    smsc_set_plan(smsc, plan);
    command_reply_ok(reply);
}

static void do_trace(struct smsc *smsc, char *arguments, struct buffer *reply)
{
    if (strcmp(arguments, "begin") != 0 || smsc->recorded == NULL) {
        command_reply_error(reply, smsc->recorded == NULL
                            ? "there is no trace" : "say: trace begin");
        return;
    }
    outages_begin(smsc);
    command_reply_ok(reply);
}

static void do_stats(struct smsc *smsc, char *arguments, struct buffer *reply)
{
    const struct smsc_counts *counts = &smsc->counts;
    const struct link *link;
    int64_t links = 0, binds = 0;

    (void) arguments;
    TAILQ_FOREACH(link, &smsc->links, next) {
        links++;
        binds += link->bound != LINK_UNBOUND;
    }
    json_begin(reply);
    json_boolean(reply, "ok", true);
    json_number(reply, "submits", (int64_t) counts->submits);
    json_number(reply, "accepted", (int64_t) counts->accepted);
    json_number(reply, "refused", (int64_t) counts->refused);
    json_number(reply, "unanswered", (int64_t) counts->unanswered);
    json_number(reply, "cancelled", (int64_t) counts->cancelled);
    json_number(reply, "displayed", (int64_t) smsc->phones.displayed);
    json_number(reply, "forgotten", (int64_t) smsc->phones.forgotten);
    json_number(reply, "incomplete", (int64_t) smsc->phones.sets.count);
    json_number(reply, "receipts", (int64_t) counts->receipts);
    json_number(reply, "receipts_answered",
                (int64_t) counts->receipts_answered);
    json_number(reply, "bad_pdus", (int64_t) counts->bad_pdus);
    json_number(reply, "links", links);
    json_number(reply, "binds", binds);
    json_number(reply, "pending_answers", (int64_t) counts->answers_pending);
    json_number(reply, "pending_messages",
                (int64_t) counts->messages_pending);
    json_number(reply, "pending_receipts",
                (int64_t) counts->deliveries_pending);
    json_number(reply, "waiting_for_phone",
                (int64_t) counts->messages_waiting);
    json_number(reply, "recorded", (int64_t) counts->recorded);
    json_number(reply, "not_recorded", (int64_t) counts->not_recorded);
    json_end(reply);
}

static void do_links(struct smsc *smsc, char *arguments, struct buffer *reply)
{
    static const char *const modes[] = {
        [LINK_UNBOUND] = "unbound", [LINK_TRANSMITTER] = "transmitter",
        [LINK_RECEIVER] = "receiver", [LINK_TRANSCEIVER] = "transceiver"
    };
    const struct link *link;

    (void) arguments;
    json_begin(reply);
    json_boolean(reply, "ok", true);
    json_array_begin(reply, "links");
    TAILQ_FOREACH(link, &smsc->links, next) {
        json_object_begin(reply);
        json_number(reply, "link", link->number);
        json_string(reply, "peer", link->peer);
        json_string(reply, "mode", modes[link->bound]);
        json_string(reply, "system_id", link->account != NULL
                    ? link->account->system_id : "");
        json_number(reply, "submits", (int64_t) link->submits);
        json_number(reply, "unanswered_receipts", link->unanswered_count);
        json_boolean(reply, "paused", link->paused);
        json_object_end(reply);
    }
    json_array_end(reply);
    json_end(reply);
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

/* Do something to link N, or to all. */
static void for_links(struct smsc *smsc, const char *which,
                      void (*act)(struct link *), struct buffer *reply)
{
    struct link *link, *next;
    char *end;
    unsigned long number = strtoul(which, &end, 10);
    bool all = strcmp(which, "all") == 0, found = all;

    for (link = TAILQ_FIRST(&smsc->links); link != NULL; link = next) {
        next = TAILQ_NEXT(link, next);
        if (all || (*end == '\0' && end != which && link->number == number)) {
            act(link);
            found = true;
        }
    }
    if (found)
        command_reply_ok(reply);
    else
        command_reply_error(reply, "there is no such link; say its number "
                            "or all");
}

static void do_drop(struct smsc *smsc, char *which, struct buffer *reply)
{
    for_links(smsc, which, drop_link, reply);
}

static void do_unbind(struct smsc *smsc, char *which, struct buffer *reply)
{
    for_links(smsc, which, unbind_link, reply);
}

/* Without a number: every link, and those that come. */
static void do_pause(struct smsc *smsc, char *which, struct buffer *reply)
{
    if (which[0] == '\0')
        smsc->paused = true;
    for_links(smsc, which[0] == '\0' ? "all" : which, pause_link, reply);
}

static void do_resume(struct smsc *smsc, char *which, struct buffer *reply)
{
    if (which[0] == '\0')
        smsc->paused = false;
    for_links(smsc, which[0] == '\0' ? "all" : which, resume_link, reply);
}

static void do_phone(struct smsc *smsc, char *arguments, struct buffer *reply)
{
    bool on = strncmp(arguments, "on ", 3) == 0;

    if (!on && strncmp(arguments, "off ", 4) != 0) {
        command_reply_error(reply, "say: phone on GLOB, or phone off GLOB");
        return;
    }
    phone_switch(&smsc->phones, arguments + (on ? 3 : 4), on);
    if (on)
        message_retry_waiting(smsc);
    command_reply_ok(reply);
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
static void do_mo(struct smsc *smsc, char *arguments, struct buffer *reply)
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
        || strlen(arguments) > COMMAND_MO_MAX) {
        command_reply_error(reply, "say: mo SYSTEM_ID FROM TO TEXT of at "
                            "most 160 characters");
        return;
    }
    text.text = arguments;
    delivery_send(delivery_new(smsc, delivery_account(smsc, system_id),
                               &text));
    command_reply_ok(reply);
}

static void do_quit(struct smsc *smsc, char *arguments, struct buffer *reply)
{
    (void) arguments;
    smsc->loop.stop = true;
    command_reply_ok(reply);
}

enum command_result command_run(struct smsc *smsc, char *line,
                                struct buffer *reply)
{
    static const struct {
        const char *word;
        void (*run)(struct smsc *smsc, char *arguments,
                    struct buffer *reply);
    } commands[] = {
        { "plan", do_plan }, { "stats", do_stats }, { "links", do_links },
        { "drop", do_drop }, { "unbind", do_unbind }, { "pause", do_pause },
        { "resume", do_resume }, { "phone", do_phone }, { "mo", do_mo },
        { "trace", do_trace }, { "quit", do_quit }
    };
    size_t length = strcspn(line, " "), i;
    char *arguments = line + length + strspn(line + length, " ");

    json_string(journal_begin(&smsc->journal, "control"), "command", line);
    journal_end(&smsc->journal);
    if (strcmp(line, "idle") == 0)
        return COMMAND_WAITS_IDLE;
    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strlen(commands[i].word) == length
            && strncmp(commands[i].word, line, length) == 0) {
            commands[i].run(smsc, arguments, reply);
            return COMMAND_DONE;
        }
    }
    command_reply_error(reply, "commands: plan FILE, stats, links, "
                        "drop LINK, unbind LINK, pause [LINK], "
                        "resume [LINK], idle, phone on|off GLOB, "
                        "mo SYSTEM_ID FROM TO TEXT, trace begin, quit");
    return COMMAND_DONE;
}
