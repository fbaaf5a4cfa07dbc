/*
 * packet.c - see packet.h.
 */
#include <arpa/inet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "packet.h"

enum {
    ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd,
    ETHER_VLAN = 0x8100, ETHER_VLAN_OUTER = 0x88a8, ETHER_VLAN_OLD = 0x9100,
    PROTOCOL_TCP = 6,
    IPV6_HOP_BY_HOP = 0, IPV6_ROUTING = 43, IPV6_FRAGMENT = 44,
    IPV6_DESTINATION = 60
};

/* What is left of a frame. */
struct cursor {
    const uint8_t *at;
    size_t size;                /* captured */
    size_t length;              /* on the wire */
};

static uint16_t get_16(const uint8_t *bytes)
{
    return (uint16_t) (bytes[0] << 8 | bytes[1]);
}

static uint32_t get_32(const uint8_t *bytes)
{
    return (uint32_t) get_16(bytes) << 16 | get_16(bytes + 2);
}

static bool skip(struct cursor *cursor, size_t size)
{
    if (cursor->size < size)
        return false;
    cursor->at += size;
    cursor->size -= size;
    cursor->length -= size;
    return true;
}

/* What is behind the packet on the wire is padding. */
static bool cut(struct cursor *cursor, size_t length)
{
    if (cursor->length < length)
        return false;
    cursor->length = length;
    if (cursor->size > length)
        cursor->size = length;
    return true;
}

static enum packet_kind parse_tcp(struct cursor *cursor,
                                  struct packet *packet)
{
    const uint8_t *header = cursor->at;
    size_t size;

    if (cursor->size < 20)
        return PACKET_BROKEN;
    size = (size_t) (header[12] >> 4) * 4;
    if (size < 20 || !skip(cursor, size))
        return PACKET_BROKEN;
    packet->from.port = get_16(header);
    packet->to.port = get_16(header + 2);
    packet->seq = get_32(header + 4);
    packet->ack = get_32(header + 8);
    packet->flags = header[13];
    packet->bytes = cursor->at;
    packet->size = cursor->size;
    packet->length = cursor->length;
    return PACKET_TCP;
}

static void take_ipv4(struct endpoint *endpoint, const uint8_t *address)
{
    memset(endpoint->address, 0, 10);
    memset(endpoint->address + 10, 0xff, 2);
    memcpy(endpoint->address + 12, address, 4);
}

static enum packet_kind parse_ipv4(struct cursor *cursor,
                                   struct packet *packet)
{
    const uint8_t *header = cursor->at;
    size_t size, length;

    if (cursor->size < 20 || header[0] >> 4 != 4)
        return PACKET_BROKEN;
    size = (size_t) (header[0] & 0x0f) * 4;
    /* 0: what the kernel leaves to the network card to segment */
    length = get_16(header + 2) > 0 ? get_16(header + 2) : cursor->length;
    if (size < 20 || length < size || !cut(cursor, length)
        || !skip(cursor, size))
        return PACKET_BROKEN;
    if (header[9] != PROTOCOL_TCP)
        return PACKET_OTHER;
    if ((get_16(header + 6) & 0x3fff) != 0)
        return PACKET_FRAGMENT;
    take_ipv4(&packet->from, header + 12);
    take_ipv4(&packet->to, header + 16);
    return parse_tcp(cursor, packet);
}

/* Goes behind the extension headers; `protocol` becomes what follows. */
static enum packet_kind skip_extensions(struct cursor *cursor,
                                        uint8_t *protocol)
{
    while (*protocol == IPV6_HOP_BY_HOP || *protocol == IPV6_ROUTING
           || *protocol == IPV6_DESTINATION || *protocol == IPV6_FRAGMENT) {
        const uint8_t *header = cursor->at;
        size_t size;
        if (cursor->size < 8)
            return PACKET_BROKEN;
        if (*protocol == IPV6_FRAGMENT && (get_16(header + 2) & 0xfff9) != 0)
            return PACKET_FRAGMENT;
        size = *protocol == IPV6_FRAGMENT ? 8 : ((size_t) header[1] + 1) * 8;
        *protocol = header[0];
        if (!skip(cursor, size))
            return PACKET_BROKEN;
    }
    return *protocol == PROTOCOL_TCP ? PACKET_TCP : PACKET_OTHER;
}

