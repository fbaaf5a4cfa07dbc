/*
 * capture_command.c - convoy-trace capture: a trace from captured packets.
 */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "commands.h"

/* All packets of a file. `capture` and `recorder` begin with the first. */
static bool take_file(const char *name, pcap_t *pcap,
                      const struct settings *settings,
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
            *recorder = recorder_open(&settings->recorder, capture_begin(
                &settings->capture, &header->ts, begin), error);
            if (*recorder == NULL)
                return false;
            *capture = capture_new(&settings->capture, *recorder,
                                   &header->ts, stderr);
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
                       const struct settings *settings,
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
        good = take_file(names[i], pcap, settings, recorder, capture, error);
        pcap_close(pcap);
    }
    if (good && *recorder == NULL) {
        snprintf(error, TRACE_ERROR_SIZE, "%s: there is no packet",
                 names[0]);
        return false;
    }
    return good;
}

static bool are_none(const struct capture_options *options)
{
    return options->ppg.count == 0 && options->smpp.count == 0
           && options->pi.count == 0;
}

static enum command_status run(const struct settings *settings, int count,
                               char **names)
{
    enum command_status status = COMMAND_DONE;
    struct recorder *recorder = NULL;
    struct capture *capture = NULL;
    char error[TRACE_ERROR_SIZE];

    if (are_none(&settings->capture))
        return COMMAND_MISUSED;
    if (!take_files(count, names, settings, &recorder, &capture, error))
        status = command_failed(error);
    if (capture != NULL)
        capture_finish(capture);
    if (recorder != NULL && !recorder_close(recorder, error)
        && status == COMMAND_DONE)
        status = command_failed(error);
    return status;
}

static bool take_port(struct capture_options *options, int letter,
                      const char *value)
{
    switch (letter) {
    case 'p':
        return capture_add_port(&options->ppg, value);
    case 's':
        return capture_add_port(&options->smpp, value);
    default:
        if (strcmp(value, "any") != 0)
            return capture_add_port(&options->pi, value);
        options->pi_anywhere = true;
        return true;
    }
}

static bool take_option(struct settings *settings, int letter,
                        const char *value)
{
    if (take_port(&settings->capture, letter, value))
        return true;
    fprintf(stderr, "convoy-trace: %s: no PORT or HOST:PORT, or one too"
            " many\n", value);
    return false;
}

static const struct option options[] = {
    { "ppg", required_argument, NULL, 'p' },
    { "smpp", required_argument, NULL, 's' },
    { "pi", required_argument, NULL, 'i' },
    RECORDER_OPTIONS, COMMAND_HELP
};

const struct command capture_command = {
    .name = "capture", .summary = "make a trace from captured packets",
    .usage =
        "usage: convoy-trace capture [--ppg PORT] [--smpp PORT]"
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
        "    --pi PORT          where PIs take result notifications; any: on"
        " any other\n"
        RECORDER_HELP,
    .options = options, .letters = RECORDER_LETTERS,
    .take_option = take_option, .most = INT_MAX, .run = run
};
