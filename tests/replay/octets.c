/*
 * octets.c - see octets.h.
 */
#include <string.h>

#include "octets.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void octets_to_hex(char *out, const uint8_t *bytes, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        *out++ = hex_digits[bytes[i] >> 4];
        *out++ = hex_digits[bytes[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool octets_from_hex(uint8_t *out, size_t *size, const char *text,
                     size_t length)
{
    size_t i;
    int high, low;

    if (length % 2 != 0)
        return false;
    for (i = 0; i < length; i += 2) {
        high = hex_value(text[i]);
        low = hex_value(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        *out++ = (uint8_t) (high << 4 | low);
    }
    *size = length / 2;
    return true;
}

void octets_to_base64(char *out, const uint8_t *bytes, size_t size)
{
    uint32_t group;
    size_t i, left;

    for (i = 0; i < size; i += 3) {
        left = size - i;
        group = (uint32_t) bytes[i] << 16;
        if (left > 1)
            group |= (uint32_t) bytes[i + 1] << 8;
        if (left > 2)
            group |= bytes[i + 2];
        *out++ = base64_digits[group >> 18];
        *out++ = base64_digits[group >> 12 & 63];
        *out++ = left > 1 ? base64_digits[group >> 6 & 63] : '=';
        *out++ = left > 2 ? base64_digits[group & 63] : '=';
    }
    *out = '\0';
}

static int base64_value(char digit)
{
    const char *at = digit == '\0' ? NULL : strchr(base64_digits, digit);

    return at == NULL ? -1 : (int) (at - base64_digits);
}

bool octets_from_base64(uint8_t *out, size_t *size, const char *text,
                        size_t length)
{
    size_t padding = 0, i;
    uint32_t group = 0;
    int value;

    if (length % 4 != 0)
        return false;
    while (padding < 2 && padding < length
           && text[length - 1 - padding] == '=')
        padding++;
    *size = length / 4 * 3 - padding;
    for (i = 0; i < length; i++) {
        value = i < length - padding ? base64_value(text[i]) : 0;
        if (value < 0)
            return false;
        group = group << 6 | (uint32_t) value;
        if (i % 4 != 3)
            continue;
        if (i + 1 == length && padding > 0) {
            if ((group & ((1u << 8 * padding) - 1)) != 0)
                return false;   /* bits that mean nothing */
            *out++ = (uint8_t) (group >> 16);
            if (padding == 1)
                *out++ = (uint8_t) (group >> 8);
        } else {
            *out++ = (uint8_t) (group >> 16);
            *out++ = (uint8_t) (group >> 8);
            *out++ = (uint8_t) group;
        }
        group = 0;
    }
    return true;
}

size_t octets_character(const uint8_t *bytes, size_t size)
{
    size_t length, i;
    uint32_t code;

    if (size == 0)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || size < length)
        return 0;
    code = bytes[0] & (0xffu >> (length + 1));
    for (i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (bytes[i] & 0x3f);
    }
    if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000)
        || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return length;
}

bool octets_are_text(const uint8_t *bytes, size_t size)
{
    size_t at, length;

    for (at = 0; at < size; at += length) {
        length = octets_character(bytes + at, size - at);
        if (length == 0 || bytes[at] == 0)
            return false;
    }
    return true;
}