static enum packet_kind parse_ipv6(struct cursor *cursor,
                                   struct packet *packet)
{
    const uint8_t *header = cursor->at;
    uint8_t protocol;
    enum packet_kind kind;

    if (cursor->size < 40 || header[0] >> 4 != 6)
        return PACKET_BROKEN;
    protocol = header[6];
    skip(cursor, 40);
    if (get_16(header + 4) > 0 && !cut(cursor, get_16(header + 4)))
        return PACKET_BROKEN;
    memcpy(packet->from.address, header + 8, 16);
    memcpy(packet->to.address, header + 24, 16);
    kind = skip_extensions(cursor, &protocol);
    return kind == PACKET_TCP ? parse_tcp(cursor, packet) : kind;
}

static enum packet_kind parse_ip(struct cursor *cursor, struct packet *packet)
{
    if (cursor->size < 1)
        return PACKET_BROKEN;
    return cursor->at[0] >> 4 == 6 ? parse_ipv6(cursor, packet)
                                   : parse_ipv4(cursor, packet);
}

/* Behind the link layer's header, which named this type. */
static enum packet_kind parse_type(struct cursor *cursor, uint16_t type,
                                   struct packet *packet)
{
    while (type == ETHER_VLAN || type == ETHER_VLAN_OUTER
           || type == ETHER_VLAN_OLD) {
        if (cursor->size < 4)
            return PACKET_BROKEN;
        type = get_16(cursor->at + 2);
        skip(cursor, 4);
    }
    if (type == ETHER_IPV4)
        return parse_ipv4(cursor, packet);
    if (type == ETHER_IPV6)
        return parse_ipv6(cursor, packet);
    return PACKET_OTHER;
}

/* A header of `size` octets with the type at `type_at`. */
static enum packet_kind parse_typed(struct cursor *cursor, size_t size,
                                    size_t type_at, struct packet *packet)
{
    const uint8_t *header = cursor->at;

    if (!skip(cursor, size))
        return PACKET_BROKEN;
    return parse_type(cursor, get_16(header + type_at), packet);
}

bool packet_link_known(int link)
{
    switch (link) {
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_EN10MB:
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
        return true;
    default:
        return false;
    }
}

enum packet_kind packet_parse(int link, const uint8_t *frame, size_t size,
                              size_t length, struct packet *packet)
{
    struct cursor cursor = { frame, size, length < size ? size : length };

    switch (link) {
    case DLT_EN10MB:
        return parse_typed(&cursor, 14, 12, packet);
    case DLT_LINUX_SLL:
        return parse_typed(&cursor, 16, 14, packet);
    case DLT_LINUX_SLL2:
        return parse_typed(&cursor, 20, 0, packet);
    case DLT_NULL:              /* a protocol family of whatever system: */
    case DLT_LOOP:              /* IP's own version says as much */
        return skip(&cursor, 4) ? parse_ip(&cursor, packet) : PACKET_BROKEN;
    default:
        return parse_ip(&cursor, packet);
    }
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port
           && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static bool is_ipv4(const struct endpoint *endpoint)
{
    static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

    return memcmp(endpoint->address, prefix, sizeof(prefix)) == 0;
}

void endpoint_address(char text[ENDPOINT_TEXT],
                      const struct endpoint *endpoint)
{
    if (is_ipv4(endpoint))
        inet_ntop(AF_INET, endpoint->address + 12, text, ENDPOINT_TEXT);
    else
        inet_ntop(AF_INET6, endpoint->address, text, ENDPOINT_TEXT);
}

void endpoint_text(char text[ENDPOINT_TEXT], const struct endpoint *endpoint)
{
    char address[ENDPOINT_TEXT];

    endpoint_address(address, endpoint);
    snprintf(text, ENDPOINT_TEXT, is_ipv4(endpoint) ? "%s:%u" : "[%.46s]:%u",
             address, endpoint->port);
}
