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

/* Each element has four octets before it, so there is one for its NUL. */
size_t rows_array_room(const PGresult *result, int row, int first,
                       const PgRecord *record)
{
    size_t room = 0;
    int i;

    for (i = 0; i < record->n; i++) {
        if (record->fields[i].type == PG_TEXT)
            room += (size_t) PQgetlength(result, row, first + i);
    }
    return room;
}

static const char *terminated(const char *text, size_t len, char **room)
{
    char *copy = *room;

    memcpy(copy, text, len);
    copy[len] = '\0';
    *room += len + 1;
    return copy;
}

static void read_array(const PGresult *result, int row, int column,
                       const PgField *field, size_t size, int n,
                       char *records, char **room)
{
    const char *at = PQgetvalue(result, row, column) + ARRAY_HEAD;
    int i;

    for (i = 0; i < n; i++, records += size) {
        int64_t len = load_int(at, 4);
        const char *value = at + 4;

        at = value + (len > 0 ? len : 0);
        if (len < 0)
            set_null(records, field);
        else if (field->type == PG_TEXT)
            set(records, field, terminated(value, (size_t) len, room),
                (size_t) len);
        else
            set(records, field, value, (size_t) len);
    }
}

void rows_array(const PGresult *result, int row, int first,
                const PgRecord *record, void *records, char **room)
{
    int i, length, n = rows_array_length(result, row, first);

    for (i = 0; i < record->n; i++) {
        length = rows_array_length(result, row, first + i);
        read_array(result, row, first + i, &record->fields[i], record->size,
                   length < n ? length : n, records, room);
    }
}
