/*
 * field.h - how a C struct and the columns of a call correspond
 *
 * Every call of the store takes or gives an array of structs, and PostgreSQL
 * takes arrays and gives rows. Instead of packing and unpacking code for each
 * call there is one table for each struct: a line says which member is which
 * column, of which type. args.c (structs to array parameters) and rows.c
 * (result rows to structs) read the tables; so does the text of the
 * statement, and the check at connect that the schema has these types.
 */

#ifndef CONVOY_STORE_FIELD_H
#define CONVOY_STORE_FIELD_H

#include <stddef.h>

#include "store/store.h"

typedef enum {
    PG_BOOL,        /* bool */
    PG_INT2,        /* int */
    PG_INT4,        /* int */
    PG_INT8,        /* int64_t */
    PG_TEXT,        /* const char * */
    PG_BYTEA,       /* StoreBytes */
    PG_PORTS        /* unsigned char[4], a bytea of that length */
} PgType;

/* The member's value that stands for SQL's NULL. Texts that are NULL are
 * always NULL in SQL. */
typedef enum {
    PG_NOT_NULL,    /* none; a text that is NULL all the same reads as "" */
    PG_NULL,        /* NULL, or 0 */
    PG_NULL_MINUS,  /* -1 */
    PG_NULL_KEEP    /* STORE_KEEP */
} PgNull;

typedef struct {
    const char *column;
    PgType type;
    PgNull null;
    size_t offset;
} PgField;

/* PG_AS("new", StoreLease, fresh, BOOL, PG_NOT_NULL), and for the common case
 * of equal names PG_FIELD(StoreLease, route, TEXT). A member whose C type
 * does not suit the column's type does not compile. */
#define PG_AS(column, record, member, type, null) \
    { column, PG_FITS_##type(((record *) 0)->member), null, \
      offsetof(record, member) }
#define PG_FIELD(record, member, type) \
    PG_AS(#member, record, member, type, PG_NOT_NULL)
#define PG_FIELD_NULL(record, member, type, null) \
    PG_AS(#member, record, member, type, null)

#define PG_FITS_BOOL(member) _Generic((member), bool: PG_BOOL)
#define PG_FITS_INT2(member) _Generic((member), int: PG_INT2)
#define PG_FITS_INT4(member) _Generic((member), int: PG_INT4)
#define PG_FITS_INT8(member) _Generic((member), int64_t: PG_INT8)
#define PG_FITS_TEXT(member) _Generic((member), const char *: PG_TEXT)
#define PG_FITS_BYTEA(member) _Generic((member), StoreBytes: PG_BYTEA)
#define PG_FITS_PORTS(member) _Generic((member), unsigned char *: PG_PORTS)

/* The fields of one struct. */
typedef struct {
    const PgField *fields;
    int n;
    size_t size;            /* of the struct */
} PgRecord;

#define PG_RECORD(fields, record) \
    { fields, sizeof(fields) / sizeof(*(fields)), sizeof(record) }

/* Object identifiers of the type, and of the array of it: fixed for ever by
 * src/include/catalog/pg_type.dat. */
unsigned int pg_type_oid(PgType type);
unsigned int pg_type_array_oid(PgType type);

#endif
