/*
 * args.h - the parameters of one call, in PostgreSQL's binary format
 *
 * Append them in the order of the function's parameters. One Args is used
 * again and again, so that a call allocates nothing once it has grown.
 */

#ifndef CONVOY_STORE_ARGS_H
#define CONVOY_STORE_ARGS_H

#include "store/field.h"

enum { ARGS_MAX = 32 };

typedef struct {
    char *data;
    size_t len, size;
    int n;
    size_t starts[ARGS_MAX];
    int lengths[ARGS_MAX];      /* -1: NULL */
} Args;

/* A zeroed Args is empty. */
void args_clear(Args *args);
void args_free(Args *args);

void args_bool(Args *args, bool value);
void args_int(Args *args, int value);           /* integer */
void args_int64(Args *args, int64_t value);     /* bigint */
void args_text(Args *args, const char *value);  /* NULL: NULL */

/* One array parameter for each field, of n elements each. */
void args_records(Args *args, const PgRecord *record, const void *records,
                  int n);

/* Pointers for PQsendQueryPrepared; valid until the next append. */
void args_values(const Args *args, const char *values[ARGS_MAX]);

#endif
