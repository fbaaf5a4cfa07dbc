/*
 * rewrite.h - what a recorded push must have changed before it is sent again.
 *
 * Its notifications go to another place, and the dates between which it may
 * be delivered move with it. Everything else stays octet for octet.
 */
#ifndef REWRITE_H
#define REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../smsc/buffer.h"

struct rewrite {
    const char *notify_url;     /* in place of ppg-notify-requested-to */
    int64_t later_s;            /* added to deliver-before- and
                                 * deliver-after-timestamp; may be negative */
    bool drops_routes;          /* see rewrite_is_route_header() */
};

/* Appends the body as it is to be sent. False, and `out` as it was, if it
 * cannot be seen where the body asks to be notified: it holds no PAP
 * document in plain text (another character set than those that have ASCII
 * in them, another transfer encoding than none, entities of its own), or
 * spells that attribute in a way which is not understood. Then it must not
 * be sent. */
bool rewrite_body(struct buffer *out, const struct rewrite *rewrite,
                  const uint8_t *body, size_t size);

/* Whether a header of HTTP (without its value) belongs to the connection or
 * to the length of the body, so that it is not sent again as it was. */
bool rewrite_drops_header(const char *name);

/* Whether this header says by which SMSC or smsbox the push is to go. Where
 * there is none of that name the push would wait for ever. */
bool rewrite_is_route_header(const char *name);

/* Whether the value of this header is a URL to be called with news. */
bool rewrite_is_report_header(const char *name);

#endif
