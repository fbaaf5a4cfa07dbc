/*
 * pseudonyms.c - see pseudonyms.h. Here: the key, and which member of a
 * record is what.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "../smsc/buffer.h"
#include "pseudonyms.h"
#include "pseudonyms_body.h"

enum { KEY_RANDOM = 32, KEY_MAX = 4096 };

struct pseudonyms {
    struct standins *standins;
    struct buffer copies;               /* what the record points into */
    struct trace_header *headers;
};

/* The key's length, or 0 and why not. */
static size_t read_key(const char *path, uint8_t key[KEY_MAX],
                       char error[TRACE_ERROR_SIZE])
{
    FILE *file = fopen(path, "re");
    size_t size = 0;

    if (file != NULL)
        size = fread(key, 1, KEY_MAX, file);
    if (file == NULL || ferror(file)) {
        snprintf(error, TRACE_ERROR_SIZE, "%.300s: %s", path,
                 strerror(errno));
        size = 0;
    } else if (size < STANDINS_KEY_MIN) {
        snprintf(error, TRACE_ERROR_SIZE, "%.300s: a key has %d octets or "
                 "more", path, STANDINS_KEY_MIN);
        size = 0;
    }
    if (file != NULL)
        fclose(file);
    return size;
}

struct pseudonyms *pseudonyms_new(const char *key_path,
                                  char error[TRACE_ERROR_SIZE])
{
    struct pseudonyms *pseudonyms;
    uint8_t key[KEY_MAX];
    size_t size = KEY_RANDOM;

    if (key_path != NULL)
        size = read_key(key_path, key, error);
    else if (getrandom(key, KEY_RANDOM, 0) != KEY_RANDOM) {
        snprintf(error, TRACE_ERROR_SIZE, "getrandom: %s", strerror(errno));
        size = 0;
    }
    if (size == 0)
        return NULL;
    pseudonyms = mem_new(sizeof(*pseudonyms));
    pseudonyms->standins = standins_new(key, size);
    OPENSSL_cleanse(key, sizeof(key));
    return pseudonyms;
}

void pseudonyms_free(struct pseudonyms *pseudonyms)
{
    if (pseudonyms == NULL)
        return;
    standins_free(pseudonyms->standins);
    buffer_free(&pseudonyms->copies);
    free(pseudonyms->headers);
    free(pseudonyms);
}

const char *pseudonyms_fingerprint(const struct pseudonyms *pseudonyms)
{
    return standins_fingerprint(pseudonyms->standins);
}

/* --- members ----------------------------------------------------------- */

/* Everything that is copied for a record, so that no copy moves another. */
static size_t room_for(const struct trace_record *record)
{
    const char *const texts[] = {
        record->url, record->pi, record->push_id, record->dst, record->src,
        record->system_id, record->message_id
    };
    size_t room = record->body.size, i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        room += texts[i] == NULL ? 0 : strlen(texts[i]) + 1;
    for (i = 0; i < record->headers.count; i++)
        room += strlen(record->headers.items[i].value) + 1;
    return room;
}

static uint8_t *copy(struct pseudonyms *pseudonyms, const void *bytes,
                     size_t size)
{
    uint8_t *at = buffer_reserve(&pseudonyms->copies, size);

    memcpy(at, bytes, size);
    buffer_commit(&pseudonyms->copies, size);
    return at;
}

static void replace_text(struct pseudonyms *pseudonyms, const char **text)
{
    size_t length;
    uint8_t *at;

    if (*text == NULL)
        return;
    length = strlen(*text);
    at = copy(pseudonyms, *text, length + 1);
    standins_text(pseudonyms->standins, at, length, STANDINS_UTF8);
    *text = (const char *) at;
}

/* A number as SMPP has it; or the name of a sender. */
static void replace_number(struct pseudonyms *pseudonyms, const char **text)
{
    size_t length;
    uint8_t *at;

    if (*text == NULL)
        return;
    length = strlen(*text);
    if (strspn(*text, "0123456789+-. ") != length) {
        replace_text(pseudonyms, text);
        return;
    }
    at = copy(pseudonyms, *text, length + 1);
    standins_number(pseudonyms->standins, at, length);
    *text = (const char *) at;
}

/* The path is the PPG's, and its variables have names; what stands without
 * a name is a value. */
static void replace_url(struct pseudonyms *pseudonyms, const char **url)
{
    uint8_t *at, *end, *equals;

    if (*url == NULL)
        return;
    at = copy(pseudonyms, *url, strlen(*url) + 1);
    *url = (const char *) at;
    at += strcspn((char *) at, "?");
    while (*at != '\0') {
        end = at + 1 + strcspn((char *) at + 1, "&");
        equals = memchr(at, '=', (size_t) (end - at));
        if (equals != NULL)
            at = equals;
        standins_text(pseudonyms->standins, at, (size_t) (end - at),
                      STANDINS_UTF8);
        at = end;
    }
}

static void replace_headers(struct pseudonyms *pseudonyms,
                            struct trace_headers *headers)
{
    size_t i;

    if (headers->count == 0)
        return;
    pseudonyms->headers = mem_resize(
        pseudonyms->headers, headers->count * sizeof(*headers->items));
    for (i = 0; i < headers->count; i++) {
        pseudonyms->headers[i] = headers->items[i];
        if (!pseudonyms_keep_header(headers->items[i].name,
                                    strlen(headers->items[i].name)))
            replace_text(pseudonyms, &pseudonyms->headers[i].value);
    }
    headers->items = pseudonyms->headers;
}

static const char *content_type(const struct trace_headers *headers)
{
    size_t i;

    for (i = 0; i < headers->count; i++)
        if (strcasecmp(headers->items[i].name, "Content-Type") == 0)
            return headers->items[i].value;
    return NULL;
}

static bool replace_body(struct pseudonyms *pseudonyms,
                         struct trace_record *record)
{
    uint8_t *at;

    if (record->body.size == 0)
        return true;
    at = copy(pseudonyms, record->body.bytes, record->body.size);
    if (!pseudonyms_body(pseudonyms->standins, content_type(&record->headers),
                         at, record->body.size)) {
        record->body = (struct trace_octets) { NULL, 0 };
        return false;
    }
    record->body.bytes = at;
    return true;
}

bool pseudonyms_apply(struct pseudonyms *pseudonyms,
                      struct trace_record *record)
{
    bool understood;

    buffer_consume(&pseudonyms->copies, buffer_length(&pseudonyms->copies));
    buffer_reserve(&pseudonyms->copies, room_for(record));
    understood = replace_body(pseudonyms, record);
    replace_headers(pseudonyms, &record->headers);
    replace_url(pseudonyms, &record->url);
    replace_text(pseudonyms, &record->pi);
    replace_text(pseudonyms, &record->push_id);
    replace_text(pseudonyms, &record->system_id);
    replace_text(pseudonyms, &record->message_id);
    replace_number(pseudonyms, &record->dst);
    replace_number(pseudonyms, &record->src);
    /* what went over the air holds the texts in a form that has no
     * stand-in; its length stays */
    if (record->message.bytes != NULL) {
        record->octets = (int64_t) record->message.size;
        record->message = (struct trace_octets) { NULL, 0 };
    }
    return understood;
}
