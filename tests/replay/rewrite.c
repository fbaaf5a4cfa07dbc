/*
 * rewrite.c - see rewrite.h.
 *
 * No XML is parsed: a parser would write another document than was recorded.
 * XML knows few ways to give an attribute a value, and each has the name in
 * plain text; a name in any other place makes the body obscure.
 */
#include "rewrite.h"

#include <string.h>
#include <strings.h>
#include <time.h>

static const char notify_name[] = "ppg-notify-requested-to";
static const char *const date_names[] = {
    "deliver-before-timestamp", "deliver-after-timestamp"
};

enum { DATE_LENGTH = 20 };      /* 2026-01-31T23:59:59Z */

/* An attribute's value, without its quotes. */
struct value {
    const uint8_t *begin, *end;
};

static const uint8_t *skip_space(const uint8_t *at, const uint8_t *end)
{
    while (at < end && memchr(" \t\r\n", *at, 4) != NULL)
        at++;
    return at;
}

static bool begins_with(const uint8_t *at, const uint8_t *end,
                        const char *word)
{
    size_t length = strlen(word);

    return (size_t) (end - at) >= length && memcmp(at, word, length) == 0;
}

static bool begins_with_any_case(const uint8_t *at, const uint8_t *end,
                                 const char *word)
{
    size_t length = strlen(word);

    return (size_t) (end - at) >= length
        && strncasecmp((const char *) at, word, length) == 0;
}

/* Whether a character set is named here, by the declaration of XML or a
 * header of MIME, in which a name could be spelt without its ASCII letters. */
static bool is_foreign_charset(const uint8_t *at, const uint8_t *end)
{
    static const char *const words[] = { "encoding", "charset" };
    static const char *const known[] = { "utf-8", "us-ascii", "iso-8859-",
                                         "windows-125" };
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (begins_with_any_case(at, end, words[i]))
            break;
    if (i == sizeof(words) / sizeof(words[0]))
        return false;
    at = skip_space(at + strlen(words[i]), end);
    if (at == end || *at != '=')
        return false;
    at = skip_space(at + 1, end);
    if (at < end && (*at == '"' || *at == '\''))
        at++;
    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (begins_with_any_case(at, end, known[i]))
            return false;
    return true;
}

/* Whether what stands here, before the PAP document, says that the document
 * is not in plain text. */
static bool is_encoded(const uint8_t *at, const uint8_t *end)
{
    static const char ebcdic[] = "\x4c\x6f\xa7\x94";      /* <?xm */

    return *at == '\0' || begins_with(at, end, ebcdic)
        || is_foreign_charset(at, end)
        || begins_with_any_case(at, end, "quoted-printable")
        || begins_with_any_case(at, end, "base64");
}

/* What follows the name: ="value" or ='value'. */
static bool find_value(struct value *value, const uint8_t *at,
                       const uint8_t *end)
{
    uint8_t quote;

    at = skip_space(at, end);
    if (at == end || *at != '=')
        return false;
    at = skip_space(at + 1, end);
    if (at == end || (*at != '"' && *at != '\''))
        return false;
    quote = *at;
    value->begin = at + 1;
    value->end = memchr(value->begin, quote, (size_t) (end - value->begin));
    return value->end != NULL;
}

/* The date, moved, or false if it is none as PAP has it. */
static bool move_date(char out[DATE_LENGTH + 1], const struct value *value,
                      int64_t later_s)
{
    char text[DATE_LENGTH + 1], *rest;
    struct tm parts = { .tm_year = 0 };
    time_t moved;

    if (value->end - value->begin != DATE_LENGTH)
        return false;
    memcpy(text, value->begin, DATE_LENGTH);
    text[DATE_LENGTH] = '\0';
    rest = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (rest == NULL || *rest != '\0')
        return false;
    moved = timegm(&parts) + (time_t) later_s;
    return gmtime_r(&moved, &parts) != NULL
        && strftime(out, DATE_LENGTH + 1, "%Y-%m-%dT%H:%M:%SZ", &parts)
           == DATE_LENGTH;
}

/* The attribute that begins at `at`, if it is one of those with a date and
 * has one: its value and what is to be in its place. */
static bool find_date(struct value *value, char moved[DATE_LENGTH + 1],
                      const uint8_t *at, const uint8_t *end, int64_t later_s)
{
    size_t i;

    for (i = 0; i < sizeof(date_names) / sizeof(date_names[0]); i++)
        if (begins_with(at, end, date_names[i]))
            return find_value(value, at + strlen(date_names[i]), end)
                && move_date(moved, value, later_s);
    return false;
}

/* Copies up to the value, puts `text` in its place, and returns the rest. */
static const uint8_t *replace(struct buffer *out, const uint8_t *at,
                              const struct value *value, const char *text)
{
    buffer_append(out, at, (size_t) (value->begin - at));
    buffer_append(out, text, strlen(text));
    return value->end;
}

bool rewrite_body(struct buffer *out, const struct rewrite *rewrite,
                  const uint8_t *body, size_t size)
{
    const uint8_t *at = body, *end = body + size, *copied = body;
    char moved[DATE_LENGTH + 1];
    struct buffer new = { .data = NULL };
    struct value value;
    bool is_pap = false, is_clear = true;

    while (at < end && is_clear) {
        if (begins_with(at, end, notify_name)) {
            is_clear = find_value(&value, at + strlen(notify_name), end);
            if (is_clear)
                at = copied = replace(&new, copied, &value,
                                      rewrite->notify_url);
        } else if (find_date(&value, moved, at, end, rewrite->later_s)) {
            at = copied = replace(&new, copied, &value, moved);
        } else {
            is_pap = is_pap || begins_with(at, end, "<pap");
            is_clear = (is_pap || !is_encoded(at, end))
                && !begins_with(at, end, "<!ENTITY");
            at++;
        }
    }
    if (is_pap && is_clear) {
        buffer_append(out, buffer_bytes(&new), buffer_length(&new));
        buffer_append(out, copied, (size_t) (end - copied));
    }
    buffer_free(&new);
    return is_pap && is_clear;
}

bool rewrite_drops_header(const char *name)
{
    static const char *const names[] = {
        "connection", "content-length", "expect", "host", "keep-alive",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

bool rewrite_is_route_header(const char *name)
{
    return strcasecmp(name, "X-Kannel-SMSC") == 0
        || strcasecmp(name, "X-Kannel-Smsbox-Id") == 0;
}

bool rewrite_is_report_header(const char *name)
{
    return strcasecmp(name, "X-Kannel-DLR-Url") == 0;
}
