/*
 * udh.h - the user data header of a short message (3GPP TS 23.040, 9.2.3.24).
 */
#ifndef SMSC_UDH_H
#define SMSC_UDH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct udh {
    bool broken;                /* longer than the message */
    size_t size;                /* octets before the payload */
    /* the concatenation element as it was on the wire; -1: there is none */
    int reference, total, sequence;
    bool wide;                  /* a reference of 16 bits */
    bool concatenated;          /* the element is one that a phone heeds */
    int destination_port, source_port;  /* -1: there are none */
};

/* `has_header` is the UDHI bit; without it all of the message is payload. */
struct udh udh_parse(bool has_header, const uint8_t *message, size_t size);

#endif
