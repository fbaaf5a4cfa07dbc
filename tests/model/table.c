/*
 * table.c - the core's table, but one that can be spoilt
 */
#include <string.h>

#include "table.h"

static const Transition original[] = {
#define ROW(states, events, guard, next, aim) \
    { states, events, GUARD_##guard, NEXT_##next, AIM_##aim },
#include "core/transitions.def"
};

static const char *const texts[] = {
#define ROW(states, events, guard, next, aim) \
    #states ", " #events ", " #guard ", " #next ", " #aim,
#include "core/transitions.def"
};

#define ROWS (sizeof(original) / sizeof(original[0]))

static Transition rows[ROWS];

const Transition *const group_table = rows;
const int group_table_len = ROWS;

void table_restore(void)
{
    memcpy(rows, original, sizeof(rows));
}

const char *table_row_text(int row)
{
    return texts[row];
}

bool table_is_row(int row, const char *text)
{
    return strcmp(texts[row], text) == 0;
}

bool table_mutate_row(int number, MutationKind kind, GroupNext next)
{
    table_restore();
    if (number < 0 || (size_t) number >= ROWS)
        return false;

    Transition *row = &rows[number];

    switch (kind) {
        case DROP_ROW:
            row->states = 0;
            break;
        case DROP_GUARD:
            row->guard = GUARD_ALWAYS;
            break;
        case DROP_AIM:
            row->aim = AIM_NONE;
            break;
        case CHANGE_NEXT:
            row->next = next;
            break;
    }
    return memcmp(row, &original[number], sizeof(*row)) != 0;
}

bool table_mutate(const Mutation *mutation)
{
    int found = -1;

    for (size_t i = 0; i < ROWS; i++) {
        if (strncmp(texts[i], mutation->row, strlen(mutation->row)) == 0) {
            if (found >= 0)
                return false;
            found = (int) i;
        }
    }
    return table_mutate_row(found, mutation->kind, mutation->next);
}
