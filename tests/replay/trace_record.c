/*
 * trace_record.c - what one record may say by itself; see trace_rules.h.
 */
#include <inttypes.h>
#include <string.h>

#include "trace_fields.h"
#include "trace_rules.h"

/* --- one member -------------------------------------------------------- */

static int64_t number(const struct trace_record *record,
                      const struct trace_field *field)
{
    return *(const int64_t *) trace_member(record, field);
}

static const char *text(const struct trace_record *record,
                        const struct trace_field *field)
{
    return *(const char *const *) trace_member(record, field);
}

static const struct trace_octets *octets(const struct trace_record *record,
                                         const struct trace_field *field)
{
    return trace_member(record, field);
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
        return octets(record, field)->bytes != NULL;
    case TRACE_HEADERS:
        headers = trace_member(record, field);
        return headers->items != NULL || headers->count > 0;
    }
    return false;
}

static bool check_size(const struct trace_field *field, size_t size,
                       char why[TRACE_ERROR_SIZE])
{
    if (size < (size_t) field->min || size > (size_t) field->max)
        return trace_wrong(why, "\"%s\" has %zu octets, and may have %" PRId64
                           " to %" PRId64, field->key, size, field->min,
                           field->max);
    return true;
}

static bool check_number(const struct trace_field *field, int64_t value,
                         char why[TRACE_ERROR_SIZE])
{
    if (value == TRACE_NONE && field->type == TRACE_NUMBER_OR_NONE)
        return true;
    if (value < field->min || value > field->max)
        return trace_wrong(why, "\"%s\" is %" PRId64 ", and may be %" PRId64
                           " to %" PRId64, field->key, value, field->min,
                           field->max);
    return true;
}

static bool check_text(const struct trace_field *field, const char *value,
                       char why[TRACE_ERROR_SIZE])
{
    if (!trace_is_plain(value))
        return trace_wrong(why, "\"%s\" is no plain text", field->key);
    if (field->type == TRACE_ASCII && !trace_is_printable(value))
        return trace_wrong(why, "\"%s\" is not printable ASCII", field->key);
    return check_size(field, strlen(value), why);
}

static bool check_word(const struct trace_field *field, const char *value,
                       char why[TRACE_ERROR_SIZE])
{
    const char *const *word;

    for (word = field->words; *word != NULL; word++)
        if (strcmp(*word, value) == 0)
            return true;
    return trace_wrong(why, "\"%s\" is \"%.40s\", which is none of its words",
                       field->key, value);
}

static bool check_headers(const struct trace_field *field,
                          const struct trace_headers *headers,
                          char why[TRACE_ERROR_SIZE])
{
    size_t i;

    if (headers->count > (size_t) field->max)
        return trace_wrong(why, "more than %" PRId64 " headers", field->max);
    for (i = 0; i < headers->count; i++) {
        const struct trace_header *header = &headers->items[i];
        if (!trace_is_token(header->name))
            return trace_wrong(why, "header %zu has no good name", i + 1);
        if (trace_is_secret_header(header->name))
            return trace_wrong(why, "a trace may not have the header %s",
                               header->name);
        if (!trace_is_plain(header->value))
            return trace_wrong(why, "the header %.60s is no plain text",
                               header->name);
    }
    return true;
}

static bool check_value(const struct trace_record *record,
                        const struct trace_field *field,
                        char why[TRACE_ERROR_SIZE])
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
        return check_size(field, octets(record, field)->size, why);
    case TRACE_HEADERS:
        return check_headers(field, trace_member(record, field), why);
    }
    return false;
}

static bool check_members(const struct trace_record *record,
                          char why[TRACE_ERROR_SIZE])
{
    unsigned event = 1u << record->event;
    const struct trace_field *field;

    for (field = trace_fields; field->key != NULL; field++) {
        bool known = is_known(record, field);
        if ((field->allowed & event) == 0) {
            if (known && trace_field(record->event, field->key) == NULL)
                return trace_wrong(why, "a %s has no \"%s\"",
                                   trace_event_name(record->event),
                                   field->key);
        } else if (!known && (field->needed & event) != 0) {
            return trace_wrong(why, "a %s needs \"%s\"",
                               trace_event_name(record->event), field->key);
        } else if (known && !check_value(record, field, why)) {
            return false;
        }
    }
    return true;
}

/* --- one record -------------------------------------------------------- */

static bool check_submit(const struct trace_record *record,
                         char why[TRACE_ERROR_SIZE])
{
    if ((record->part == TRACE_UNKNOWN) != (record->total == TRACE_UNKNOWN))
        return trace_wrong(why, "\"part\" and \"total\" come together");
    if (record->part > record->total)
        return trace_wrong(why, "part %" PRId64 " of %" PRId64, record->part,
                           record->total);
    if (record->first != TRACE_UNKNOWN
        && (record->attempt < 2 || record->first >= record->submit))
        return trace_wrong(why, "\"first\" names an earlier submit, and "
                           "\"attempt\" is 2 or more");
    if (record->message.bytes != NULL && record->octets != TRACE_UNKNOWN
        && record->message.size != (size_t) record->octets)
        return trace_wrong(why, "\"message\" has %zu octets, \"octets\" is %"
                           PRId64, record->message.size, record->octets);
    return true;
}

bool trace_record_check(const struct trace_record *record,
                        char why[TRACE_ERROR_SIZE])
{
    if (record->t < 0 || record->t > TRACE_TIME_MAX)
        return trace_wrong(why, "\"t\" is %" PRId64 ", and may be 0 to %"
                           PRId64, record->t, TRACE_TIME_MAX);
    if (!check_members(record, why))
        return false;
    if (record->url != NULL && !trace_is_url(record->url))
        return trace_wrong(why, "\"url\" is no path and query without user "
                           "and password");
    if (record->by != NULL && strcmp(record->state, "down") != 0)
        return trace_wrong(why, "\"by\" says who took a link down");
    if (record->event == TRACE_SUBMIT_ANSWER && record->message_id != NULL
        && record->status != 0)
        return trace_wrong(why, "a message id without status 0");
    if (record->displayed_at != TRACE_UNKNOWN && record->displayed != 1)
        return trace_wrong(why, "\"displayed_at\" of what was not displayed");
    return record->event != TRACE_SUBMIT || check_submit(record, why);
}
