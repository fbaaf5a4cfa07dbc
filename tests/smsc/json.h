/*
 * json.h - writes one flat JSON object a line into a buffer.
 *
 * The journal and the control socket both speak in such lines. Written by
 * hand because printf would be a third of the simulator's CPU.
 */
#ifndef SMSC_JSON_H
#define SMSC_JSON_H

#include <stdbool.h>

#include "buffer.h"

void json_begin(struct buffer *out);
void json_end(struct buffer *out);      /* closes the object, adds newline */

/* `key` is a literal that needs no escaping. Text from outside may hold any
 * octet: what is not printable ASCII comes out as \u00XX. */
void json_string(struct buffer *out, const char *key, const char *text);
void json_number(struct buffer *out, const char *key, int64_t number);
void json_boolean(struct buffer *out, const char *key, bool value);
void json_hex(struct buffer *out, const char *key, const uint8_t *bytes,
              size_t size);
/* Microseconds since the epoch, written as seconds with six decimals. */
void json_time(struct buffer *out, const char *key, int64_t time_us);
/* A number if known, null if negative. */
void json_known(struct buffer *out, const char *key, int64_t number);

/* An array of objects or of strings; items between begin and end. */
void json_array_begin(struct buffer *out, const char *key);
void json_array_end(struct buffer *out);
void json_array_string(struct buffer *out, const char *text);
void json_object_begin(struct buffer *out);     /* an item of an array */
void json_object_end(struct buffer *out);

#endif
