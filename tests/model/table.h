/*
 * table.h - the core's table, but one that can be spoilt
 *
 * Linked in place of plugin/core/transitions.c. A checker that finds nothing
 * wrong with a wrong table proves nothing, so rows are changed one at a time
 * and the checker has to notice.
 */
#ifndef CONVOY_TESTS_TABLE_H
#define CONVOY_TESTS_TABLE_H

#include "core/transitions.h"

typedef enum { DROP_ROW, DROP_GUARD, DROP_AIM, CHANGE_NEXT } MutationKind;

typedef struct {
    const char *row;            /* the row's text up to where it is unique */
    MutationKind kind;
    GroupNext next;             /* for CHANGE_NEXT */
} Mutation;

/* The table as transitions.def has it. */
void table_restore(void);

/* Spoil one row. False: no such row, or the text fits several. */
bool table_mutate(const Mutation *mutation);

/* The same by number, for trying every row; false: past the last one, or the
 * change changes nothing. */
bool table_mutate_row(int row, MutationKind kind, GroupNext next);
const char *table_row_text(int row);
bool table_is_row(int row, const char *text);

#endif
