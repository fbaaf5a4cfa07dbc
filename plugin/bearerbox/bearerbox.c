/*
 * bearerbox.c - see bearerbox.h
 *
 * The only file of the scheduler that knows Kannel's types. Hooks, in the
 * threads of the links, turn into news for the scheduler's mailbox; what the
 * scheduler wants of the links turns into calls of the host.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gwlib/gwlib.h"
#include "gw/bb_smscconn_cb.h"
#include "gw/bearerbox.h"
#include "gw/dlr.h"
#include "gw/gw_hooks.h"
#include "gw/meta_data.h"
#include "gw/sms.h"

#include "bearerbox/bearerbox.h"
#include "bearerbox/filter.h"
#include "bearerbox/last_batch.h"
#include "bearerbox/leases.h"
#include "bearerbox/news.h"
#include "bearerbox/scheduler.h"
#include "bearerbox/status.h"
#include "drivers.h"
#include "now.h"

static const double DRAIN_S = 10.0;

static const Config *config;
static const GwHost *host;
static char box[64];            /* part of the names of its instances */

static Mailbox *mailbox;
static Tickets *tickets;
static Filter *ours;            /* ids of our segments, for receipt_find() */
static LastBatch *last_batch;
static Leases *leases;
static Scheduler *_Atomic scheduler;     /* the status page asks early */
static long scheduler_thread = -1;

/* --- what the links tell -------------------------------------------------- */

static uint64_t ticket_of(const Msg *sms)
{
    return (uint64_t) (uintptr_t) sms->sms.ticket;
}

static const char *text_of(const Octstr *os)
{
    return os == NULL ? NULL : octstr_get_cstr(os);
}

static int link_fits(CfgGroup *grp)
{
    return drivers_fit(grp, config->smsc_id);
}

static void link_up(unsigned long serial)
{
    mailbox_put(mailbox, &link_news_create(NEWS_LINK_UP, serial, 0, NULL,
                                           NULL, NULL)->head.letter);
}

static void link_down(unsigned long serial)
{
    mailbox_put(mailbox, &link_news_create(NEWS_LINK_DOWN, serial, 0, NULL,
                                           NULL, NULL)->head.letter);
}

static DriverReason reason_of(int reason)
{
    switch (reason) {
    case SMSCCONN_FAILED_SHUTDOWN:
        return REASON_SHUTDOWN;
    case SMSCCONN_FAILED_REJECTED:
        return REASON_REJECTED;
    case SMSCCONN_FAILED_MALFORMED:
        return REASON_MALFORMED;
    case SMSCCONN_FAILED_DISCARDED:
        return REASON_DISCARDED;
    case SMSCCONN_FAILED_QFULL:
        return REASON_QUEUE_FULL;
    case SMSCCONN_FAILED_EXPIRED:
        return REASON_EXPIRED;
    default:
        return REASON_TEMPORARILY;
    }
}

static void segment_failed(unsigned long serial, const Msg *sms, int reason,
                           const Octstr *reply)
{
    LinkNews *news = link_news_create(NEWS_FAILED, serial, ticket_of(sms),
                                      NULL, NULL, text_of(reply));

    news->reason = reason_of(reason);
    mailbox_put(mailbox, &news->head.letter);
}

static int before_write(unsigned long serial, const Msg *sms)
{
    bool hungry;

    if (tickets_may_write(tickets, ticket_of(sms), &hungry)) {
        if (hungry)
            mailbox_ring(mailbox);
        return 1;
    }
    /* it may count as written already, and yet surely has not left */
    segment_failed(serial, sms, SMSCCONN_FAILED_EXPIRED, NULL);
    return 0;
}

/* SMPP 3.4, 5.2.23, gives a message id 64 octets, other protocols have no
 * limit; an index of PostgreSQL takes no value of more than 2,700. */
enum { MESSAGE_ID_MAX = 255 };

static bool is_message_id(const Octstr *id)
{
    return octstr_len(id) > 0 && octstr_len(id) <= MESSAGE_ID_MAX;
}

/* The id goes into the filter after the letter has gone, so that no receipt
 * for it can overtake the letter as one of ours. */
