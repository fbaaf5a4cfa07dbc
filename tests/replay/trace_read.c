/*
 * trace_read.c - see trace.h. JSON is read by jansson, which refuses
 * repeated keys, ill-formed UTF-8 and NUL; the rest is refused here.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../smsc/buffer.h"
#include "octets.h"
#include "trace_fields.h"
#include "trace_rules.h"

enum { READ_SIZE = 64 * 1024 };

struct trace_reader {
    char *name;                         /* of the file */
    FILE *file;
    struct buffer in;
    bool ended;                         /* nothing more will come in */
    uint64_t line;
    json_t *json;                       /* what the record points into */
    struct buffer octets;               /* and this */
    struct trace_header *headers;       /* and this */
    json_t *first;                      /* what `begin` points into */
    struct trace_begin begin;
    struct trace_rules rules;
    char error[TRACE_ERROR_SIZE];
};

/* Always -1. What a hostile trace has in its keys and words makes no second
 * line of the error. */
static int __attribute__((format(printf, 2, 3)))
fail(struct trace_reader *reader, const char *format, ...)
{
    size_t room = sizeof(reader->error);
    va_list arguments;
    char *at;
    int used;

    used = snprintf(reader->error, room, "%.300s:%" PRIu64 ": ",
                    reader->name, reader->line);
    va_start(arguments, format);
    vsnprintf(reader->error + used, room - (size_t) used, format, arguments);
    va_end(arguments);
    for (at = reader->error; *at != '\0'; at++)
        if ((uint8_t) *at < ' ' || *at == 0x7f)
            *at = '?';
    return -1;
}

/* --- lines ------------------------------------------------------------- */

static int fill(struct trace_reader *reader)
{
    size_t got = fread(buffer_reserve(&reader->in, READ_SIZE), 1, READ_SIZE,
                       reader->file);

    buffer_commit(&reader->in, got);
    if (got < READ_SIZE) {
        if (ferror(reader->file))
            return fail(reader, "cannot be read: %s", strerror(errno));
        reader->ended = true;
    }
    return 0;
}

/* The next line, to be consumed with its newline: 1; 0 at the end; or -1. */
static int next_line(struct trace_reader *reader, const char **text,
                     size_t *size)
{
    const uint8_t *newline = NULL;
    size_t seen = 0;

    reader->line++;
    for (;;) {
        size_t length = buffer_length(&reader->in);
        if (length > seen)
            newline = memchr(buffer_bytes(&reader->in) + seen, '\n',
                             length - seen);
        if (newline != NULL || reader->ended || length > TRACE_LINE_MAX)
            break;
        seen = length;
        if (fill(reader) < 0)
            return -1;
    }
    *text = (const char *) buffer_bytes(&reader->in);
    *size = newline != NULL ? (size_t) ((const char *) newline - *text)
                            : buffer_length(&reader->in);
    if (*size > TRACE_LINE_MAX)
        return fail(reader, "the line has more than %d octets",
                    TRACE_LINE_MAX);
    if (newline == NULL && *size > 0)
        return fail(reader, "the last line is cut off: it has no newline");
    return newline != NULL;
}

/* The next line as a JSON object; as next_line(). */
static int next_object(struct trace_reader *reader, json_t **object)
{
    json_error_t error;
    const char *text;
    size_t size;
    int found = next_line(reader, &text, &size);

    if (found <= 0)
        return found;
    if (memchr(text, '\0', size) != NULL)
        return fail(reader, "a NUL in the line");
    *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (*object == NULL)
        return fail(reader, "no JSON at column %d: %s", error.column,
                    error.text);
    buffer_consume(&reader->in, size + 1);
    if (!json_is_object(*object)) {
        json_decref(*object);
        *object = NULL;
        return fail(reader, "no JSON object");
    }
    return 1;
}

/* --- values ------------------------------------------------------------ */

static void *member(struct trace_record *record,
                    const struct trace_field *field)
{
    return (char *) record + field->offset;
}

static int wrong_type(struct trace_reader *reader, const char *key,
                      const char *type)
{
    return fail(reader, "\"%s\" is no %s", key, type);
}

static int take_number(struct trace_reader *reader, const char *key,
                       json_t *value, int64_t *number)
{
    if (!json_is_integer(value))
        return wrong_type(reader, key, "whole number");
    *number = json_integer_value(value);
    /* they would be taken for unknown */
    if (*number < 0)
        return fail(reader, "\"%s\" is negative", key);
    return 0;
}

/* Octets are decoded into the reader's buffer: one record has one such
 * member. */
