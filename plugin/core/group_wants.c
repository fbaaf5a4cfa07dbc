/*
 * group_wants.c - what a group wants now, and when to ask it again
 *
 * The other half of group.c: it changes the state only by feeding the time
 * events that are due.
 */
#include "facts.h"
#include "group.h"

int group_next_doubt(Group *g)
{
    for (int i = 0; i < g->copies_len; i++) {
        if (g->copies[i].unrecorded) {
            g->copies[i].unrecorded = false;
            return i;
        }
    }
    return -1;
}

int group_next_segment(const Group *g, int64_t now)
{
    if (g->retry_at != TIME_NEVER && now < g->retry_at)
        return -1;
    return facts_in_turn(g);
}

int group_submit(Group *g, int segment, int64_t now, int64_t tag)
{
    if (segment < 0 || segment != group_next_segment(g, now))
        return -1;
    g->retry_at = TIME_NEVER;
    return facts_add_copy(g, (Copy) { .tag = tag,
                                      .since = now,
                                      .segment = (uint8_t) segment,
                                      .attempt = g->attempt,
                                      .state = COPY_OUTSTANDING,
                                      .awaited = true });
}

int group_next_cancel(const Group *g)
{
    if (g->state != GROUP_ROLLBACK)
        return -1;
    for (int i = 0; i < g->copies_len; i++)
        if (g->copies[i].state == COPY_ACCEPTED
            && g->copies[i].cancel == CANCEL_NONE)
            return i;
    return -1;
}

void group_cancel_asked(Group *g, int copy)
{
    if (copy >= 0 && copy < g->copies_len)
        g->copies[copy].cancel = CANCEL_ASKED;
}

int group_outstanding(const Group *g)
{
    int n = 0;

    for (int i = 0; i < g->copies_len; i++)
        n += g->copies[i].awaited + (g->copies[i].cancel == CANCEL_ASKED);
    return n;
}

/* ---- time ---- */

/* The time event that comes first, and its moment; false: none will. */
static bool next_time_event(const Group *g, GroupEvent *event, int64_t *when)
{
    *when = TIME_NEVER;
    if (!group_is_final(g) && g->aim < AIM_EXPIRE) {
        *event = EVENT_DEADLINE;
        *when = g->deadline;
    }
    if (g->state == GROUP_SENDING && g->window_end < *when) {
        *event = EVENT_WINDOW;
        *when = g->window_end;
    }
    if (g->state == GROUP_DEFERRED && g->due < *when) {
        *event = EVENT_DUE;
        *when = g->due;
    }
    if (g->state == GROUP_AWAITING && g->due < *when) {
        *event = EVENT_RECEIPT_TIMEOUT;
        *when = g->due;
    }
    return *when != TIME_NEVER;
}

bool group_next_time(const Group *g, int64_t *when)
{
    GroupEvent event;

    next_time_event(g, &event, when);
    if (facts_in_turn(g) >= 0 && g->retry_at < *when)
        *when = g->retry_at;
    return *when != TIME_NEVER;
}

bool group_leaves_parts(const Group *g)
{
    return g->state != GROUP_DELIVERED || facts_doubled(g);
}

void group_tick(Group *g, int64_t now, double random)
{
    GroupEvent event;
    int64_t when;

    while (next_time_event(g, &event, &when) && when <= now)
        if (!group_event(g, event, -1, now, random))
            break;
    if (g->retry_at <= now)
        g->retry_at = TIME_NEVER;
}