static void segment_sent(unsigned long serial, const Msg *sms,
                         const Octstr *written)
{
    const char *message_id = is_message_id(sms->sms.foreign_id)
        ? text_of(sms->sms.foreign_id) : NULL;
    Ticket ticket;
    bool known = tickets_get(tickets, ticket_of(sms), &ticket);

    mailbox_put(mailbox, &link_news_create(NEWS_SENT, serial, ticket_of(sms),
                                           NULL, message_id,
                                           text_of(written))->head.letter);
    if (known && message_id != NULL)
        filter_add(ours, ticket.smsc_id, message_id);
}

static int receipt_find(const Octstr *smsc_id, const Octstr *message_id,
                        int unknown)
{
    if (smsc_id == NULL || !is_message_id(message_id))
        return 0;
    return unknown || filter_has(ours, text_of(smsc_id),
                                 text_of(message_id));
}

/* The words of an SMPP receipt decide, if it has a state among them: the
 * driver calls failed what is not known to be final, too. Other drivers have
 * codes, which they know. */
static GroupEvent meaning_of(const char *link_name, const Msg *report)
{
    const long mask = report->sms.dlr_mask;

    if (classify_driver(link_name) == DRIVER_SMPP &&
        octstr_len(report->sms.msgdata) > 0 &&
        (classify_has_state(text_of(report->sms.msgdata)) ||
         !(mask & DLR_SUCCESS)))
        return classify_receipt_text(text_of(report->sms.msgdata));
    if (mask & DLR_SUCCESS)
        return EVENT_RECEIPT_DELIVERED;
    if ((mask & (DLR_UNKNOWN)) == (DLR_UNKNOWN))
        return EVENT_RECEIPT_INFO;
    if (mask & (DLR_FAIL | DLR_SMSC_FAIL))
        return EVENT_RECEIPT_FAILED_TEMPORARY;
    return EVENT_RECEIPT_INFO;
}

static void receipt(unsigned long serial, const char *link_name,
                    const Msg *report)
{
    LinkNews *news;

    if (report->sms.smsc_id == NULL || report->sms.foreign_id == NULL)
        return;
    news = link_news_create(NEWS_RECEIPT, serial, 0,
                            text_of(report->sms.smsc_id),
                            text_of(report->sms.foreign_id),
                            text_of(report->sms.msgdata));
    news->dlr = meaning_of(link_name, report);
    mailbox_put(mailbox, &news->head.letter);
}

static Heard heard_of(const GwAnswer *answer)
{
    switch (answer->how) {
    case GW_ANSWERED:
        return HEARD_ANSWER;
    case GW_UNANSWERED:
        return HEARD_NOTHING;
    case GW_LINK_LOST:
        break;
    }
    return HEARD_LOSS;
}

static void link_answer(unsigned long serial, GwAsk what, const Msg *sms,
                        const GwAnswer *answer)
{
    LinkNews *news = link_news_create(NEWS_ANSWER, serial, ticket_of(sms),
                                      NULL, NULL, NULL);

    (void) what;
    news->heard = heard_of(answer);
    news->status = (uint32_t) answer->status;
    news->message_state = answer->message_state;
    mailbox_put(mailbox, &news->head.letter);
}

/* --- what the scheduler wants of the links -------------------------------- */

/*
 * One message that serves for all questions and hand-overs, since the driver
 * works on a copy and the making of a Msg costs more than filling it in.
 * Only the worker's thread uses it.
 */
static Msg *question;

static void put_text(Octstr **field, const char *text)
{
    octstr_destroy(*field);
    *field = octstr_create(text);
}

/* The host wants NULL where there is none. */
static void put_name(Octstr **field, const char *text)
{
    octstr_destroy(*field);
    *field = text[0] == '\0' ? NULL : octstr_create(text);
}

static void put_octets(Octstr **field, const unsigned char *data, size_t len)
{
    octstr_destroy(*field);
    *field = octstr_create_from_data((const char *) data, (long) len);
}

