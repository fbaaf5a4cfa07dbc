/*
 * pseudonyms_body.h - stand-ins in what was posted; inside pseudonyms*.c.
 */
#ifndef PSEUDONYMS_BODY_H
#define PSEUDONYMS_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "standins.h"

/* Whether the value of this header (of HTTP or of a MIME part) is none of
 * anybody's business but the machines', and stays. */
bool pseudonyms_keep_header(const char *name, size_t length);

/* In place: a whole body; `content_type` is the value of its header, NULL if
 * unknown. False if it is in an encoding in which texts would be missed. */
bool pseudonyms_body(struct standins *standins, const char *content_type,
                     uint8_t *body, size_t size);

/* In place: one document or message; false as above (pseudonyms_text.c). */
bool pseudonyms_content(struct standins *standins, uint8_t *content,
                        size_t size);

enum pseudonyms_encoding {
    PSEUDONYMS_PLAIN, PSEUDONYMS_BASE64, PSEUDONYMS_QUOTED
};

/* The same for one that is encoded (pseudonyms_encoded.c). */
bool pseudonyms_encoded(struct standins *standins,
                        enum pseudonyms_encoding encoding, uint8_t *content,
                        size_t size);

#endif
