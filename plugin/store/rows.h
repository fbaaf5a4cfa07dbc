/*
 * rows.h - rows of a result, in binary format, as an array of structs
 *
 * Texts and octets point into the PGresult; they live as long as it does.
 * The types of the columns were checked when the connection came up
 * (pg_start.c), so reading cannot fail.
 */

#ifndef CONVOY_STORE_ROWS_H
#define CONVOY_STORE_ROWS_H

#include <libpq-fe.h>

#include "store/field.h"

/* All rows, column i being field i. free() it; never NULL. */
void *rows_read(const PGresult *result, const PgRecord *record);

/*
 * Columns from `first` on are arrays of equal length, one for each field:
 * element k of each makes struct k. rows_array_length() says how many there
 * are, rows_array() writes them to `records`. Texts in arrays do not end with
 * NUL: they are copied to *room, which moves on; rows_array_room() says how
 * much of it is needed at most.
 */
int rows_array_length(const PGresult *result, int row, int first);
size_t rows_array_room(const PGresult *result, int row, int first,
                       const PgRecord *record);
void rows_array(const PGresult *result, int row, int first,
                const PgRecord *record, void *records, char **room);

#endif
