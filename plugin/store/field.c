/*
 * field.c - see field.h
 */

#include "store/field.h"

unsigned int pg_type_oid(PgType type)
{
    switch (type) {
    case PG_BOOL:
        return 16;
    case PG_INT2:
        return 21;
    case PG_INT4:
        return 23;
    case PG_INT8:
        return 20;
    case PG_TEXT:
        return 25;
    case PG_BYTEA:
    case PG_PORTS:
        return 17;
    }
    return 0;
}

unsigned int pg_type_array_oid(PgType type)
{
    switch (type) {
    case PG_BOOL:
        return 1000;
    case PG_INT2:
        return 1005;
    case PG_INT4:
        return 1007;
    case PG_INT8:
        return 1016;
    case PG_TEXT:
        return 1009;
    case PG_BYTEA:
    case PG_PORTS:
        return 1001;
    }
    return 0;
}
