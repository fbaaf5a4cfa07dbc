/*
 * trace_write.c - see trace.h.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../smsc/buffer.h"
#include "octets.h"
#include "trace_fields.h"
#include "trace_rules.h"

struct trace_writer {
    FILE *file;
    struct trace_rules rules;
    struct buffer scratch;
    char error[TRACE_ERROR_SIZE];
};

static json_t *number_value(int64_t number)
{
    if (number == TRACE_UNKNOWN)
        return NULL;
    return number == TRACE_NONE ? json_string("none") : json_integer(number);
}

/* The characters that `encode` makes of the octets. */
static json_t *encoded(struct trace_writer *writer, size_t room,
                       void (*encode)(char *, const uint8_t *, size_t),
                       const struct trace_octets *octets)
{
    char *text = (char *) buffer_reserve(&writer->scratch, room);

    encode(text, octets->bytes, octets->size);
    return json_string_nocheck(text);
}

static json_t *headers_value(const struct trace_headers *headers)
{
    json_t *array;
    size_t i;

    if (headers->items == NULL && headers->count == 0)
        return NULL;
    array = json_array();
    for (i = 0; i < headers->count; i++)
        json_array_append_new(array, json_pack("[ss]", headers->items[i].name,
                                               headers->items[i].value));
    return array;
}

/* What a member becomes, or NULL if it is unknown; `key` may change. */
static json_t *value_of(struct trace_writer *writer,
                        const struct trace_record *record,
                        const struct trace_field *field, const char **key)
{
    const struct trace_octets *octets = trace_member(record, field);
    int64_t number;

    switch (field->type) {
    case TRACE_NUMBER:
    case TRACE_NUMBER_OR_NONE:
        return number_value(*(const int64_t *) trace_member(record, field));
    case TRACE_BOOLEAN:
        number = *(const int64_t *) trace_member(record, field);
        return number == TRACE_UNKNOWN ? NULL : json_boolean(number != 0);
    case TRACE_TEXT:
    case TRACE_ASCII:
    case TRACE_WORD:
        return json_string(*(const char *const *)
                           trace_member(record, field));
    case TRACE_HEX:
        return octets->bytes == NULL ? NULL
            : encoded(writer, 2 * octets->size + 1, octets_to_hex, octets);
    case TRACE_BODY:
        if (octets->bytes == NULL)
            return NULL;
        if (octets_are_text(octets->bytes, octets->size))
            return json_stringn_nocheck((const char *) octets->bytes,
                                        octets->size);
        *key = TRACE_BODY_BASE64;
        return encoded(writer, octets->size / 3 * 4 + 5, octets_to_base64,
                       octets);
    case TRACE_HEADERS:
        return headers_value(trace_member(record, field));
    }
    return NULL;
}

static int write_line(struct trace_writer *writer, json_t *object)
{
    char *line = json_dumps(object, JSON_COMPACT);
    size_t length = line == NULL ? 0 : strlen(line);
    int result = 0;

    json_decref(object);
    if (length == 0 || length > TRACE_LINE_MAX) {
        snprintf(writer->error, sizeof(writer->error), "the line would have "
                 "more than %d octets", TRACE_LINE_MAX);
        result = -1;
    } else {
        line[length] = '\n';    /* in place of the NUL */
        if (fwrite(line, 1, length + 1, writer->file) != length + 1) {
            snprintf(writer->error, sizeof(writer->error), "cannot be "
                     "written: %s", strerror(errno));
            result = -1;
        }
    }
    free(line);
    return result;
}

int trace_write(struct trace_writer *writer,
                const struct trace_record *record)
{
    const struct trace_field *field;
    const char *key;
    json_t *object, *value;

    if (!trace_rules_check(&writer->rules, record, writer->error))
        return -1;
    object = json_object();
    json_object_set_new(object, "ev",
                        json_string(trace_event_name(record->event)));
    json_object_set_new(object, "t", json_integer(record->t));
    for (field = trace_fields; field->key != NULL; field++) {
        if ((field->allowed & 1u << record->event) == 0)
            continue;
        key = field->key;
        value = value_of(writer, record, field, &key);
        if (value != NULL)
            json_object_set_new(object, key, value);
    }
    if (write_line(writer, object) < 0)
        return -1;
    trace_rules_remember(&writer->rules, record);
    return 0;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL)
        json_object_set_new(object, key, json_string(text));
}

static json_t *unknown_value(const struct trace_begin *begin)
{
    json_t *array = json_array();
    int event;

    if (begin->time_unknown)
        json_array_append_new(array, json_string("time"));
    for (event = 0; event < TRACE_EVENTS; event++)
        if ((begin->unknown & 1u << event) != 0)
            json_array_append_new(array, json_string(
                trace_event_name((enum trace_event) event)));
    return array;
}

struct trace_writer *trace_create(FILE *file, const struct trace_begin *begin,
                                  char error[TRACE_ERROR_SIZE])
{
    struct trace_writer *writer;
    json_t *object;

    writer = mem_new(sizeof(*writer));
    writer->file = file;
    if (!trace_rules_begin(&writer->rules, begin, error)) {
        free(writer);
        return NULL;
    }
    object = json_object();
    json_object_set_new(object, "convoy-trace", json_integer(TRACE_VERSION));
    set_text(object, "begin", begin->begin);
    set_text(object, "source", begin->source);
    set_text(object, "program", begin->program);
    json_object_set_new(object, "pseudonyms", begin->pseudonyms != NULL
                        ? json_string(begin->pseudonyms) : json_false());
    set_text(object, "seed", begin->seed);
    set_text(object, "note", begin->note);
    if (begin->unknown != 0 || begin->time_unknown)
        json_object_set_new(object, "unknown", unknown_value(begin));
    if (write_line(writer, object) == 0)
        return writer;
    strcpy(error, writer->error);
    trace_finish(writer);
    return NULL;
}

const char *trace_write_error(const struct trace_writer *writer)
{
    return writer->error;
}

int trace_finish(struct trace_writer *writer)
{
    int result = fflush(writer->file) == 0 && !ferror(writer->file) ? 0 : -1;
    int why = errno;

    buffer_free(&writer->scratch);
    trace_rules_free(&writer->rules);
    free(writer);
    errno = why;
    return result;
}
