/*
 * udh.c - see udh.h.
 *
 * Where TS 23.040 says that a receiver shall ignore an element (a wrong
 * length, total 0, sequence 0 or above total), it is ignored; of a repeated
 * element the last one counts.
 */
#include "udh.h"

enum {
    UDH_CONCATENATION_8 = 0x00,
    UDH_CONCATENATION_16 = 0x08,
    UDH_PORTS_16 = 0x05
};

static void take_concatenation(struct udh *udh, int reference, bool wide,
                               const uint8_t *rest)
{
    udh->reference = reference;
    udh->wide = wide;
    udh->total = rest[0];
    udh->sequence = rest[1];
    udh->concatenated = rest[1] > 0 && rest[1] <= rest[0];
}

static void take_element(struct udh *udh, uint8_t kind,
                         const uint8_t *value, size_t size)
{
    if (kind == UDH_CONCATENATION_8 && size == 3) {
        take_concatenation(udh, value[0], false, value + 1);
    } else if (kind == UDH_CONCATENATION_16 && size == 4) {
        take_concatenation(udh, value[0] << 8 | value[1], true, value + 2);
    } else if (kind == UDH_PORTS_16 && size == 4) {
        udh->destination_port = value[0] << 8 | value[1];
        udh->source_port = value[2] << 8 | value[3];
    }
}

struct udh udh_parse(bool has_header, const uint8_t *message, size_t size)
{
    struct udh udh = {
        .reference = -1, .total = -1, .sequence = -1,
        .destination_port = -1, .source_port = -1
    };
    size_t at;

    if (!has_header)
        return udh;
    if (size == 0 || (size_t) message[0] + 1 > size) {
        udh.broken = true;
        return udh;
    }
    udh.size = (size_t) message[0] + 1;
    for (at = 1; at + 2 <= udh.size; at += 2 + (size_t) message[at + 1]) {
        if (at + 2 + message[at + 1] > udh.size)
            break;
        take_element(&udh, message[at], message + at + 2, message[at + 1]);
    }
    return udh;
}
