/*
 * capture.c - see capture.h.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../smsc/buffer.h"
#include "../smsc/table.h"
#include "capture.h"
#include "exchange.h"
#include "horizon.h"
#include "posted.h"
#include "records.h"
#include "smpp_link.h"

enum {
    HELD_MAX = 32 * 1024 * 1024,        /* octets of HTTP of all together */
    PUSH_IDS_MAX = 524288,              /* pushes that may be notified of */
    UNANSWERED_MAX = 4096,              /* pushes, and notifications */
    TIME_MAX_S = 99 * 365 * 24 * 3600u
};

enum { PAP_ACCEPTED = 1001 };

enum service { SERVICE_NONE, SERVICE_PPG, SERVICE_SMPP, SERVICE_PI };

/* A push, or a notification, that has no answer yet. */
struct asked {
    int64_t number;
    uint64_t push_id;           /* its hash; 0: it has none */
};

struct told {
    int64_t number, push;
    const char *state;
    char dst[PAP_NUMBER_SIZE];
};

struct capture {
    struct capture_options options;
    struct timeval begin;
    int link;
    int64_t latest;
    uint64_t packets, in_file, fragments, broken;
    struct records records;
    struct owners *owners;
    struct segments *segments;
    struct smpp_links links;
    /* by hash; a: the push; b: how many were accepted, and there, << 32 */
    struct horizon *push_ids;
    struct asked asked[UNANSWERED_MAX];
    struct told told[UNANSWERED_MAX];
    struct tcp *tcp;
    size_t held;
};

/* A connection. */
struct conversation {
    struct capture *capture;
    enum service service;
    struct exchange *exchange;
    struct smpp_link *link;
    size_t held;
    char from[ENDPOINT_TEXT];           /* the client's address */
};

static uint64_t hash_of_id(const char *push_id)
{
    uint64_t hash = hash_finish(hash_text(HASH_START, push_id));

    return hash != 0 ? hash : 1;
}

/* --- the PPG ----------------------------------------------------------- */

/* A push that may get segments and notifications. */
static void await(struct capture *capture, const struct posted *posted)
{
    const struct trace_record *record = &posted->record;
    struct horizon_entry *entry;
    uint64_t key;
    size_t i;

    if (record->operation == NULL || strcmp(record->operation, "push") != 0)
        return;
    for (i = 0; i < posted->pap.count; i++)
        owners_add(capture->owners, record->push,
                   pap_digits(posted->pap.numbers[i]), record->body.bytes,
                   record->body.size);
    if (record->push_id == NULL)
        return;
    key = hash_of_id(record->push_id);
    entry = horizon_find(capture->push_ids, key);
    if (entry == NULL)
        entry = horizon_add(capture->push_ids, key);
    entry->a = (uint64_t) record->push;
    entry->b += UINT64_C(1) << 32;
    capture->asked[record->push % UNANSWERED_MAX]
        = (struct asked) { record->push, key };
}

/* The push that a notification with this push-id is about; unknown if
 * several may be meant, as it does not say whose push-id it is. */
static int64_t find_push(struct capture *capture, const char *push_id)
{
    struct horizon_entry *entry
        = push_id == NULL ? NULL : horizon_find(capture->push_ids,
                                                hash_of_id(push_id));
    uint64_t accepted = entry == NULL ? 0 : entry->b & UINT32_MAX;

    if (accepted == 1 || (entry != NULL && accepted == 0
                          && entry->b >> 32 == 1))
        return (int64_t) entry->a;
    return TRACE_UNKNOWN;
}

static int64_t take_push(void *context, const struct http_message *message,
                         struct tcp_moment moment)
{
    struct conversation *conversation = context;
    struct capture *capture = conversation->capture;
    struct posted posted;
    int64_t number = 0;

    if (strcmp(message->method, "POST") != 0)
        return 0;
    posted_read(&posted, message, conversation->from);
    posted.record.push = capture->records.pushes + 1;
    if (records_write(&capture->records, &posted.record, moment)) {
        number = posted.record.push;
        await(capture, &posted);
    }
    posted_free(&posted);
    return number;
}

static void take_push_answer(void *context, int64_t number, int64_t status,
                             int64_t code, struct tcp_moment moment)
{
    struct conversation *conversation = context;
    struct capture *capture = conversation->capture;
    struct trace_record record = trace_clear(TRACE_PUSH_ANSWER, 0);
    const struct asked *asked = &capture->asked[number % UNANSWERED_MAX];
    struct horizon_entry *entry;

    record.push = number;
    record.http = status;
    record.code = code;
    records_write(&capture->records, &record, moment);
    if (code != PAP_ACCEPTED || asked->number != number)
        return;
    entry = horizon_find(capture->push_ids, asked->push_id);
    if (entry != NULL) {
        entry->a = (uint64_t) number;
        entry->b++;
    }
}

