/*
 * args.c - see args.h
 *
 * An array in binary format is: number of dimensions (0 if empty), whether
 * there are NULLs, type of an element, then for each dimension its length and
 * lower bound, then the elements, each with its length before it (-1: NULL).
 * All are four octets in network order (array_recv in the server's source).
 */

#include <stdlib.h>
#include <string.h>

#include "store/args.h"
#include "store/memory.h"
#include "store/utf8.h"

static char *room(Args *args, size_t n)
{
    char *at;

    if (args->size - args->len < n) {
        args->size = args->size * 2 + n + 256;
        args->data = memory_resize(args->data, args->size, 1);
    }
    at = args->data + args->len;
    args->len += n;
    return at;
}

static void store_int(char *at, uint64_t value, size_t octets)
{
    size_t i;

    for (i = octets; i > 0; i--, value >>= 8)
        at[i - 1] = (char) (value & 0xff);
}

static void put_int(Args *args, int64_t value, size_t octets)
{
    store_int(room(args, octets), (uint64_t) value, octets);
}

static void put_octets(Args *args, const void *data, size_t len)
{
    if (len > 0)
        memcpy(room(args, len), data, len);
}

static void put_text(Args *args, const char *text)
{
    size_t len = strlen(text), valid = utf8_valid_prefix(text, len);

    if (valid == len) {
        put_octets(args, text, len);
    } else {
        char *at = room(args, len * UTF8_ESCAPED_MAX);

        args->len -= len * UTF8_ESCAPED_MAX;
        args->len += utf8_escape(at, text, len);
    }
}

/* A parameter starts here; end() gives it its length. */
static void begin(Args *args)
{
    if (args->n == ARGS_MAX)
        abort();
    args->starts[args->n] = args->len;
}

static void end(Args *args)
{
    args->lengths[args->n] = (int) (args->len - args->starts[args->n]);
    args->n++;
}

void args_clear(Args *args)
{
    args->len = 0;
    args->n = 0;
}

void args_free(Args *args)
{
    free(args->data);
    memset(args, 0, sizeof(*args));
}

void args_bool(Args *args, bool value)
{
    begin(args);
    put_int(args, value, 1);
    end(args);
}

void args_int(Args *args, int value)
{
    begin(args);
    put_int(args, value, 4);
    end(args);
}

void args_int64(Args *args, int64_t value)
{
    begin(args);
    put_int(args, value, 8);
    end(args);
}

void args_text(Args *args, const char *value)
{
    begin(args);
    if (value != NULL)
        put_text(args, value);
    end(args);
    if (value == NULL)
        args->lengths[args->n - 1] = -1;
}

static bool is_null(const PgField *field, int64_t value)
{
    return (field->null == PG_NULL && value == 0) ||
           (field->null == PG_NULL_MINUS && value == -1) ||
           (field->null == PG_NULL_KEEP && value == STORE_KEEP);
}

/* Puts an element's value; false if it is NULL. */
static bool put_value(Args *args, const PgField *field, const char *member)
{
    int64_t number;

    switch (field->type) {
    case PG_BOOL:
        put_int(args, *(const bool *) member, 1);
        return true;
    case PG_INT2:
    case PG_INT4:
        number = *(const int *) (const void *) member;
        if (is_null(field, number))
            return false;
        put_int(args, number, field->type == PG_INT2 ? 2 : 4);
        return true;
    case PG_INT8:
        number = *(const int64_t *) (const void *) member;
        if (is_null(field, number))
            return false;
        put_int(args, number, 8);
        return true;
    case PG_TEXT: {
        const char *text = *(const char *const *) (const void *) member;

        if (text == NULL)
            return false;
        put_text(args, text);
        return true;
    }
    case PG_BYTEA: {
        const StoreBytes *bytes = (const void *) member;

        put_octets(args, bytes->data, bytes->len);
        return true;
    }
    case PG_PORTS:
        put_octets(args, member, 4);
        return true;
    }
    return false;
}

static void put_element(Args *args, const PgField *field, const char *member)
{
    size_t length_at = args->len, start;

    room(args, 4);
    start = args->len;
    if (put_value(args, field, member))
        store_int(args->data + length_at, args->len - start, 4);
    else
        store_int(args->data + length_at, UINT32_MAX, 4);
}

static void put_array(Args *args, const PgField *field, const char *records,
                      size_t size, int n)
{
    int i;

    begin(args);
    put_int(args, n > 0 ? 1 : 0, 4);
    put_int(args, field->null != PG_NOT_NULL, 4);
    put_int(args, pg_type_oid(field->type), 4);
    if (n > 0) {
        put_int(args, n, 4);
        put_int(args, 1, 4);
    }
    for (i = 0; i < n; i++)
        put_element(args, field, records + (size_t) i * size + field->offset);
    end(args);
}

void args_records(Args *args, const PgRecord *record, const void *records,
                  int n)
{
    int i;

    for (i = 0; i < record->n; i++)
        put_array(args, &record->fields[i], records, record->size, n);
}

void args_values(const Args *args, const char *values[ARGS_MAX])
{
    int i;

    for (i = 0; i < args->n; i++) {
        values[i] = args->lengths[i] < 0 ? NULL
                                         : args->data + args->starts[i];
    }
}
