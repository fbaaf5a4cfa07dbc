/*
 * transitions.c - transitions.def as the table that group.c walks
 */
#include "transitions.h"

static const Transition rows[] = {
#define ROW(states, events, guard, next, aim) \
    { states, events, GUARD_##guard, NEXT_##next, AIM_##aim },
#include "transitions.def"
};

const Transition *const group_table = rows;
const int group_table_len = sizeof(rows) / sizeof(rows[0]);
