/*
 * packet.h - finds the TCP segment in a captured frame.
 *
 * Nothing outside the octets that were captured is looked at; a header that
 * does not fit or contradicts itself makes the frame broken.
 */
#ifndef PACKET_H
#define PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct endpoint {
    uint8_t address[16];        /* of IPv6; IPv4 as ::ffff:a.b.c.d */
    uint16_t port;
};

enum {
    PACKET_FIN = 0x01, PACKET_SYN = 0x02, PACKET_RST = 0x04,
    PACKET_ACK = 0x10
};

struct packet {
    uint64_t number;            /* in its file, from 1 */
    int64_t t;                  /* microseconds since the trace's begin */
    struct endpoint from, to;
    uint32_t seq, ack;
    uint8_t flags;
    const uint8_t *bytes;       /* of the payload, as far as captured */
    size_t size;
    size_t length;              /* of the payload on the wire */
};

enum packet_kind {
    PACKET_TCP,
    PACKET_OTHER,               /* no TCP */
    PACKET_FRAGMENT,            /* of IP; they are not put together */
    PACKET_BROKEN
};

/* `link` is a DLT_... of libpcap. */
bool packet_link_known(int link);

/* `size` octets of a frame of `length` were captured. Fills in all but the
 * number and the time. */
enum packet_kind packet_parse(int link, const uint8_t *frame, size_t size,
                              size_t length, struct packet *packet);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

enum { ENDPOINT_TEXT = 56 };
/* "127.0.0.1:80" or "[::1]:80". */
void endpoint_text(char text[ENDPOINT_TEXT], const struct endpoint *endpoint);
/* The address alone. */
void endpoint_address(char text[ENDPOINT_TEXT],
                      const struct endpoint *endpoint);

#endif
