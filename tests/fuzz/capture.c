/*
 * capture.c - captures of hostile networks
 *
 * The first octet of the input says what the rest is: a pcap file; or what
 * is said over connections to the PPG, the SMSC and a PI, octets in order,
 * repeated, missing or cut off, which reaches further. Whatever it is, the
 * trace that is made of it must be one.
 */

#include "fuzz.h"

#include "../replay/capture.h"

enum { PPG = 8080, SMPP = 2775, PI = 8081, NOWHERE = 9 };

/* What is said in one octet: over which connection, by whom, and how. */
enum how { IN_ORDER, AFTER_A_HOLE, AGAIN, END, RESET, BEGIN, LATE, CUT };

struct wire {
    struct capture *capture;
    struct timeval now;
    uint32_t sent[4][2];        /* by connection and side */
};

static struct recorder *open_recorder(FILE *file, bool pseudonyms,
                                      const struct capture_options *options,
                                      const struct timeval *begin)
{
    char error[TRACE_ERROR_SIZE], text[32];
    struct trace_begin first = capture_begin(options, begin, text);
    struct pseudonyms *standins = NULL;

    if (pseudonyms)
        standins = pseudonyms_new(NULL, error);
    return recorder_open_file(file, standins, first, error);
}

static struct capture_options all_ports(void)
{
    struct capture_options options = { .pi_anywhere = false };

    REQUIRE(capture_add_port(&options.ppg, "8080"));
    REQUIRE(capture_add_port(&options.smpp, "2775"));
    REQUIRE(capture_add_port(&options.pi, "127.0.0.1:8081"));
    return options;
}

/* --- a file ------------------------------------------------------------- */

static void take_file(const uint8_t *data, size_t size, FILE *out)
{
    struct capture_options options = all_ports();
    char error[PCAP_ERRBUF_SIZE > TRACE_ERROR_SIZE ? PCAP_ERRBUF_SIZE
                                                   : TRACE_ERROR_SIZE];
    FILE *in = fmemopen((void *) (uintptr_t) data, size, "r");
    pcap_t *pcap = in == NULL ? NULL : pcap_fopen_offline(in, error);
    struct recorder *recorder = NULL;
    struct capture *capture = NULL;
    struct pcap_pkthdr *header;
    const uint8_t *frame;

    if (pcap == NULL) {
        if (in != NULL)
            fclose(in);
        return;
    }
    while (pcap_next_ex(pcap, &header, &frame) == 1) {
        if (recorder == NULL) {
            recorder = open_recorder(out, false, &options, &header->ts);
            REQUIRE(recorder != NULL);
            capture = capture_new(&options, recorder, &header->ts, NULL);
            if (!capture_file(capture, pcap, "file", error))
                break;
        }
        if (!capture_packet(capture, header, frame, error))
            break;
    }
    if (capture != NULL)
        capture_finish(capture);
    REQUIRE(recorder == NULL || recorder_close(recorder, error));
    pcap_close(pcap);
}

/* --- connections -------------------------------------------------------- */

static void put_16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t) (value >> 8);
    at[1] = (uint8_t) value;
}

static void put_32(uint8_t *at, uint32_t value)
{
    put_16(at, value >> 16);
    put_16(at + 2, value & 0xffff);
}

/* A packet of raw IPv4; `cut` octets of it are not captured. */
static void send_packet(struct wire *wire, int connection, int side,
                        uint32_t seq, uint8_t flags, const uint8_t *bytes,
                        size_t size, size_t cut)
{
    static const unsigned ports[] = { PPG, SMPP, PI, NOWHERE };
    uint8_t packet[40 + 256] = { 0x45, [8] = 64, [9] = 6 };
    unsigned server = ports[connection], client = 40000;
    struct pcap_pkthdr header = { .ts = wire->now };
    char error[TRACE_ERROR_SIZE];

    put_16(packet + 2, (unsigned) (40 + size));
    put_32(packet + 12, 0x7f000001);
    put_32(packet + 16, 0x7f000001);
    put_16(packet + 20, side == 0 ? client : server);
    put_16(packet + 22, side == 0 ? server : client);
    put_32(packet + 24, seq);
    put_32(packet + 28, wire->sent[connection][1 - side]);
    packet[32] = 5 << 4;
    packet[33] = flags;
    memcpy(packet + 40, bytes, size);
    header.len = (bpf_u_int32) (40 + size);
    header.caplen = header.len - (bpf_u_int32) (cut < size ? cut : size);
    REQUIRE(capture_packet(wire->capture, &header, packet, error));
}

static void say(struct wire *wire, uint8_t order, const uint8_t *bytes,
                size_t size)
{
    int connection = order & 3, side = order >> 2 & 1;
    uint32_t *sent = &wire->sent[connection][side];
    enum how how = (enum how) (order >> 3 & 7);
    uint32_t seq;

    if (how == AFTER_A_HOLE)
        *sent += 7;
    seq = how == AGAIN ? *sent - 5 : *sent;
    if (how == LATE)
        wire->now.tv_sec += 1;
    wire->now.tv_usec = (wire->now.tv_usec + 1000) % 1000000;
    send_packet(wire, connection, side, seq,
                (uint8_t) (how == BEGIN ? side == 0 ? 0x02 : 0x12
                           : how == END ? 0x11 : how == RESET ? 0x14 : 0x10),
                bytes, size, how == CUT ? 3 : 0);
    *sent = seq + (uint32_t) size + (how == BEGIN || how == END);
}

static void take_connections(const uint8_t *data, size_t size, FILE *out,
                             bool pseudonyms)
{
    struct capture_options options = all_ports();
    struct wire wire = { .now = { .tv_sec = 1700000000 } };
    struct recorder *recorder = open_recorder(out, pseudonyms, &options,
                                              &wire.now);
    char error[TRACE_ERROR_SIZE];
    pcap_t *pcap = pcap_open_dead(DLT_RAW, 65535);
    size_t length;

    REQUIRE(recorder != NULL);
    wire.capture = capture_new(&options, recorder, &wire.now, NULL);
    REQUIRE(capture_file(wire.capture, pcap, "connections", error));
    for (; size >= 2; data += 2 + length, size -= 2 + length) {
        length = data[1] < size - 2 ? data[1] : size - 2;
        say(&wire, data[0], data + 2, length);
    }
    capture_finish(wire.capture);
    REQUIRE(recorder_close(recorder, error));
    pcap_close(pcap);
}

/* --- the trace ---------------------------------------------------------- */

static void check_trace(char *text, size_t size)
{
    char error[TRACE_ERROR_SIZE];
    struct trace_record record;
    struct trace_reader *reader
        = trace_open_file(fmemopen(text, size, "r"), "trace", error);
    int found;

    REQUIRE(reader != NULL);
    while ((found = trace_read(reader, &record)) == 1)
        ;
    REQUIRE(found == 0);
    trace_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = NULL;
    size_t text_size = 0;
    FILE *out;

    if (size < 2)
        return 0;
    out = open_memstream(&text, &text_size);
    if (data[0] % 4 == 0)
        take_file(data + 1, size - 1, out);
    else
        take_connections(data + 1, size - 1, out, data[0] % 4 == 1);
    fclose(out);
    if (text_size > 0)
        check_trace(text, text_size);
    free(text);
    return 0;
}
