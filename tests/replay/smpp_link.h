/*
 * smpp_link.h - what an SMPP connection in a capture becomes.
 *
 * After a piece that is missing it goes on with the next octets that look
 * like the header of a PDU; submits whose answers may be among the missing
 * ones stay without.
 *
 * Memory: 256 connections at once, of each 2,048 requests without an answer,
 * the last ones, and one PDU of each direction (70,000 octets).
 */
#ifndef SMPP_LINK_H
#define SMPP_LINK_H

#include "records.h"
#include "segments.h"

enum { SMPP_LINKS_MAX = 256 };

/* Of all connections. All zero, but for the pointers, at first. */
struct smpp_links {
    struct records *records;
    struct segments *segments;
    int open;                           /* connections */
    bool up[SMPP_LINKS_MAX + 1];        /* links, by number */
};

struct smpp_link;

/* NULL if there are too many. The others are as in struct tcp_user. */
struct smpp_link *smpp_link_new(struct smpp_links *links, bool begun);
void smpp_link_octets(struct smpp_link *link, enum tcp_side side,
                      const uint8_t *bytes, size_t size,
                      struct tcp_moment moment);
void smpp_link_lost(struct smpp_link *link, enum tcp_side side, size_t size,
                    struct tcp_moment moment);
void smpp_link_end(struct smpp_link *link, enum tcp_side side,
                   struct tcp_moment moment);
void smpp_link_close(struct smpp_link *link, enum tcp_close how,
                     struct tcp_moment moment);

#endif
