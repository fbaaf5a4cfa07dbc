/*
 * segment.c - how one push is cut into SMS
 */
#include "segment.h"

#define USER_DATA 140           /* octets of one SMS, UDH included */
#define UDH_PORTS 7             /* octets: length, ports */
#define UDH_PORTS_CONCAT8 12    /* octets: length, ports, concatenation */
#define UDH_PORTS_CONCAT16 13

static size_t octets_of_one_of_several(int bits)
{
    return USER_DATA - (bits == 16 ? UDH_PORTS_CONCAT16 : UDH_PORTS_CONCAT8);
}

int segment_count(size_t length, int bits)
{
    size_t each = octets_of_one_of_several(bits);

    if (length <= USER_DATA - UDH_PORTS)
        return 1;
    if (length > each * SEGMENT_MAX_SEGMENTS)
        return -1;
    return (int) ((length + each - 1) / each);
}

static void put(Segment *segment, uint8_t octet)
{
    segment->udh[segment->udh_len++] = octet;
}

static void put_ports(Segment *segment, const uint8_t ports[SEGMENT_PORTS])
{
    put(segment, 0x05);         /* application port addressing, 16 bit */
    put(segment, SEGMENT_PORTS);
    for (int i = 0; i < SEGMENT_PORTS; i++)
        put(segment, ports[i]);
}

static void put_concatenation(Segment *segment, int bits, unsigned reference,
                              int total, int index)
{
    if (bits == 16) {
        put(segment, 0x08);
        put(segment, 4);
        put(segment, (uint8_t) (reference >> 8));
    } else {
        put(segment, 0x00);
        put(segment, 3);
    }
    put(segment, (uint8_t) reference);
    put(segment, (uint8_t) total);
    put(segment, (uint8_t) (index + 1));
}

Segment segment_make(size_t length, int bits, unsigned reference,
                     const uint8_t ports[SEGMENT_PORTS], int index)
{
    Segment segment = { .udh_len = 1, .len = length };
    int total = segment_count(length, bits);

    put_ports(&segment, ports);
    if (total > 1) {
        size_t each = octets_of_one_of_several(bits);

        put_concatenation(&segment, bits, reference, total, index);
        segment.from = each * (size_t) index;
        segment.len = index < total - 1 ? each : length - segment.from;
    }
    segment.udh[0] = (uint8_t) (segment.udh_len - 1);
    return segment;
}