static int take_octets(struct trace_reader *reader, const char *key,
                       json_t *value, bool hex, struct trace_octets *octets)
{
    size_t length = json_string_length(value);
    uint8_t *out;

    if (octets->bytes != NULL)
        return fail(reader, "both \"body\" and \"" TRACE_BODY_BASE64 "\"");
    buffer_consume(&reader->octets, buffer_length(&reader->octets));
    out = buffer_reserve(&reader->octets, length + 1);
    if (!(hex ? octets_from_hex : octets_from_base64)
         (out, &octets->size, json_string_value(value), length))
        return fail(reader, "\"%s\" is no %s", key, hex ? "hexadecimal"
                                                        : "base64");
    octets->bytes = out;
    return 0;
}

static int take_headers(struct trace_reader *reader, json_t *value,
                        struct trace_headers *headers)
{
    size_t count = json_array_size(value), i;

    if (!json_is_array(value))
        return wrong_type(reader, "headers", "array");
    reader->headers = mem_resize(reader->headers,
                                 count * sizeof(*reader->headers));
    for (i = 0; i < count; i++) {
        json_t *pair = json_array_get(value, i);
        json_t *name = json_array_get(pair, 0);
        json_t *content = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !json_is_string(name)
            || !json_is_string(content))
            return fail(reader, "header %zu is no [\"name\", \"value\"]",
                        i + 1);
        reader->headers[i].name = json_string_value(name);
        reader->headers[i].value = json_string_value(content);
    }
    headers->items = reader->headers;
    headers->count = count;
    return 0;
}

static int take_text(struct trace_reader *reader,
                     const struct trace_field *field, const char *key,
                     json_t *value, struct trace_record *record)
{
    struct trace_octets *octets = member(record, field);

    if (!json_is_string(value))
        return wrong_type(reader, key, "text");
    if (field->type == TRACE_HEX || strcmp(key, TRACE_BODY_BASE64) == 0)
        return take_octets(reader, key, value, field->type == TRACE_HEX,
                           octets);
    if (field->type == TRACE_BODY) {
        if (octets->bytes != NULL)
            return fail(reader, "both \"body\" and \""
                        TRACE_BODY_BASE64 "\"");
        octets->bytes = (const uint8_t *) json_string_value(value);
        octets->size = json_string_length(value);
        return 0;
    }
    *(const char **) member(record, field) = json_string_value(value);
    return 0;
}

static int take_value(struct trace_reader *reader,
                      const struct trace_field *field, const char *key,
                      json_t *value, struct trace_record *record)
{
    switch (field->type) {
    case TRACE_NUMBER_OR_NONE:
        if (json_is_string(value)
            && strcmp(json_string_value(value), "none") == 0) {
            *(int64_t *) member(record, field) = TRACE_NONE;
            return 0;
        }
        return take_number(reader, key, value, member(record, field));
    case TRACE_NUMBER:
        return take_number(reader, key, value, member(record, field));
    case TRACE_BOOLEAN:
        if (!json_is_boolean(value))
            return wrong_type(reader, key, "truth value");
        *(int64_t *) member(record, field) = json_is_true(value);
        return 0;
    case TRACE_HEADERS:
        return take_headers(reader, value, member(record, field));
    case TRACE_TEXT:
    case TRACE_ASCII:
    case TRACE_WORD:
    case TRACE_HEX:
    case TRACE_BODY:
        return take_text(reader, field, key, value, record);
    }
    return -1;
}

static int take_record(struct trace_reader *reader, json_t *object,
                       struct trace_record *record)
{
    json_t *name = json_object_get(object, "ev"), *value;
    const struct trace_field *field;
    const char *key;
    int event;

    if (!json_is_string(name))
        return fail(reader, "\"ev\" is missing, or no text");
    event = trace_event_named(json_string_value(name));
    if (event < 0)
        return fail(reader, "\"ev\" is \"%.40s\", which version %d does not "
                    "have", json_string_value(name), TRACE_VERSION);
    *record = trace_clear((enum trace_event) event, 0);
    if (json_object_get(object, "t") == NULL)
        return fail(reader, "\"t\" is missing");
    json_object_foreach(object, key, value) {
        if (strcmp(key, "ev") == 0)
            continue;
        if (strcmp(key, "t") == 0) {
            if (take_number(reader, key, value, &record->t) < 0)
                return -1;
            continue;
        }
        field = trace_field(record->event, key);
        if (field == NULL)
            return fail(reader, "a %s has no \"%.40s\"",
                        trace_event_name(record->event), key);
        if (take_value(reader, field, key, value, record) < 0)
            return -1;
    }
    return 0;
}

/* --- the first line ---------------------------------------------------- */

