/*
 * trace_rules.c - what a trace may say; see trace_fields.h.
 *
 * Readers and writers meet the same rules here. What has to be remembered
 * for them is small because pushes, submits and notifications count from 1:
 * a number that was not given yet is larger than the last, and one bit tells
 * whether it has its answer.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../smsc/buffer.h"
#include "octets.h"
#include "trace_fields.h"

struct words {
    char *text;
    size_t size;
};

static bool __attribute__((format(printf, 2, 3)))
wrong(const struct words *why, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why->text, why->size, format, arguments);
    va_end(arguments);
    return false;
}

bool trace_is_text(const void *bytes, size_t size)
{
    return octets_are_text(bytes, size);
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static bool has_controls(const char *text)
{
    for (; *text != '\0'; text++)
        if (((uint8_t) *text < ' ' && *text != '\t') || *text == 0x7f)
            return true;
    return false;
}

/* Whether a variable of a query, which begins here, is a credential. */
static bool is_credential(const char *variable)
{
    static const char *const names[] = { "username", "password" };
    size_t length = strcspn(variable, "=&"), i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == length
            && strncasecmp(variable, names[i], length) == 0)
            return true;
    return false;
}

static bool has_credential(const char *url)
{
    const char *at = strchr(url, '?');

    for (; at != NULL; at = strchr(at + 1, '&'))
        if (is_credential(at + 1))
            return true;
    return false;
}

bool trace_is_url(const char *url)
{
    return url[0] == '/' && is_printable(url) && strchr(url, ' ') == NULL
           && strchr(url, '#') == NULL && !has_credential(url);
}

bool trace_is_secret_header(const char *name)
{
    return strcasecmp(name, "Authorization") == 0
           || strcasecmp(name, "Proxy-Authorization") == 0
           || strcasecmp(name, "Cookie") == 0;
}

