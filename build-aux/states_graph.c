/*
 * states_graph.c - transitions.def as a graph for the manual
 *
 * `make states.dot` runs it; dot -Tsvg makes a picture of its output.
 *
 * An edge for every row that leads to another state. Rows that stay, and the
 * news that a final state ignores, are left out. "settle" is group.c's
 * settle(): where a group goes whose attempt is over.
 */
#include <stdio.h>

#include "core/transitions.h"

static const struct {
    Transition row;
    const char *events;
    const char *guard;
    const char *aim;
} rows[] = {
#define ROW(states, events, guard, next, aim) \
    { { states, events, GUARD_##guard, NEXT_##next, AIM_##aim }, \
      #events, #guard, #aim },
#include "core/transitions.def"
};

static void print_edge(int state, int i)
{
    const Transition *row = &rows[i].row;

    printf("    %s -> ", group_state_name((GroupState) state));
    printf("%s [label=\"", row->next == NEXT_SETTLE
           ? "settle" : group_state_name((GroupState) row->next));
    for (const char *c = rows[i].events; *c != '\0'; c++) {
        if (c[0] == 'E' && c[1] == '(')
            c++;                /* E(NAME): the name only */
        else if (*c != ')')
            putchar(*c);
    }
    if (row->guard != GUARD_ALWAYS)
        printf("\\n[%s]", rows[i].guard);
    if (row->aim != AIM_NONE)
        printf("\\naim %s", rows[i].aim);
    printf("\"];\n");
}

int main(void)
{
    printf("digraph group {\n    rankdir=LR;\n    node [shape=box];\n"
           "    settle [shape=diamond];\n"
           "    ROLLBACK -> settle [label=\"nothing outstanding\"];\n"
           "    settle -> DELIVERED [label=\"all delivered\"];\n"
           "    settle -> DEFERRED [label=\"some absent, aim RETRY, "
           "attempts left\"];\n"
           "    settle -> UNDELIVERABLE [label=\"some absent, aim FAIL "
           "or RETRY\"];\n"
           "    settle -> EXPIRED [label=\"some absent, aim EXPIRE\"];\n"
           "    settle -> CANCELLED [label=\"some absent, aim CANCEL\"];\n"
           "    settle -> AWAITING [label=\"otherwise: closed\"];\n");
    for (int i = 0; i < (int) (sizeof(rows) / sizeof(rows[0])); i++) {
        const Transition *row = &rows[i].row;

        for (int state = 0; state < GROUP_STATES; state++)
            if ((row->states & 1u << state) && row->next != NEXT_SAME
                && row->next != (GroupNext) state
                && !(state == GROUP_ROLLBACK && row->next == NEXT_SETTLE))
                print_edge(state, i);
    }
    printf("}\n");
    return 0;
}
