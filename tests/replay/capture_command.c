/*
 * capture_command.c - convoy-trace capture: a trace from captured packets.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "capture.h"
#include "commands.h"

static void print_usage(FILE *stream)
{
    fputs("usage: convoy-trace capture [--ppg PORT] [--smpp PORT]"
          " [--pi PORT] [options]\n"
          "                            FILE...\n\n"
          "Makes a trace from what tcpdump, dumpcap or Wireshark captured"
          " (pcap or pcapng;\n- is standard input) of a gateway, stock Kannel"
          " or Convoy. Several files are\ntaken for one capture, in their"
          " order. What the capture does not show is not in\nthe trace, and"
          " standard error says what could not be understood, with the\n"
          "number of the packet. TLS cannot be read, and is left out.\n\n"
          "PORT may be HOST:PORT with an IP address ([HOST]:PORT for IPv6),"
          " and each of\nthese may be given several times:\n\n"
          "    --ppg PORT         where the PPG takes pushes\n"
          "    --smpp PORT        where the SMSC takes SMPP binds\n"
          "    --pi PORT          where PIs take result notifications; any:"
          " on any other port\n"
          RECORDER_HELP, stream);
}

static int complain(const char *error)
{
    fprintf(stderr, "convoy-trace: %s\n", error);
    return 1;
}

/* All packets of a file. `capture` and `recorder` begin with the first. */
static bool take_file(const char *name, pcap_t *pcap,
                      const struct capture_options *options,
                      const struct recorder_options *recording,
                      struct recorder **recorder, struct capture **capture,
                      char error[TRACE_ERROR_SIZE])
{
    struct pcap_pkthdr *header;
    const uint8_t *frame;
    uint64_t packets = 0;
    char begin[32];
    int found;

    while ((found = pcap_next_ex(pcap, &header, &frame)) == 1) {
        if (*recorder == NULL) {
            *recorder = recorder_open(recording, capture_begin(
                options, &header->ts, begin), error);
            if (*recorder == NULL)
                return false;
            *capture = capture_new(options, *recorder, &header->ts, stderr);
        }
        if ((packets++ == 0 && !capture_file(*capture, pcap, name, error))
            || !capture_packet(*capture, header, frame, error))
            return false;
    }
    if (found == PCAP_ERROR_BREAK)
        return true;
    snprintf(error, TRACE_ERROR_SIZE, "%s: packet %" PRIu64 ": %s", name,
             packets + 1, pcap_geterr(pcap));
    return false;
}

static bool take_files(int count, char **names,
                       const struct capture_options *options,
                       const struct recorder_options *recording,
                       struct recorder **recorder, struct capture **capture,
                       char error[TRACE_ERROR_SIZE])
{
    char why[PCAP_ERRBUF_SIZE];
    bool good = true;
    pcap_t *pcap;
    int i;

    for (i = 0; good && i < count; i++) {
        pcap = pcap_open_offline(names[i], why);
        if (pcap == NULL) {
            snprintf(error, TRACE_ERROR_SIZE, "%s: %s", names[i], why);
            return false;
        }
        good = take_file(names[i], pcap, options, recording, recorder,
                         capture, error);
        pcap_close(pcap);
    }
    if (good && *recorder == NULL) {
        snprintf(error, TRACE_ERROR_SIZE, "%s: there is no packet",
                 names[0]);
        return false;
    }
    return good;
}

static int run(int count, char **names, const struct capture_options *options,
               const struct recorder_options *recording)
{
    struct recorder *recorder = NULL;
    struct capture *capture = NULL;
    char error[TRACE_ERROR_SIZE];
    int result = 0;

    if (!take_files(count, names, options, recording, &recorder, &capture,
                    error))
        result = complain(error);
    if (capture != NULL)
        capture_finish(capture);
    if (recorder != NULL && !recorder_close(recorder, error) && result == 0)
        result = complain(error);
    return result;
}

static bool take_option(struct capture_options *options,
                        struct recorder_options *recording, int letter)
{
    switch (letter) {
    case 'p':
        return capture_add_port(&options->ppg, optarg);
    case 's':
        return capture_add_port(&options->smpp, optarg);
    case 'i':
        if (strcmp(optarg, "any") != 0)
            return capture_add_port(&options->pi, optarg);
        options->pi_anywhere = true;
        return true;
    default:
        return recorder_option(recording, letter, optarg);
    }
}

int capture_command(int argc, char **argv)
{
    static const struct option known[] = {
        { "ppg", required_argument, NULL, 'p' },
        { "smpp", required_argument, NULL, 's' },
        { "pi", required_argument, NULL, 'i' },
        RECORDER_OPTIONS,
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };
    struct capture_options options = { .pi_anywhere = false };
    struct recorder_options recording = { .real = false };
    int letter;

    while ((letter = getopt_long(argc, argv, "o:", known, NULL)) != -1) {
        if (letter == 'h') {
            print_usage(stdout);
            return 0;
        }
        if (!take_option(&options, &recording, letter)) {
            if (letter != '?')
                fprintf(stderr, "convoy-trace: %s: no PORT or HOST:PORT, or "
                        "one too many\n", optarg);
            print_usage(stderr);
            return 2;
        }
    }
    if (optind == argc
        || (options.ppg.count == 0 && options.smpp.count == 0
            && options.pi.count == 0)) {
        print_usage(stderr);
        return 2;
    }
    return run(argc - optind, argv + optind, &options, &recording);
}
