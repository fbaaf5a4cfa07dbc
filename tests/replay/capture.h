/*
 * capture.h - makes a trace from captured packets: the connections to the
 * PPG, to the SMSC and to the PI, in one pass.
 *
 * Memory is bounded whatever is captured: see tcp.h, http.h, smpp_link.h,
 * segments.h and owners.h; together under 200 MiB.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <pcap/pcap.h>

#include "recorder.h"

enum { CAPTURE_PORTS_MAX = 32 };

/* A server: of any address, if `any`. */
struct capture_port {
    bool any;
    uint8_t address[16];        /* as in struct endpoint */
    uint16_t port;
};

struct capture_ports {
    struct capture_port items[CAPTURE_PORTS_MAX];
    int count;
};

struct capture_options {
    struct capture_ports ppg, smpp, pi;
    bool pi_anywhere;           /* notifications go to any other port */
};

/* Reads "PORT", "HOST:PORT" or "[HOST]:PORT", HOST being an IP address; false
 * if it is none, or one too many. */
bool capture_add_port(struct capture_ports *ports, const char *text);

/* The first line of the trace that begins at this time. */
struct trace_begin capture_begin(const struct capture_options *options,
                                 const struct timeval *time, char text[32]);

struct capture;

/* What was not understood is said on `words`, unless that is NULL. */
struct capture *capture_new(const struct capture_options *options,
                            struct recorder *recorder,
                            const struct timeval *begin, FILE *words);
/* Another file, or the first. False, and why in `error`, if packets of its
 * kind are unknown. */
bool capture_file(struct capture *capture, pcap_t *pcap, const char *name,
                  char error[TRACE_ERROR_SIZE]);
/* False, and why in `error`, if there is no use in going on. */
bool capture_packet(struct capture *capture, const struct pcap_pkthdr *header,
                    const uint8_t *frame, char error[TRACE_ERROR_SIZE]);
/* The capture ends; says what was in it. Also frees, but for the recorder. */
void capture_finish(struct capture *capture);

#endif
