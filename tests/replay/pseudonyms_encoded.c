/*
 * pseudonyms_encoded.c - stand-ins in content in base64 or quoted-printable.
 *
 * It is decoded, gets its stand-ins, and is written back octet by octet to
 * where it was; line breaks, and what needs an escape, stay in their places.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../smsc/buffer.h"
#include "octets.h"
#include "pseudonyms_body.h"

static bool is_space(uint8_t octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

/* --- base64 ------------------------------------------------------------ */

/* False if it is none. */
static bool replace_base64(struct standins *standins, uint8_t *content,
                           size_t size, bool *understood)
{
    char *text = mem_new(size + 1);
    uint8_t *octets = mem_new(size);
    size_t length = 0, decoded = 0, i;
    bool good;

    for (i = 0; i < size; i++)
        if (!is_space(content[i]))
            text[length++] = (char) content[i];
    good = octets_from_base64(octets, &decoded, text, length);
    if (good) {
        *understood = pseudonyms_content(standins, octets, decoded);
        octets_to_base64(text, octets, decoded);
        for (i = length = 0; i < size; i++)
            if (!is_space(content[i]))
                content[i] = (uint8_t) text[length++];
    }
    free(text);
    free(octets);
    return good;
}

/* --- quoted-printable -------------------------------------------------- */

/* The length of what stands for one octet here, or of a line break that
 * stands for none. */
static size_t quoted_length(const uint8_t *at, size_t size, bool *is_break)
{
    uint8_t octet;
    size_t length;

    *is_break = false;
    if (*at != '=')
        return 1;
    if (size >= 3 && octets_from_hex(&octet, &length, (const char *) at + 1,
                                     2))
        return 3;
    *is_break = (size >= 2 && at[1] == '\n')
                || (size >= 3 && at[1] == '\r' && at[2] == '\n');
    return *is_break ? (at[1] == '\n' ? 2 : 3) : 1;
}

static uint8_t unquote(const uint8_t *at, size_t length)
{
    uint8_t octet = *at;
    size_t size;

    if (length == 3)
        octets_from_hex(&octet, &size, (const char *) at + 1, 2);
    return octet;
}

static void quote(uint8_t *at, size_t length, uint8_t octet)
{
    static const char digits[] = "0123456789ABCDEF";

    if (length == 3) {
        at[1] = (uint8_t) digits[octet >> 4];
        at[2] = (uint8_t) digits[octet & 15];
    } else {
        *at = octet;
    }
}

static bool replace_quoted(struct standins *standins, uint8_t *content,
                           size_t size)
{
    uint8_t *octets = mem_new(size);
    size_t count = 0, at, length;
    bool is_break, understood;

    for (at = 0; at < size; at += length) {
        length = quoted_length(content + at, size - at, &is_break);
        if (!is_break)
            octets[count++] = unquote(content + at, length);
    }
    understood = pseudonyms_content(standins, octets, count);
    for (at = count = 0; at < size; at += length) {
        length = quoted_length(content + at, size - at, &is_break);
        if (!is_break)
            quote(content + at, length, octets[count++]);
    }
    free(octets);
    return understood;
}

bool pseudonyms_encoded(struct standins *standins,
                        enum pseudonyms_encoding encoding, uint8_t *content,
                        size_t size)
{
    bool understood = true;

    switch (encoding) {
    case PSEUDONYMS_BASE64:
        if (replace_base64(standins, content, size, &understood))
            return understood;
        break;
    case PSEUDONYMS_QUOTED:
        return replace_quoted(standins, content, size);
    case PSEUDONYMS_PLAIN:
        break;
    }
    return pseudonyms_content(standins, content, size);
}