static void say(void *context, const char *what, struct tcp_moment moment)
{
    struct conversation *conversation = context;

    records_say(&conversation->capture->records, moment, "%s from %s: %s",
                conversation->service == SERVICE_PPG ? "PPG" : "PI",
                conversation->from, what);
}

/* --- the PI ------------------------------------------------------------ */

static const char *state_word(const char *state)
{
    static const char *const words[] = {
        "rejected", "pending", "delivered", "undeliverable", "expired",
        "aborted", "timeout", "cancelled", "unknown"
    };
    size_t i;

    for (i = 0; state != NULL && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(state, words[i]) == 0)
            return words[i];
    return NULL;
}

static int64_t take_notification(void *context,
                                 const struct http_message *message,
                                 struct tcp_moment moment)
{
    struct conversation *conversation = context;
    struct capture *capture = conversation->capture;
    struct trace_record record = trace_clear(TRACE_NOTIFICATION, 0);
    struct told *told;
    struct pap pap;

    if (message->body.bytes == NULL
        || !pap_read(&pap, message->body.bytes, message->body.size))
        return 0;
    if (strcmp(pap.message, "resultnotification-message") == 0) {
        record.notification = capture->records.notifications + 1;
        record.push = find_push(capture, pap.push_id);
        record.state = state_word(pap.state);
        if (pap.code >= 1000 && pap.code <= 5999)
            record.code = pap.code;
        if (pap.count > 0 && strspn(pap.numbers[0], "+0123456789.-")
            == strlen(pap.numbers[0]) && pap.numbers[0][0] != '\0')
            record.dst = pap.numbers[0];
        if (!records_write(&capture->records, &record, moment))
            record.notification = 0;
    }
    if (record.notification > 0) {
        told = &capture->told[record.notification % UNANSWERED_MAX];
        *told = (struct told) {
            record.notification, record.push, record.state, ""
        };
        if (record.dst != NULL)
            strcpy(told->dst, record.dst);
    }
    pap_free(&pap);
    return record.notification > 0 ? record.notification : 0;
}

static void take_acknowledgement(void *context, int64_t number,
                                 int64_t status, int64_t code,
                                 struct tcp_moment moment)
{
    struct conversation *conversation = context;
    struct capture *capture = conversation->capture;
    struct trace_record record = trace_clear(TRACE_NOTIFICATION_ANSWER, 0);
    const struct told *told = &capture->told[number % UNANSWERED_MAX];

    (void) code;
    record.notification = number;
    record.http = status;
    records_write(&capture->records, &record, moment);
    if (status < 200 || status > 299 || told->number != number
        || told->push < 0 || told->state == NULL)
        return;
    record = trace_clear(TRACE_OUTCOME, 0);
    record.push = told->push;
    record.dst = told->dst[0] != '\0' ? told->dst : NULL;
    record.state = record.told = told->state;
    records_write(&capture->records, &record, moment);
}

/* --- connections ----------------------------------------------------------- */

static bool is_port(const struct capture_ports *ports,
                    const struct endpoint *endpoint)
{
    int i;

    for (i = 0; i < ports->count; i++)
        if (ports->items[i].port == endpoint->port
            && (ports->items[i].any
                || memcmp(ports->items[i].address, endpoint->address,
                          sizeof(endpoint->address)) == 0))
            return true;
    return false;
}

static enum service service_of(const struct capture *capture,
                               const struct endpoint *endpoint)
{
    if (is_port(&capture->options.ppg, endpoint))
        return SERVICE_PPG;
    if (is_port(&capture->options.smpp, endpoint))
        return SERVICE_SMPP;
    if (capture->options.pi_anywhere
        || is_port(&capture->options.pi, endpoint))
        return SERVICE_PI;
    return SERVICE_NONE;
}

static int rank(void *context, const struct endpoint *endpoint)
{
    const struct capture *capture = context;
    enum service service = service_of(capture, endpoint);

    if (service == SERVICE_PI && capture->options.pi_anywhere)
        return 1;
    return service == SERVICE_NONE ? 0 : 2;
}

static void *open_conversation(void *context, const struct endpoint *client,
                               const struct endpoint *server, bool begun,
                               struct tcp_moment moment)
{
    static const struct exchange_user ppg = {
        take_push, take_push_answer, say
    };
    static const struct exchange_user pi = {
        take_notification, take_acknowledgement, say
    };
    struct capture *capture = context;
    struct conversation *conversation = mem_new(sizeof(*conversation));