/* The host reads SMS priorities 0 (lowest) to 3. */
static Msg *message_of(const WireSegment *segment)
{
    Msg *msg = question;

    put_text(&msg->sms.sender, segment->sender);
    put_text(&msg->sms.receiver, segment->receiver);
    put_octets(&msg->sms.udhdata, segment->udh, segment->udh_len);
    put_octets(&msg->sms.msgdata, segment->data, segment->data_len);
    put_name(&msg->sms.smsc_id, segment->smsc_id);
    put_name(&msg->sms.service, segment->service);
    put_name(&msg->sms.foreign_id, "");     /* some drivers fill it in */
    uuid_generate(msg->sms.id);             /* and to some it is the id */
    msg->sms.time = time(NULL);
    msg->sms.sms_type = mt_push;
    msg->sms.mwi = MWI_UNDEF;
    msg->sms.coding = DC_8BIT;
    msg->sms.mclass = MC_UNDEF;
    msg->sms.priority = segment->priority;
    msg->sms.msg_left = segment->left;
    /* This host's clock need not be right, but a driver that tells the SMSC
     * a duration takes it off again. */
    msg->sms.validity = segment->expires_us != 0
        ? segment->expires_us / 1000000
        : time(NULL) + segment->validity_us / 1000000;
    msg->sms.deferred = SMS_PARAM_UNDEFINED;
    msg->sms.dlr_mask = DLR_SUCCESS | DLR_FAIL;
    msg->sms.ticket = (void *) (uintptr_t) segment->ticket;
    return msg;
}

static WireSend taken(GwSend how)
{
    switch (how) {
    case GW_SEND_OK:
        return WIRE_OK;
    case GW_SEND_FULL:
        return WIRE_FULL;
    case GW_SEND_REFUSED:
        return WIRE_REFUSED;
    case GW_SEND_NO_LINK:
    case GW_SEND_SUSPENDED:
        break;
    }
    return WIRE_NO_LINK;
}

static WireSend wire_send(unsigned long serial, const WireSegment *segment)
{
    return taken(host->link_send(serial, message_of(segment)));
}

static WireSend wire_ask(unsigned long serial, const WireQuestion *asked)
{
    Msg *msg = question;

    put_text(&msg->sms.sender, asked->sender);
    put_text(&msg->sms.receiver, asked->receiver);
    put_text(&msg->sms.foreign_id, asked->message_id);
    msg->sms.ticket = (void *) (uintptr_t) asked->number;
    return taken(host->link_ask(serial, asked->what == WIRE_CANCEL
                                ? GW_ASK_CANCEL : GW_ASK_QUERY, msg));
}

typedef struct {
    WireLink *links;
    int n, max;
} Found;

static void found_link(const GwLink *link, void *arg)
{
    Found *found = arg;
    WireLink *to;

    if (found->n == found->max)
        return;
    to = &found->links[found->n++];
    to->serial = link->serial;
    snprintf(to->smsc_id, sizeof(to->smsc_id), "%s",
             link->smsc_id == NULL ? "" : link->smsc_id);
    to->active = link->active;
    to->preferred = link->preferred;
    to->checked_write = link->checked_write;
    to->can_ask = link->can_ask;
    to->driver = classify_driver(link->name);
}

static int wire_links(const char *route, const char *receiver,
                      WireLink *links, int max)
{
    Found found = { links, 0, max };

    if (receiver == NULL) {
        host->link_each(NULL, found_link, &found);
    } else {
        put_text(&question->sms.receiver, receiver);
        put_name(&question->sms.smsc_id, route);
        host->link_each(question, found_link, &found);
    }
    return found.n;
}

static const char *wire_listed(const char *sender, const char *receiver)
{
    put_text(&question->sms.sender, sender);
    put_text(&question->sms.receiver, receiver);
    return host->list_check(question);
}

/* As dlr_find() makes it of a receipt. */
static void wire_report(const WireReport *report)
{
    Msg *msg = msg_create(sms);

    msg->sms.sms_type = report_mo;
    msg->sms.dlr_mask = report->type;
    put_text(&msg->sms.sender, report->sender);
    put_text(&msg->sms.receiver, report->receiver);
    put_name(&msg->sms.smsc_id, report->smsc_id);
    put_name(&msg->sms.service, report->service);
    put_name(&msg->sms.dlr_url, report->url);
    put_name(&msg->sms.boxc_id, report->boxc_id);
    put_text(&msg->sms.msgdata, report->text);
    msg->sms.meta_data = octstr_format("?" METADATA_ORIG_MSG_GROUP "?"
        METADATA_ORIG_MSG_GROUP_DLR_MASK "=%ld&", report->mask);
    msg->sms.time = time(NULL);
    host->report(msg);
}

