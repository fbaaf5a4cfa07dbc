/*
 * json.c - see json.h.
 */
#include <string.h>

#include "json.h"

static const char hex_digits[] = "0123456789abcdef";

static void json_raw(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

/* A comma, unless this is the first item of its object or array. */
static void json_separate(struct buffer *out)
{
    uint8_t last = out->data[out->end - 1];

    if (last != '{' && last != '[')
        buffer_append(out, ",", 1);
}

static void json_key(struct buffer *out, const char *key)
{
    json_separate(out);
    buffer_append(out, "\"", 1);
    json_raw(out, key);
    buffer_append(out, "\":", 2);
}

static void json_quoted(struct buffer *out, const char *text)
{
    size_t length = strlen(text);
    uint8_t *at = buffer_reserve(out, length * 6 + 2);
    uint8_t *begin = at;

    *at++ = '"';
    for (; *text != '\0'; text++) {
        uint8_t octet = (uint8_t) *text;
        if (octet == '"' || octet == '\\') {
            *at++ = '\\';
            *at++ = octet;
        } else if (octet >= 0x20 && octet < 0x7f) {
            *at++ = octet;
        } else {
            memcpy(at, "\\u00", 4);
            at[4] = (uint8_t) hex_digits[octet >> 4];
            at[5] = (uint8_t) hex_digits[octet & 15];
            at += 6;
        }
    }
    *at++ = '"';
    buffer_commit(out, (size_t) (at - begin));
}

/* Decimal digits, at least `width` of them. */
static void json_digits(struct buffer *out, uint64_t number, int width)
{
    char digits[24];
    char *at = digits + sizeof(digits);

    while (number > 0 || width > 0) {
        *--at = (char) ('0' + number % 10);
        number /= 10;
        width--;
    }
    buffer_append(out, at, (size_t) (digits + sizeof(digits) - at));
}

void json_begin(struct buffer *out)
{
    buffer_append(out, "{", 1);
}

void json_end(struct buffer *out)
{
    buffer_append(out, "}\n", 2);
}

void json_string(struct buffer *out, const char *key, const char *text)
{
    json_key(out, key);
    json_quoted(out, text);
}

void json_number(struct buffer *out, const char *key, int64_t number)
{
    json_key(out, key);
    if (number < 0)
        buffer_append(out, "-", 1);
    json_digits(out, number < 0 ? 0 - (uint64_t) number : (uint64_t) number,
                1);
}

void json_boolean(struct buffer *out, const char *key, bool value)
{
    json_key(out, key);
    json_raw(out, value ? "true" : "false");
}

void json_hex(struct buffer *out, const char *key, const uint8_t *bytes,
              size_t size)
{
    uint8_t *at;
    size_t i;

    json_key(out, key);
    at = buffer_reserve(out, size * 2 + 2);
    *at++ = '"';
    for (i = 0; i < size; i++) {
        *at++ = (uint8_t) hex_digits[bytes[i] >> 4];
        *at++ = (uint8_t) hex_digits[bytes[i] & 15];
    }
    *at = '"';
    buffer_commit(out, size * 2 + 2);
}

void json_time(struct buffer *out, const char *key, int64_t time_us)
{
    json_key(out, key);
    json_digits(out, (uint64_t) time_us / 1000000, 1);
    buffer_append(out, ".", 1);
    json_digits(out, (uint64_t) time_us % 1000000, 6);
}

void json_known(struct buffer *out, const char *key, int64_t number)
{
    if (number >= 0) {
        json_number(out, key, number);
    } else {
        json_key(out, key);
        json_raw(out, "null");
    }
}

void json_array_begin(struct buffer *out, const char *key)
{
    json_key(out, key);
    buffer_append(out, "[", 1);
}

void json_array_end(struct buffer *out)
{
    buffer_append(out, "]", 1);
}

void json_array_string(struct buffer *out, const char *text)
{
    json_separate(out);
    json_quoted(out, text);
}

void json_object_begin(struct buffer *out)
{
    json_separate(out);
    buffer_append(out, "{", 1);
}

void json_object_end(struct buffer *out)
{
    buffer_append(out, "}", 1);
}