    conversation->capture = capture;
    conversation->service = service_of(capture, server);
    endpoint_address(conversation->from, client);
    if (conversation->service == SERVICE_SMPP)
        conversation->link = smpp_link_new(&capture->links, begun);
    else
        conversation->exchange = exchange_new(
            conversation->service == SERVICE_PPG ? &ppg : &pi, conversation,
            begun);
    if (conversation->link != NULL || conversation->exchange != NULL)
        return conversation;
    records_say(&capture->records, moment, "SMPP: more than %d connections "
                "at once: one is left out", SMPP_LINKS_MAX);
    free(conversation);
    return NULL;
}

/* Holds all exchanges together to their share of memory. */
static void weigh(struct conversation *conversation, struct tcp_moment moment)
{
    struct capture *capture = conversation->capture;

    capture->held -= conversation->held;
    conversation->held = exchange_held(conversation->exchange);
    capture->held += conversation->held;
    if (capture->held <= HELD_MAX)
        return;
    exchange_give_up(conversation->exchange, "too much is open at once",
                     moment);
    capture->held -= conversation->held;
    conversation->held = 0;
}

static void take_octets(void *user, enum tcp_side side, const uint8_t *bytes,
                        size_t size, struct tcp_moment moment)
{
    struct conversation *conversation = user;

    if (conversation->link != NULL) {
        smpp_link_octets(conversation->link, side, bytes, size, moment);
        return;
    }
    exchange_octets(conversation->exchange, side, bytes, size, moment);
    weigh(conversation, moment);
}

static void take_loss(void *user, enum tcp_side side, size_t size,
                      struct tcp_moment moment)
{
    struct conversation *conversation = user;

    if (conversation->link != NULL)
        smpp_link_lost(conversation->link, side, size, moment);
    else
        exchange_lost(conversation->exchange, side, size, moment);
}

static void take_end(void *user, enum tcp_side side, bool reset,
                     struct tcp_moment moment)
{
    struct conversation *conversation = user;

    if (conversation->link != NULL)
        smpp_link_end(conversation->link, side, moment);
    else
        exchange_end(conversation->exchange, side, reset, moment);
}

static void close_conversation(void *user, enum tcp_close how,
                               struct tcp_moment moment)
{
    struct conversation *conversation = user;

    conversation->capture->held -= conversation->held;
    if (conversation->link != NULL)
        smpp_link_close(conversation->link, how, moment);
    else
        exchange_close(conversation->exchange, how, moment);
    free(conversation);
}

/* --- packets ------------------------------------------------------------------ */

bool capture_file(struct capture *capture, pcap_t *pcap, const char *name,
                  char error[TRACE_ERROR_SIZE])
{
    const char *link;

    capture->link = pcap_datalink(pcap);
    capture->records.file = name;
    capture->in_file = 0;
    if (packet_link_known(capture->link))
        return true;
    link = pcap_datalink_val_to_name(capture->link);
    snprintf(error, TRACE_ERROR_SIZE, "%s: packets of the link type %s (%d) "
             "cannot be read", name, link != NULL ? link : "unknown",
             capture->link);
    return false;
}

static void take_time(struct capture *capture, struct packet *packet)
{
    struct tcp_moment moment = { packet->t, packet->number };

    if (packet->t < capture->latest - TRACE_SLACK_US) {
        records_say(&capture->records, moment, "it is %" PRId64 " us older "
                    "than the latest before it, and counts as one of that "
                    "time", capture->latest - packet->t);
        packet->t = capture->latest;
    }
    if (packet->t < 0)
        packet->t = 0;
    if (packet->t > capture->latest)
        capture->latest = packet->t;
}

bool capture_packet(struct capture *capture, const struct pcap_pkthdr *header,
                    const uint8_t *frame, char error[TRACE_ERROR_SIZE])
{
    int64_t seconds = (int64_t) header->ts.tv_sec - capture->begin.tv_sec;
    struct packet packet = { .number = ++capture->in_file };

    capture->packets++;
    if (seconds > TIME_MAX_S || seconds < -(int64_t) TIME_MAX_S
        || header->ts.tv_usec < 0 || header->ts.tv_usec > 999999) {
        snprintf(error, TRACE_ERROR_SIZE, "%s: packet %" PRIu64 ": its time "
                 "makes no sense", capture->records.file, packet.number);
        return false;
    }
    packet.t = seconds * 1000000 + header->ts.tv_usec
               - capture->begin.tv_usec;
    take_time(capture, &packet);
    switch (packet_parse(capture->link, frame, header->caplen, header->len,
                         &packet)) {
    case PACKET_TCP:
        tcp_take(capture->tcp, &packet);
        break;
    case PACKET_FRAGMENT:
        capture->fragments++;
        break;
    case PACKET_BROKEN:
        capture->broken++;
        break;
    case PACKET_OTHER:
        break;
    }
    if (!recorder_failed(capture->records.recorder))
        return true;
    snprintf(error, TRACE_ERROR_SIZE, "the trace cannot be written");
    return false;
}

