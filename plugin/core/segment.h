/*
 * segment.h - how one push is cut into SMS
 *
 * A push of one SMS carries a UDH with its ports only; a longer one carries
 * ports and concatenation (3GPP TS 23.040, 9.2.3.24) in every segment. The
 * store holds the whole payload; a segment is made when it is sent, so a
 * retry is the same octets by construction. Every segment but the last is
 * full.
 */
#ifndef CONVOY_CORE_SEGMENT_H
#define CONVOY_CORE_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#define SEGMENT_MAX_UDH 13
#define SEGMENT_PORTS 4         /* octets: destination port, source port */
#define SEGMENT_MAX_SEGMENTS 255

typedef struct {
    uint8_t udh[SEGMENT_MAX_UDH];
    size_t udh_len;
    size_t from;                /* the octets of the payload it carries */
    size_t len;
} Segment;

/* Segments that `length` octets need (at least 1), with a reference of 8 or
 * 16 `bits`; -1 if more than 255. */
int segment_count(size_t length, int bits);

/*
 * Segment `index` (from 0) of a payload of `length` octets. `reference` is
 * not looked at when the payload fits one segment; with 8 bits its lower
 * octet counts. The caller has checked
 * 0 <= index < segment_count(length, bits).
 */
Segment segment_make(size_t length, int bits, unsigned reference,
                     const uint8_t ports[SEGMENT_PORTS], int index);

#endif
