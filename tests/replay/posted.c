/*
 * posted.c - see posted.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../smsc/buffer.h"
#include "octets.h"
#include "posted.h"

enum { URL_MAX = 8192, PI_MAX = 255, PUSH_ID_MAX = 1024 };

/* A plain text of 1 to `most` octets, as a trace has them. */
static bool is_plain(const char *text, size_t most)
{
    const char *at;

    for (at = text; *at != '\0'; at++)
        if (((unsigned char) *at < ' ' && *at != '\t') || *at == 0x7f)
            return false;
    return text[0] != '\0' && strlen(text) <= most
           && trace_is_text(text, strlen(text));
}

/* Whether one of the query's variables is this; `*value` is behind its =. */
static bool is_variable(const char *variable, size_t length, const char *name,
                        const char **value)
{
    size_t name_length = strlen(name);

    if (length < name_length || strncasecmp(variable, name, name_length) != 0
        || (length > name_length && variable[name_length] != '='))
        return false;
    *value = variable + name_length + (length > name_length);
    return true;
}

/* Copies the path and the query but for user and password; the user, if
 * there is one, becomes `pi`. */
static void take_url(struct posted *posted, const char *url)
{
    char *out;
    const char *at, *value;
    size_t length;
    bool first = true;

    if (strncasecmp(url, "http://", 7) == 0)
        url += 7 + strcspn(url + 7, "/?");
    length = strcspn(url, "?");
    posted->url = mem_new(strlen(url) + 1);
    memcpy(posted->url, url, length);
    out = posted->url + length;
    for (at = url + length; *at != '\0'; at += length) {
        length = strcspn(++at, "&");
        if (is_variable(at, length, "username", &value)) {
            if (posted->pi == NULL)
                posted->pi = strndup(value, (size_t) (at + length - value));
        } else if (!is_variable(at, length, "password", &value)) {
            *out++ = first ? '?' : '&';
            first = false;
            memcpy(out, at, length);
            out += length;
        }
    }
    if (strlen(posted->url) <= URL_MAX && trace_is_url(posted->url))
        posted->record.url = posted->url;
}

/* The user's name in "Basic ...". */
static char *basic_user(const char *value)
{
    size_t length, size;
    uint8_t *text;
    char *colon;

    if (strncasecmp(value, "Basic ", 6) != 0)
        return NULL;
    value += 6;
    length = strlen(value);
    text = mem_new(length + 4);
    colon = octets_from_base64(text, &size, value, length)
            ? memchr(text, ':', size) : NULL;
    if (colon == NULL) {
        free(text);
        return NULL;
    }
    *colon = '\0';
    return (char *) text;
}

static void take_headers(struct posted *posted,
                         const struct trace_headers *headers)
{
    struct trace_headers kept = { NULL, 0 };
    const char *value;
    size_t i;

    posted->headers = mem_new((headers->count + 1)
                              * sizeof(*posted->headers));
    for (i = 0; i < headers->count; i++) {
        value = headers->items[i].value;
        if (strcasecmp(headers->items[i].name, "Authorization") == 0
            && posted->pi == NULL)
            posted->pi = basic_user(value);
        if (trace_is_secret_header(headers->items[i].name))
            continue;
        if (*value != '\0' && !is_plain(value, SIZE_MAX))
            return;
        posted->headers[kept.count++] = headers->items[i];
    }
    kept.items = posted->headers;
    posted->record.headers = kept;
}

static void take_document(struct posted *posted,
                          const struct http_message *message)
{
    const char *type = http_header(message, "Content-Type");
    struct trace_record *record = &posted->record;
    const uint8_t *control;
    size_t size;

    if (message->body.bytes == NULL
        || !pap_control(type, message->body.bytes, message->body.size,
                        &control, &size)
        || !pap_read(&posted->pap, control, size))
        return;
    if (strcmp(posted->pap.message, "push-message") == 0)
        record->operation = "push";
    else if (strcmp(posted->pap.message, "cancel-message") == 0)
        record->operation = "cancel";
    else if (strcmp(posted->pap.message, "statusquery-message") == 0)
        record->operation = "query";
    if (posted->pap.push_id != NULL
        && is_plain(posted->pap.push_id, PUSH_ID_MAX))
        record->push_id = posted->pap.push_id;
}

void posted_read(struct posted *posted, const struct http_message *message,
                 const char *from)
{
    *posted = (struct posted) {
        .record = trace_clear(TRACE_PUSH, 0), .pap = { .code = -1 }
    };
    posted->record.body = message->body;
    if (message->url != NULL)
        take_url(posted, message->url);
    take_headers(posted, &message->headers);
    take_document(posted, message);
    if (posted->pi != NULL && is_plain(posted->pi, PI_MAX))
        posted->record.pi = posted->pi;
    else
        posted->record.pi = from;
}

void posted_free(struct posted *posted)
{
    pap_free(&posted->pap);
    free(posted->url);
    free(posted->pi);
    free(posted->headers);
}
