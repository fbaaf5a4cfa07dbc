/*
 * pseudonyms_body.c - stand-ins in what was posted: its MIME parts.
 *
 * Boundaries and the names of headers stay; values of headers stay if
 * machines need them (the list below), and the content of each part goes to
 * pseudonyms_content(). What stands where nothing should is text.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "pseudonyms_body.h"

static const char *const kept_headers[] = {
    "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language",
    "Accept-Ranges", "Age", "Cache-Control", "Connection",
    "Content-Encoding", "Content-Language", "Content-Length",
    "Content-Transfer-Encoding", "Content-Type", "Date", "Encoding-Version",
    "Expect", "Expires", "Last-Modified", "Max-Forwards", "MIME-Version",
    "Pragma", "Push-Flag", "TE", "Trailer", "Transfer-Encoding", "Vary",
    "X-Kannel-DLR-Mask", "X-Kannel-SMSC", "X-Kannel-Smsbox-Id",
    "X-Wap-Application-Id", "X-Wap-Push-Flag"
};

enum { NESTED_MAX = 4, TYPE_MAX = 512 };

struct body {
    struct standins *standins;
    uint8_t *at, *end;
    const char *boundary;       /* not ended with NUL */
    size_t boundary_length;
    /* of the part: */
    enum pseudonyms_encoding encoding;
    char type[TYPE_MAX];
};

bool pseudonyms_keep_header(const char *name, size_t length)
{
    size_t i;

    for (i = 0; i < sizeof(kept_headers) / sizeof(kept_headers[0]); i++)
        if (strlen(kept_headers[i]) == length
            && strncasecmp(kept_headers[i], name, length) == 0)
            return true;
    return false;
}

/* boundary=... or boundary="..." (RFC 2046, 5.1.1). */
static void find_boundary(struct body *body, const char *content_type)
{
    const char *at = content_type == NULL
        ? NULL : strcasestr(content_type, "boundary=");

    if (at == NULL)
        return;
    at += strlen("boundary=");
    if (*at == '"') {
        body->boundary = at + 1;
        body->boundary_length = strcspn(at + 1, "\"");
    } else {
        body->boundary = at;
        body->boundary_length = strcspn(at, "; \t\r\n");
    }
}

/* Whether the octets of this type are no ASCII, even where letters are. */
static bool is_wide(const char *content_type)
{
    static const char *const names[] = { "utf-16", "utf-32", "ucs-2",
                                         "ucs-4" };
    const char *charset = content_type == NULL
        ? NULL : strcasestr(content_type, "charset");
    size_t i;

    for (i = 0; charset != NULL && i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasestr(charset, names[i]) != NULL)
            return true;
    return false;
}

/* Behind the line that begins here. */
static uint8_t *line_end(const struct body *body, uint8_t *at)
{
    uint8_t *newline = memchr(at, '\n', (size_t) (body->end - at));

    return newline == NULL ? body->end : newline + 1;
}

/* Where the next delimiter line begins, or the end of the body. */
static uint8_t *next_delimiter(const struct body *body)
{
    uint8_t *at;

    for (at = body->at; at < body->end; at = line_end(body, at))
        if ((size_t) (body->end - at) >= 2 + body->boundary_length
            && memcmp(at, "--", 2) == 0
            && memcmp(at + 2, body->boundary, body->boundary_length) == 0)
            return at;
    return body->end;
}

/* Text up to there. */
static void replace_to(struct body *body, uint8_t *end)
{
    standins_text(body->standins, body->at, (size_t) (end - body->at),
                  STANDINS_UTF8);
    body->at = end;
}

/* The value of the header from `at` to `end`, if it is called `name`. */
static bool header_value(const uint8_t *at, const uint8_t *end,
                         const char *name, char value[TYPE_MAX])
{
    size_t length = strlen(name), size = (size_t) (end - at);

    if (size < length || strncasecmp((const char *) at, name, length) != 0)
        return false;
    at += length;
    size = (size_t) (end - at) < TYPE_MAX ? (size_t) (end - at)
                                          : TYPE_MAX - 1;
    memcpy(value, at, size);
    value[size] = '\0';
    return true;
}

/* What a header says of how to read the part. */
static void take_header(struct body *body, const uint8_t *end)
{
    char value[TYPE_MAX];

    header_value(body->at, end, "Content-Type:", body->type);
    if (!header_value(body->at, end, "Content-Transfer-Encoding:", value))
        return;
    if (strcasestr(value, "base64") != NULL)
        body->encoding = PSEUDONYMS_BASE64;
    else if (strcasestr(value, "quoted-printable") != NULL)
        body->encoding = PSEUDONYMS_QUOTED;
}

/* Behind the header that begins here: a line that begins with a space goes
 * on with the one before. */
static uint8_t *header_end(const struct body *body, const uint8_t *end)
{
    uint8_t *at = line_end(body, body->at);

    while (at < end && (*at == ' ' || *at == '\t'))
        at = line_end(body, at);
    return at;
}

/* Whether these can be the name of a header: a token of RFC 9110. */
static bool is_token(const uint8_t *at, const uint8_t *end)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (; at < end; at++)
        if (*at == '\0' || (!isalnum(*at) && strchr(others, *at) == NULL))
            return false;
    return true;
}

/* The headers of a part, and the empty line. */
static void replace_headers(struct body *body, const uint8_t *end)
{
    uint8_t *next, *colon;

    while (body->at < end) {
        next = header_end(body, end);
        if (*body->at == '\n' || *body->at == '\r') {
            body->at = line_end(body, body->at);
            return;
        }
        take_header(body, next);
        colon = memchr(body->at, ':', (size_t) (next - body->at));
        if (colon != NULL
            && pseudonyms_keep_header((char *) body->at,
                                      (size_t) (colon - body->at))) {
            body->at = next;
        } else {
            if (colon != NULL && is_token(body->at, colon))
                body->at = colon;
            replace_to(body, next);
        }
    }
}

static bool replace_body(struct standins *standins, const char *content_type,
                         uint8_t *bytes, size_t size, int nested);

/* What is behind the headers of a part. */
static bool replace_part(struct body *body, const uint8_t *end, int nested)
{
    size_t size = (size_t) (end - body->at);

    if (body->encoding == PSEUDONYMS_PLAIN && nested < NESTED_MAX)
        return replace_body(body->standins, body->type, body->at, size,
                            nested + 1);
    return !is_wide(body->type)
        && pseudonyms_encoded(body->standins, body->encoding, body->at, size);
}

static bool replace_body(struct standins *standins, const char *content_type,
                         uint8_t *bytes, size_t size, int nested)
{
    struct body body = {
        .standins = standins, .at = bytes, .end = bytes + size
    };
    bool understood = true;
    uint8_t *end;

    find_boundary(&body, content_type);
    if (body.boundary_length == 0)
        return !is_wide(content_type)
            && pseudonyms_content(standins, bytes, size);
    replace_to(&body, next_delimiter(&body));
    while (body.at < body.end) {
        body.at += 2 + body.boundary_length;
        replace_to(&body, line_end(&body, body.at));
        end = next_delimiter(&body);
        body.encoding = PSEUDONYMS_PLAIN;
        body.type[0] = '\0';
        replace_headers(&body, end);
        if (!replace_part(&body, end, nested))
            understood = false;
        body.at = end;
    }
    return understood;
}

bool pseudonyms_body(struct standins *standins, const char *content_type,
                     uint8_t *body, size_t size)
{
    return replace_body(standins, content_type, body, size, 0);
}
