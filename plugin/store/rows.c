/*
 * rows.c - see rows.h, and args.c for what an array looks like
 */

#include <string.h>

#include "store/memory.h"
#include "store/rows.h"

enum { ARRAY_HEAD = 20 };       /* of an array of one dimension */

static int64_t load_int(const char *at, size_t octets)
{
    uint64_t value = (signed char) at[0] < 0 ? UINT64_MAX : 0;
    size_t i;

    for (i = 0; i < octets; i++)
        value = value << 8 | (unsigned char) at[i];
    return (int64_t) value;
}

static size_t type_octets(PgType type)
{
    switch (type) {
    case PG_BOOL:
        return 1;
    case PG_INT2:
        return 2;
    case PG_INT4:
    case PG_PORTS:
        return 4;
    case PG_INT8:
        return 8;
    case PG_TEXT:
    case PG_BYTEA:
        break;
    }
    return 0;
}

static void set_null(char *record, const PgField *field)
{
    char *member = record + field->offset;

    switch (field->type) {
    case PG_BOOL:
        *(bool *) member = false;
        break;
    case PG_INT2:
    case PG_INT4:
        *(int *) (void *) member = field->null == PG_NULL_MINUS ? -1 : 0;
        break;
    case PG_INT8:
        *(int64_t *) (void *) member = 0;
        break;
    case PG_TEXT:
        *(const char **) (void *) member =
            field->null == PG_NOT_NULL ? "" : NULL;
        break;
    case PG_BYTEA:
        *(StoreBytes *) (void *) member = (StoreBytes) { "", 0 };
        break;
    case PG_PORTS:
        memset(member, 0, 4);
        break;
    }
}

/* `value` NULL or too short: NULL. */
static void set(char *record, const PgField *field, const char *value,
                size_t len)
{
    char *member = record + field->offset;

    if (value == NULL || len < type_octets(field->type)) {
        set_null(record, field);
        return;
    }
    switch (field->type) {
    case PG_BOOL:
        *(bool *) member = value[0] != 0;
        break;
    case PG_INT2:
    case PG_INT4:
        *(int *) (void *) member = (int) load_int(value, len);
        break;
    case PG_INT8:
        *(int64_t *) (void *) member = load_int(value, 8);
        break;
    case PG_TEXT:
        *(const char **) (void *) member = value;
        break;
    case PG_BYTEA:
        *(StoreBytes *) (void *) member = (StoreBytes) { value, len };
        break;
    case PG_PORTS:
        memcpy(member, value, 4);
        break;
    }
}

static const char *value_of(const PGresult *result, int row, int column,
                            size_t *len)
{
    *len = (size_t) PQgetlength(result, row, column);
    return PQgetisnull(result, row, column)
        ? NULL : PQgetvalue(result, row, column);
}

void *rows_read(const PGresult *result, const PgRecord *record)
{
    int n = PQntuples(result), row, i;
    char *records = memory_resize(NULL, (size_t) n, record->size);

    memset(records, 0, (size_t) n * record->size);
    for (row = 0; row < n; row++) {
        for (i = 0; i < record->n; i++) {
            size_t len;
            const char *value = value_of(result, row, i, &len);

            set(records + (size_t) row * record->size, &record->fields[i],
                value, len);
        }
    }
    return records;
}

int rows_array_length(const PGresult *result, int row, int first)
{
    size_t len;
    const char *value = value_of(result, row, first, &len);

    if (value == NULL || len < ARRAY_HEAD || load_int(value, 4) != 1)
        return 0;
    return (int) load_int(value + 12, 4);
}

static void read_array(const PGresult *result, int row, int column,
                       const PgField *field, size_t size, int n,
                       char *records)
{
    size_t left;
    const char *at = value_of(result, row, column, &left);
    int i, own = rows_array_length(result, row, column);

    for (i = 0; i < n; i++) {
        const char *value = NULL;
        int64_t len = -1;

        if (i < own) {
            if (i == 0)
                at += ARRAY_HEAD;
            len = load_int(at, 4);
            at += 4;
            value = at;
        }
        set(records + (size_t) i * size, field, len < 0 ? NULL : value,
            len < 0 ? 0 : (size_t) len);
        if (len > 0)
            at += len;
    }
}

void rows_array(const PGresult *result, int row, int first,
                const PgRecord *record, void *records)
{
    int i, n = rows_array_length(result, row, first);

    for (i = 0; i < record->n; i++) {
        read_array(result, row, first + i, &record->fields[i], record->size,
                   n, records);
    }
}

int64_t rows_int64(const PGresult *result, int row, int column)
{
    size_t len;
    const char *value = value_of(result, row, column, &len);

    return value == NULL || len < 8 ? 0 : load_int(value, 8);
}

const char *rows_text(const PGresult *result, int row, int column)
{
    size_t len;
    const char *value = value_of(result, row, column, &len);

    return value == NULL ? "" : value;
}