static const Wire wire = {
    wire_send, wire_links, wire_ask, wire_listed, wire_report
};

/* --- life ------------------------------------------------------------------ */

static void log_line(int level, const char *text)
{
    switch (level) {
    case 1:
        info(0, "convoy: %s", text);
        break;
    case 2:
        warning(0, "convoy: %s", text);
        break;
    default:
        error(0, "convoy: %s", text);
        break;
    }
}

static long spawn(void (*run)(void *arg), void *arg)
{
    return gwthread_create(run, arg);
}

static void schedule(void *arg)
{
    (void) arg;
    scheduler_run(scheduler);
}

static void start_scheduler(void)
{
    LastBatch *last = last_batch_open(config->state_location,
                                      config->deployment, log_line);
    LeasesSetup lease_setup = {
        .conninfo = config->conninfo, .deployment = config->deployment,
        .box = box, .wire = &wire, .to = mailbox,
        .tickets = tickets, .last_batch = last, .spawn = spawn, .join = gwthread_join,
        .log = log_line
    };
    SchedulerSetup setup = {
        .conninfo = config->conninfo,
        .limits = &config->limits, .overrides = &config->overrides,
        .answer_timeout_us = config->answer_timeout_us,
        .reference_hold_us = config->reference_hold_us,
        .query = config->query,
        .active_groups = config->active_groups, .wire = &wire,
        .mailbox = mailbox, .tickets = tickets, .last_batch = last,
        .log = log_line
    };

    last_batch = last;
    question = msg_create(sms);
    leases = leases_start(&lease_setup);
    setup.leases = leases;
    scheduler = scheduler_create(&setup);
    scheduler_thread = gwthread_create(schedule, NULL);
}

static void drain(void)
{
    int64_t until = now_us() + (int64_t) (DRAIN_S * 1e6);

    if (scheduler == NULL)
        return;
    info(0, "convoy: finishing the groups that have begun");
    while (!scheduler_drain(scheduler) && now_us() < until)
        gwthread_sleep(0.02);
    scheduler_links_end(scheduler);
}

static void stop(void)
{
    if (scheduler == NULL)
        return;
    scheduler_stop(scheduler);
    gwthread_join(scheduler_thread);
    leases_stop(leases);
    scheduler_destroy(scheduler);
    scheduler = NULL;
    last_batch_close(last_batch);
    msg_destroy(question);
}

static Octstr *status(int status_type)
{
    return status_block(scheduler, status_type);
}

static Octstr *command(List *cgivars)
{
    (void) cgivars;
    return status_text(scheduler);
}

/* Unique in the cluster and over time: host, process, moment. */
static void name_box(void)
{
    char name[32];

    if (gethostname(name, sizeof(name)) != 0)
        strcpy(name, "?");
    name[sizeof(name) - 1] = '\0';
    snprintf(box, sizeof(box), "%s/%ld/%" PRIx64, name,
             (long) getpid(), (uint64_t) time(NULL));
}

void bearerbox_start(const Config *the_config, const GwHost *the_host,
                     GwHooks *hooks)
{
    config = the_config;
    host = the_host;
    name_box();
    mailbox = mailbox_create();
    if (mailbox == NULL)
        panic(errno, "convoy: no descriptor for the mailbox");
    tickets = tickets_create();
    ours = filter_create();

    hooks->running = start_scheduler;
    hooks->drain = drain;
    hooks->stop = stop;
    hooks->link_fits = link_fits;
    hooks->link_up = link_up;
    hooks->link_down = link_down;
    hooks->before_write = before_write;
    hooks->segment_sent = segment_sent;
    hooks->segment_failed = segment_failed;
    hooks->link_answer = link_answer;
    hooks->receipt_find = receipt_find;
    hooks->receipt = receipt;
    hooks->status = status;
    hooks->admin = command;
    hooks->answer_timeout = config->answer_timeout_us / 1e6;
}