static int take_unknown(struct trace_reader *reader, json_t *value)
{
    size_t i;

    if (!json_is_array(value))
        return wrong_type(reader, "unknown", "array");
    for (i = 0; i < json_array_size(value); i++) {
        const char *name = json_string_value(json_array_get(value, i));
        int event = name == NULL ? -1 : trace_event_named(name);
        if (event >= 0)
            reader->begin.unknown |= 1u << event;
        else if (name != NULL && strcmp(name, "time") == 0)
            reader->begin.time_unknown = true;
        else
            return fail(reader, "\"unknown\" holds what is neither \"time\" "
                        "nor the name of an event");
    }
    return 0;
}

static int take_version(struct trace_reader *reader)
{
    json_t *version = json_object_get(reader->first, "convoy-trace");

    if (!json_is_integer(version))
        return fail(reader, "no trace: the first line has no number "
                    "\"convoy-trace\"");
    if (json_integer_value(version) != TRACE_VERSION)
        return fail(reader, "a trace of version %" JSON_INTEGER_FORMAT
                    "; only version %d can be read",
                    json_integer_value(version), TRACE_VERSION);
    return 0;
}

static int take_begin_key(struct trace_reader *reader, const char *key,
                          json_t *value)
{
    struct trace_begin *begin = &reader->begin;
    const struct {
        const char *key, **text;
    } texts[] = {
        { "begin", &begin->begin }, { "source", &begin->source },
        { "program", &begin->program }, { "seed", &begin->seed },
        { "note", &begin->note }, { "pseudonyms", &begin->pseudonyms }
    };
    size_t i;

    if (strcmp(key, "convoy-trace") == 0
        || (strcmp(key, "pseudonyms") == 0 && json_is_false(value)))
        return 0;
    if (strcmp(key, "unknown") == 0)
        return take_unknown(reader, value);
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(key, texts[i].key) != 0)
            continue;
        if (!json_is_string(value))
            return wrong_type(reader, key, "text");
        *texts[i].text = json_string_value(value);
        return 0;
    }
    return fail(reader, "the first line has no \"%.40s\"", key);
}

static int read_begin(struct trace_reader *reader)
{
    const char *key;
    json_t *value;
    char why[TRACE_ERROR_SIZE];
    int found = next_object(reader, &reader->first);

    if (found == 0)
        return fail(reader, "no trace: it is empty");
    if (found < 0 || take_version(reader) < 0)
        return -1;
    json_object_foreach(reader->first, key, value)
        if (take_begin_key(reader, key, value) < 0)
            return -1;
    if (json_object_get(reader->first, "pseudonyms") == NULL)
        return fail(reader, "the first line needs \"pseudonyms\"");
    if (!trace_rules_begin(&reader->rules, &reader->begin, why))
        return fail(reader, "%s", why);
    return 0;
}

/* --- the reader -------------------------------------------------------- */

struct trace_reader *trace_open_file(FILE *file, const char *name,
                                     char error[TRACE_ERROR_SIZE])
{
    struct trace_reader *reader = mem_new(sizeof(*reader));

    reader->file = file;
    reader->name = mem_string(name);
    if (read_begin(reader) == 0)
        return reader;
    strcpy(error, reader->error);
    trace_close(reader);
    return NULL;
}

struct trace_reader *trace_open(const char *path,
                                char error[TRACE_ERROR_SIZE])
{
    FILE *file;

    if (strcmp(path, "-") == 0)
        return trace_open_file(stdin, "(standard input)", error);
    file = fopen(path, "re");
    if (file == NULL) {
        snprintf(error, TRACE_ERROR_SIZE, "%.300s: %s", path,
                 strerror(errno));
        return NULL;
    }
    return trace_open_file(file, path, error);
}

const struct trace_begin *trace_begin(const struct trace_reader *reader)
{
    return &reader->begin;
}

int trace_read(struct trace_reader *reader, struct trace_record *record)
{
    char why[TRACE_ERROR_SIZE];
    int found;

    if (reader->error[0] != '\0')
        return -1;
    json_decref(reader->json);
    reader->json = NULL;
    found = next_object(reader, &reader->json);
    if (found <= 0)
        return found;
    if (take_record(reader, reader->json, record) < 0)
        return -1;
    if (!trace_rules_check(&reader->rules, record, why))
        return fail(reader, "%s", why);
    trace_rules_remember(&reader->rules, record);
    return 1;
}

const char *trace_error(const struct trace_reader *reader)
{
    return reader->error;
}

uint64_t trace_line(const struct trace_reader *reader)
{
    return reader->line;
}

void trace_close(struct trace_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->file != stdin)
        fclose(reader->file);
    json_decref(reader->json);
    json_decref(reader->first);
    buffer_free(&reader->in);
    buffer_free(&reader->octets);
    trace_rules_free(&reader->rules);
    free(reader->headers);
    free(reader->name);
    free(reader);
}