/* A token of HTTP (RFC 9110, 5.6.2). */
static bool is_token(const char *name)
{
    return name[0] != '\0'
           && name[strspn(name, "!#$%&'*+-.^_`|~0123456789"
                          "abcdefghijklmnopqrstuvwxyz"
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* --- one member -------------------------------------------------------- */

static const void *member(const struct trace_record *record,
                          const struct trace_field *field)
{
    return (const char *) record + field->offset;
}

static int64_t number(const struct trace_record *record,
                      const struct trace_field *field)
{
    return *(const int64_t *) member(record, field);
}

static const char *text(const struct trace_record *record,
                        const struct trace_field *field)
{
    return *(const char *const *) member(record, field);
}

static bool is_known(const struct trace_record *record,
                     const struct trace_field *field)
{
    const struct trace_headers *headers;

    switch (field->type) {
    case TRACE_NUMBER:
    case TRACE_NUMBER_OR_NONE:
    case TRACE_BOOLEAN:
        return number(record, field) != TRACE_UNKNOWN;
    case TRACE_TEXT:
    case TRACE_ASCII:
    case TRACE_WORD:
        return text(record, field) != NULL;
    case TRACE_HEX:
    case TRACE_BODY:
        return ((const struct trace_octets *) member(record, field))->bytes
               != NULL;
    case TRACE_HEADERS:
        headers = member(record, field);
        return headers->items != NULL || headers->count > 0;
    }
    return false;
}

static bool check_size(const struct trace_field *field, size_t size,
                       const struct words *why)
{
    if (size < (size_t) field->min || size > (size_t) field->max)
        return wrong(why, "\"%s\" has %zu octets, and may have %" PRId64
                     " to %" PRId64, field->key, size, field->min,
                     field->max);
    return true;
}

static bool check_number(const struct trace_field *field, int64_t value,
                         const struct words *why)
{
    if (value == TRACE_NONE && field->type == TRACE_NUMBER_OR_NONE)
        return true;
    if (value < field->min || value > field->max)
        return wrong(why, "\"%s\" is %" PRId64 ", and may be %" PRId64
                     " to %" PRId64, field->key, value, field->min,
                     field->max);
    return true;
}

static bool check_text(const struct trace_field *field, const char *value,
                       const struct words *why)
{
    if (!octets_are_text((const uint8_t *) value, strlen(value))
        || has_controls(value))
        return wrong(why, "\"%s\" is no plain text", field->key);
    if (field->type == TRACE_ASCII && !is_printable(value))
        return wrong(why, "\"%s\" is not printable ASCII", field->key);
    return check_size(field, strlen(value), why);
}

static bool check_word(const struct trace_field *field, const char *value,
                       const struct words *why)
{
    const char *const *word;

    for (word = field->words; *word != NULL; word++)
        if (strcmp(*word, value) == 0)
            return true;
    return wrong(why, "\"%s\" is \"%.40s\", which is none of its words",
                 field->key, value);
}

static bool check_headers(const struct trace_field *field,
                          const struct trace_headers *headers,
                          const struct words *why)
{
    size_t i;

    if (headers->count > (size_t) field->max)
        return wrong(why, "more than %" PRId64 " headers", field->max);
    for (i = 0; i < headers->count; i++) {
        const struct trace_header *header = &headers->items[i];
        if (!is_token(header->name))
            return wrong(why, "header %zu has no good name", i + 1);
        if (trace_is_secret_header(header->name))
            return wrong(why, "a trace may not have the header %s",
                         header->name);
        if (!octets_are_text((const uint8_t *) header->value,
                             strlen(header->value))
            || has_controls(header->value))
            return wrong(why, "the header %.60s is no plain text",
                         header->name);
    }
    return true;
}

static bool check_value(const struct trace_record *record,
                        const struct trace_field *field,
                        const struct words *why)
{
    switch (field->type) {
    case TRACE_NUMBER:
    case TRACE_NUMBER_OR_NONE:
    case TRACE_BOOLEAN:
        return check_number(field, number(record, field), why);
    case TRACE_TEXT:
    case TRACE_ASCII:
        return check_text(field, text(record, field), why);
    case TRACE_WORD:
        return check_word(field, text(record, field), why);
    case TRACE_HEX:
    case TRACE_BODY:
        return check_size(
            field, ((const struct trace_octets *) member(record, field))
            ->size, why);
    case TRACE_HEADERS:
        return check_headers(field, member(record, field), why);
    }
    return false;
}

static bool check_members(const struct trace_record *record,
                          const struct words *why)
{
    unsigned event = 1u << record->event;
    const struct trace_field *field;

    for (field = trace_fields; field->key != NULL; field++) {
        bool known = is_known(record, field);
        if ((field->allowed & event) == 0) {
            if (known && trace_field(record->event, field->key) == NULL)
                return wrong(why, "a %s has no \"%s\"",
                             trace_event_name(record->event), field->key);
        } else if (!known && (field->needed & event) != 0) {
            return wrong(why, "a %s needs \"%s\"",
                         trace_event_name(record->event), field->key);
        } else if (known && !check_value(record, field, why)) {
            return false;
        }
    }
    return true;
}

/* --- one record -------------------------------------------------------- */

static bool check_submit(const struct trace_record *record,
                         const struct words *why)
{
    if ((record->part == TRACE_UNKNOWN) != (record->total == TRACE_UNKNOWN))
        return wrong(why, "\"part\" and \"total\" come together");
    if (record->part > record->total)
        return wrong(why, "part %" PRId64 " of %" PRId64, record->part,
                     record->total);
    if (record->first != TRACE_UNKNOWN
        && (record->attempt < 2 || record->first >= record->submit))
        return wrong(why, "\"first\" names an earlier submit, and "
                     "\"attempt\" is 2 or more");
    if (record->message.bytes != NULL && record->octets != TRACE_UNKNOWN
        && record->message.size != (size_t) record->octets)
        return wrong(why, "\"message\" has %zu octets, \"octets\" is %"
                     PRId64, record->message.size, record->octets);
    return true;
}

static bool check_record(const struct trace_record *record,
                         const struct words *why)
{
    if (record->t < 0 || record->t > TRACE_TIME_MAX)
        return wrong(why, "\"t\" is %" PRId64 ", and may be 0 to %" PRId64,
                     record->t, TRACE_TIME_MAX);
    if (!check_members(record, why))
        return false;
    if (record->url != NULL && !trace_is_url(record->url))
        return wrong(why, "\"url\" is no path and query without user and "
                     "password");
    if (record->by != NULL && strcmp(record->state, "down") != 0)
        return wrong(why, "\"by\" says who took a link down");
    if (record->event == TRACE_SUBMIT_ANSWER && record->message_id != NULL
        && record->status != 0)
        return wrong(why, "a message id without status 0");
    if (record->displayed_at != TRACE_UNKNOWN && record->displayed != 1)
        return wrong(why, "\"displayed_at\" of what was not displayed");
    return record->event != TRACE_SUBMIT || check_submit(record, why);
}

/* --- between records --------------------------------------------------- */

static uint8_t *bit_octet(struct trace_bits *bits, int64_t index)
{
    size_t at = (size_t) index / 8, size = bits->size;

    if (at >= size) {
        while (at >= size)
            size = size == 0 ? 64 : 2 * size;
        bits->bits = mem_resize(bits->bits, size);
        memset(bits->bits + bits->size, 0, size - bits->size);
        bits->size = size;
    }
    return bits->bits + at;
}

static bool bit_get(struct trace_bits *bits, int64_t index)
{
    return (*bit_octet(bits, index) >> index % 8 & 1) != 0;
}

static void bit_set(struct trace_bits *bits, int64_t index, bool value)
{
    uint8_t *octet = bit_octet(bits, index);
    uint8_t bit = (uint8_t) (1u << index % 8);

    *octet = (uint8_t) (value ? *octet | bit : *octet & ~bit);
}

static bool check_next(const char *key, int64_t value, int64_t last,
                       const struct words *why)
{
    return value == last + 1
           || wrong(why, "\"%s\" is %" PRId64 ", and the next is %" PRId64,
                    key, value, last + 1);
}

static bool check_given(const char *key, int64_t value, int64_t last,
                        const struct words *why)
{
    return value <= last
           || wrong(why, "there was no %s %" PRId64 " yet", key, value);
}

/* A first answer to something that was. */
static bool check_answer(struct trace_bits *answered, const char *key,
                         int64_t value, int64_t last,
                         const struct words *why)
{
    if (!check_given(key, value, last, why))
        return false;
    return !bit_get(answered, value)
           || wrong(why, "%s %" PRId64 " was answered before", key, value);
}

static bool check_link(struct trace_rules *rules,
                       const struct trace_record *record,
                       const struct words *why)
{
    bool up = strcmp(record->state, "up") == 0;

    return bit_get(&rules->link_up, record->link) != up
           || wrong(why, "link %" PRId64 " is %s already", record->link,
                    record->state);
}

static bool check_story(struct trace_rules *rules,
                        const struct trace_record *record,
                        const struct words *why)
{
    if ((rules->unknown & 1u << record->event) != 0)
        return wrong(why, "a %s, which the first line calls unknown",
                     trace_event_name(record->event));
    if (record->t < rules->latest - TRACE_SLACK_US)
        return wrong(why, "the time goes back by %" PRId64 " us, and may by "
                     "%d", rules->latest - record->t, TRACE_SLACK_US);
    switch (record->event) {
    case TRACE_PUSH:
        return check_next("push", record->push, rules->pushes, why);
    case TRACE_PUSH_ANSWER:
        return check_answer(&rules->push_answered, "push", record->push,
                            rules->pushes, why);
    case TRACE_SUBMIT:
        return check_next("submit", record->submit, rules->submits, why)
               && check_given("push", record->push, rules->pushes, why);
    case TRACE_SUBMIT_ANSWER:
        return check_answer(&rules->submit_answered, "submit",
                            record->submit, rules->submits, why);
    case TRACE_NOTIFICATION:
        return check_next("notification", record->notification,
                          rules->notifications, why)
               && check_given("push", record->push, rules->pushes, why);
    case TRACE_NOTIFICATION_ANSWER:
        return check_answer(&rules->notification_answered, "notification",
                            record->notification, rules->notifications, why);
    case TRACE_LINK:
        return check_link(rules, record, why);
    case TRACE_RECEIPT:
    case TRACE_CANCEL:
        return check_given("submit", record->submit, rules->submits, why);
    case TRACE_OUTCOME:
        return check_given("push", record->push, rules->pushes, why);
    case TRACE_PHONE:
    case TRACE_EVENTS:
        break;
    }
    return true;
}

void trace_rules_remember(struct trace_rules *rules,
                          const struct trace_record *record)
{
    if (record->t > rules->latest)
        rules->latest = record->t;
    switch (record->event) {
    case TRACE_PUSH:
        rules->pushes = record->push;
        break;
    case TRACE_SUBMIT:
        rules->submits = record->submit;
        break;
    case TRACE_NOTIFICATION:
        rules->notifications = record->notification;
        break;
    case TRACE_PUSH_ANSWER:
        bit_set(&rules->push_answered, record->push, true);
        break;
    case TRACE_SUBMIT_ANSWER:
        bit_set(&rules->submit_answered, record->submit, true);
        break;
    case TRACE_NOTIFICATION_ANSWER:
        bit_set(&rules->notification_answered, record->notification, true);
        break;
    case TRACE_LINK:
        bit_set(&rules->link_up, record->link,
                strcmp(record->state, "up") == 0);
        break;
    case TRACE_RECEIPT:
    case TRACE_CANCEL:
    case TRACE_PHONE:
    case TRACE_OUTCOME:
    case TRACE_EVENTS:
        break;
    }
}

bool trace_rules_check(struct trace_rules *rules,
                       const struct trace_record *record, char *why,
                       size_t why_size)
{
    struct words words = { why, why_size };

    return check_record(record, &words)
           && check_story(rules, record, &words);
}

/* --- the first line ---------------------------------------------------- */

/* YYYY-MM-DDThh:mm:ss, perhaps a fraction, and Z. */
static bool is_time(const char *value)
{
    static const char pattern[] = "0000-00-00T00:00:00";
    size_t i, digits;

    for (i = 0; pattern[i] != '\0'; i++)
        if (pattern[i] == '0' ? value[i] < '0' || value[i] > '9'
                              : value[i] != pattern[i])
            return false;
    if (value[i] == '.') {
        digits = strspn(value + i + 1, "0123456789");
        if (digits == 0 || digits > 6)
            return false;
        i += 1 + digits;
    }
    return strcmp(value + i, "Z") == 0;
}

static bool check_line(const char *key, const char *value, size_t most,
                       const struct words *why)
{
    if (value == NULL)
        return true;
    if (value[0] == '\0' || strlen(value) > most || has_controls(value)
        || !octets_are_text((const uint8_t *) value, strlen(value)))
        return wrong(why, "\"%s\" is no plain text of 1 to %zu octets", key,
                     most);
    return true;
}

bool trace_rules_begin(struct trace_rules *rules,
                       const struct trace_begin *begin, char *why,
                       size_t why_size)
{
    struct words words = { why, why_size };

    rules->unknown = begin->unknown;
    if (begin->source == NULL)
        return wrong(&words, "the first line needs \"source\"");
    if (begin->begin != NULL && !is_time(begin->begin))
        return wrong(&words, "\"begin\" is no time as "
                     "2026-01-31T23:59:59.000000Z");
    if (begin->pseudonyms != NULL
        && (strlen(begin->pseudonyms) != 16
            || begin->pseudonyms[strspn(begin->pseudonyms,
                                        "0123456789abcdef")] != '\0'))
        return wrong(&words, "\"pseudonyms\" is neither false nor 16 "
                     "hexadecimal digits");
    return check_line("source", begin->source, 64, &words)
           && check_line("program", begin->program, 64, &words)
           && check_line("seed", begin->seed, 64, &words)
           && check_line("note", begin->note, 4096, &words);
}

void trace_rules_free(struct trace_rules *rules)
{
    free(rules->push_answered.bits);
    free(rules->submit_answered.bits);
    free(rules->notification_answered.bits);
    free(rules->link_up.bits);
    *rules = (struct trace_rules) { 0 };
}
