/*
 * utf8.c - see utf8.h
 */

#include <string.h>

#include "store/utf8.h"

/* Octets of the character that starts here, 0: none does. Table 3-7 of the
 * Unicode standard: no overlong forms, no surrogates, up to U+10FFFF. */
static size_t character(const unsigned char *s, size_t len)
{
    size_t n, i;
    unsigned char low = 0x80, high = 0xbf;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (len < n)
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (i = 2; i < n; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    }
    return n;
}

size_t utf8_valid_prefix(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *) text;
    size_t at = 0, n;

    while (at < len) {
        n = character(s + at, len - at);
        if (n == 0)
            break;
        at += n;
    }
    return at;
}

size_t utf8_escape(char *to, const char *text, size_t len)
{
    static const char HEX[] = "0123456789ABCDEF";
    size_t done = 0, at = 0, n;

    while (at < len) {
        n = utf8_valid_prefix(text + at, len - at);
        memcpy(to + done, text + at, n);
        done += n;
        at += n;
        if (at < len) {
            unsigned char octet = (unsigned char) text[at++];

            to[done++] = '\\';
            to[done++] = 'x';
            to[done++] = HEX[octet >> 4];
            to[done++] = HEX[octet & 15];
        }
    }
    return done;
}