/* --- the whole -------------------------------------------------------------- */

bool capture_add_port(struct capture_ports *ports, const char *text)
{
    const char *colon = strrchr(text, ':');
    const char *digits = colon == NULL ? text : colon + 1;
    struct capture_port port = { .any = colon == NULL };
    char host[ENDPOINT_TEXT];
    struct in_addr ipv4;
    size_t length = colon == NULL ? 0 : (size_t) (colon - text);

    if (ports->count == CAPTURE_PORTS_MAX || *digits == '\0'
        || strlen(digits) > 5
        || digits[strspn(digits, "0123456789")] != '\0'
        || atoi(digits) < 1 || atoi(digits) > 65535)
        return false;
    port.port = (uint16_t) atoi(digits);
    if (!port.any) {
        if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
            text++;
            length -= 2;
        }
        if (length >= sizeof(host))
            return false;
        memcpy(host, text, length);
        host[length] = '\0';
        if (inet_pton(AF_INET, host, &ipv4) == 1) {
            memset(port.address + 10, 0xff, 2);
            memcpy(port.address + 12, &ipv4, 4);
        } else if (inet_pton(AF_INET6, host, port.address) != 1) {
            return false;
        }
    }
    ports->items[ports->count++] = port;
    return true;
}

struct trace_begin capture_begin(const struct capture_options *options,
                                 const struct timeval *time, char text[32])
{
    struct trace_begin begin = {
        .source = "pcap", .unknown = 1u << TRACE_PHONE
    };
    struct tm tm;

    gmtime_r(&time->tv_sec, &tm);
    if (strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &tm) == 19) {
        snprintf(text + 19, 13, ".%06luZ",
                 (unsigned long) time->tv_usec % 1000000);
        begin.begin = text;
    }
    if (options->ppg.count == 0)
        begin.unknown |= 1u << TRACE_PUSH | 1u << TRACE_PUSH_ANSWER;
    if (options->smpp.count == 0)
        begin.unknown |= 1u << TRACE_LINK | 1u << TRACE_SUBMIT
                         | 1u << TRACE_SUBMIT_ANSWER | 1u << TRACE_RECEIPT
                         | 1u << TRACE_CANCEL;
    if (options->pi.count == 0 && !options->pi_anywhere)
        begin.unknown |= 1u << TRACE_NOTIFICATION
                         | 1u << TRACE_NOTIFICATION_ANSWER
                         | 1u << TRACE_OUTCOME;
    return begin;
}

struct capture *capture_new(const struct capture_options *options,
                            struct recorder *recorder,
                            const struct timeval *begin, FILE *words)
{
    static const struct tcp_user user = {
        open_conversation, take_octets, take_loss, take_end,
        close_conversation
    };
    struct capture *capture = mem_new(sizeof(*capture));

    capture->options = *options;
    capture->begin = *begin;
    capture->records.recorder = recorder;
    capture->records.words = words;
    capture->owners = owners_new();
    capture->segments = segments_new(capture->owners);
    capture->push_ids = horizon_new(PUSH_IDS_MAX);
    capture->links.records = &capture->records;
    capture->links.segments = capture->segments;
    capture->tcp = tcp_new(&user, capture, rank);
    return capture;
}

static void sum_up(const struct capture *capture)
{
    const struct records *records = &capture->records;

    if (records->words == NULL)
        return;
    if (records->said > RECORDS_WORDS_MAX)
        fprintf(records->words, "convoy-trace: and %" PRIu64 " more such "
                "lines\n", records->said - RECORDS_WORDS_MAX);
    if (capture->fragments > 0)
        fprintf(records->words, "convoy-trace: %" PRIu64 " fragments of IP "
                "packets are left out\n", capture->fragments);
    if (capture->broken > 0)
        fprintf(records->words, "convoy-trace: %" PRIu64 " packets are "
                "broken, or cut off before their TCP header ends\n",
                capture->broken);
    if (recorder_bodies(records->recorder) > 0)
        fprintf(records->words, "convoy-trace: %" PRIu64 " bodies are left "
                "out, which are too long for a trace or in UTF-16 or "
                "UTF-32\n", recorder_bodies(records->recorder));
    fprintf(records->words, "convoy-trace: %" PRIu64 " packets: %" PRId64
            " pushes, %" PRId64 " submits, %" PRId64 " notifications\n",
            capture->packets, records->pushes, records->submits,
            records->notifications);
}

void capture_finish(struct capture *capture)
{
    tcp_finish(capture->tcp, (struct tcp_moment) { capture->latest,
                                                   capture->in_file });
    sum_up(capture);
    segments_free(capture->segments);
    owners_free(capture->owners);
    horizon_free(capture->push_ids);
    free(capture);
}
