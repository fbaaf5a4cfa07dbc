/*
 * capture.c - see capture.h.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../smsc/buffer.h"
#include "capture.h"
#include "exchange.h"
#include "pushes.h"
#include "records.h"
#include "smpp_link.h"

enum {
    HELD_MAX = 32 * 1024 * 1024,        /* octets of HTTP of all together */
    TIME_MAX_S = 99 * 365 * 24 * 3600u
};

enum service { SERVICE_NONE, SERVICE_PPG, SERVICE_SMPP, SERVICE_PI };

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
    struct pushes *pushes;
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
    bool heard;                         /* a request of HTTP */
    char from[ENDPOINT_TEXT];           /* the client's address */
};

/* --- the PPG and the PI ------------------------------------------------- */

static int64_t take_push(void *context, const struct http_message *message,
                         struct tcp_moment moment)
{
    struct conversation *conversation = context;

    return pushes_take(conversation->capture->pushes, message,
                       conversation->from, moment);
}

static void take_push_answer(void *context, int64_t number, int64_t status,
                             int64_t code, struct tcp_moment moment)
{
    struct conversation *conversation = context;

    pushes_answered(conversation->capture->pushes, number, status, code,
                    moment);
}

static int64_t take_notification(void *context,
                                 const struct http_message *message,
                                 struct tcp_moment moment)
{
    struct conversation *conversation = context;

    conversation->heard = true;
    return pushes_notified(conversation->capture->pushes, message, moment);
}

static void take_acknowledgement(void *context, int64_t number,
                                 int64_t status, int64_t code,
                                 struct tcp_moment moment)
{
    struct conversation *conversation = context;

    (void) code;
    pushes_acknowledged(conversation->capture->pushes, number, status,
                        moment);
}

/* Connections to any port need not be HTTP. */
static void say(void *context, const char *what, struct tcp_moment moment)
{
    struct conversation *conversation = context;
    struct capture *capture = conversation->capture;
    bool ppg = conversation->service == SERVICE_PPG;

    if (ppg || conversation->heard || !capture->options.pi_anywhere)
        records_say(&capture->records, moment, "%s from %s: %s",
                    ppg ? "PPG" : "PI", conversation->from, what);
}

/* --- connections -------------------------------------------------------- */

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

/* --- packets ------------------------------------------------------------ */

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

/* --- the whole ---------------------------------------------------------- */

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
    capture->pushes = pushes_new(&capture->records, capture->owners);
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
    tcp_finish(capture->tcp);
    sum_up(capture);
    segments_free(capture->segments);
    owners_free(capture->owners);
    pushes_free(capture->pushes);
    free(capture);
}
