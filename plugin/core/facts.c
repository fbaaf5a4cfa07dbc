/*
 * facts.c - what is known about the copies of a group
 */
#include <stdlib.h>

#include "facts.h"

int facts_add_copy(Group *g, Copy copy)
{
    if (g->copies_len == GROUP_MAX_COPIES)
        return -1;
    if (g->copies_len == g->copies_size) {
        int size = g->copies_size ? 2 * g->copies_size : 4;
        Copy *copies = realloc(g->copies, size * sizeof(*copies));

        if (copies == NULL)
            return -1;
        g->copies = copies;
        g->copies_size = size;
    }
    g->copies[g->copies_len] = copy;
    return g->copies_len++;
}

static void note_answer(Copy *copy, CopyState state)
{
    copy->awaited = false;
    if (copy->state == COPY_OUTSTANDING || copy->state == COPY_DOUBT)
        copy->state = state;
}

void facts_note(Copy *copy, LedgerOutcome outcome)
{
    switch (outcome) {
        case LEDGER_ACCEPTED:
            note_answer(copy, COPY_ACCEPTED);
            break;
        case LEDGER_REFUSED:
            note_answer(copy, COPY_REFUSED);
            break;
        case LEDGER_NOT_SENT:
            note_answer(copy, COPY_UNSENT);
            break;
        case LEDGER_IN_DOUBT:
            copy->awaited = false;
            if (copy->state == COPY_OUTSTANDING)
                copy->state = COPY_DOUBT;
            break;
        case LEDGER_DELIVERED:
            copy->state = COPY_DELIVERED;
            break;
        case LEDGER_NOT_DELIVERED:
            if (copy->state != COPY_DELIVERED
                && copy->state != COPY_CANCELLED)
                copy->state = COPY_FAILED;
            break;
        case LEDGER_CANCELLED:
            if (copy->cancel == CANCEL_ASKED)
                copy->cancel = CANCEL_NONE;
            if (copy->state != COPY_DELIVERED)
                copy->state = COPY_CANCELLED;
            break;
        case LEDGER_CANCEL_LATE:
            copy->cancel = CANCEL_TOO_LATE;
            break;
        case LEDGER_NONE:
        case LEDGER_RECEIPT_INFO:
            break;
    }
}

static bool may_arrive(const Copy *copy)
{
    switch ((CopyState) copy->state) {
        case COPY_OUTSTANDING:
        case COPY_DOUBT:
        case COPY_ACCEPTED:
        case COPY_DELIVERED:
            return true;
        case COPY_UNSENT:
        case COPY_REFUSED:
        case COPY_FAILED:
        case COPY_CANCELLED:
            break;
    }
    return false;
}

static bool was_accepted(const Copy *copy)
{
    switch ((CopyState) copy->state) {
        case COPY_ACCEPTED:
        case COPY_DELIVERED:
        case COPY_FAILED:
        case COPY_CANCELLED:
            return true;
        case COPY_OUTSTANDING:
        case COPY_UNSENT:
        case COPY_REFUSED:
        case COPY_DOUBT:
            break;
    }
    return false;
}

static bool is_present(const Group *g, const Copy *copy, int segment)
{
    return copy->segment == segment && copy->attempt == g->attempt;
}

bool facts_accepted(const Group *g, int segment)
{
    for (int i = 0; i < g->copies_len; i++)
        if (is_present(g, &g->copies[i], segment)
            && was_accepted(&g->copies[i]))
            return true;
    return false;
}

bool facts_delivered(const Group *g, int segment)
{
    for (int i = 0; i < g->copies_len; i++)
        if (is_present(g, &g->copies[i], segment)
            && g->copies[i].state == COPY_DELIVERED)
            return true;
    return false;
}

int facts_owed(const Group *g)
{
    int segment = 0;

    while (segment < g->segments && facts_accepted(g, segment))
        segment++;
    return segment;
}

bool facts_all_delivered(const Group *g)
{
    for (int segment = 0; segment < g->segments; segment++)
        if (!facts_delivered(g, segment))
            return false;
    return true;
}

/* Within these seconds of the SMSC's clock the phone got it: see
 * classify_receipt_done(). */
static int64_t earliest(const Copy *copy)
{
    return copy->done < 0 ? -(int64_t) copy->done : copy->done;
}

static int64_t latest(const Copy *copy)
{
    return earliest(copy) + (copy->done < 0 ? 59 : 0);
}

/*
 * Do the dates prove that the phone got the second copy longer after the
 * first than the window? An SMSC may have several clocks that disagree, so
 * a difference of two dates counts only if it can be true by ours: a copy
 * is at the phone after its hand-over and before its receipt. Half a window
 * is allowed for what we noted late: after a takeover the answer stands for
 * the hand-over, and answer-timeout is shorter than that.
 */
static bool proves_apart(const Group *g, const Copy *first,
                         const Copy *second)
{
    int64_t window = g->limits->window;
    int64_t dated = (earliest(second) - latest(first)) * 1000000;
    int64_t possible = second->arrived - first->since + window / 2;

    return first->done != 0 && second->done != 0
        && dated >= window && dated <= possible;
}

static bool is_delivered(const Group *g, const Copy *copy)
{
    return copy->attempt == g->attempt && copy->state == COPY_DELIVERED;
}

static bool are_apart(const Group *g, const Copy *a, const Copy *b)
{
    return is_delivered(g, a) && is_delivered(g, b)
        && (proves_apart(g, a, b) || proves_apart(g, b, a));
}

/* Every copy of the one that came, from every copy of the other. */
static bool segments_are_apart(const Group *g, int one, int other)
{
    for (int i = 0; i < g->copies_len; i++) {
        const Copy *copy = &g->copies[i];

        if (copy->segment != one || !is_delivered(g, copy))
            continue;
        for (int k = 0; k < g->copies_len; k++)
            if (g->copies[k].segment == other
                && is_delivered(g, &g->copies[k])
                && !are_apart(g, copy, &g->copies[k]))
                return false;
    }
    return true;
}

bool facts_apart(const Group *g)
{
    if (!facts_all_delivered(g))
        return false;
    for (int i = 0; i < g->copies_len; i++)
        for (int k = 0; k < i; k++)
            if (are_apart(g, &g->copies[i], &g->copies[k])
                && segments_are_apart(g, g->copies[i].segment,
                                      g->copies[k].segment))
                return true;
    return false;
}

bool facts_displayed(const Group *g)
{
    return facts_all_delivered(g) && !facts_apart(g);
}

bool facts_gone(const Group *g, int segment)
{
    for (int i = 0; i < g->copies_len; i++)
        if (is_present(g, &g->copies[i], segment)
            && may_arrive(&g->copies[i]))
            return false;
    return true;
}

bool facts_absent(const Group *g, int segment)
{
    for (int i = 0; i < g->copies_len; i++)
        if (g->copies[i].segment == segment && may_arrive(&g->copies[i]))
            return false;
    return true;
}

bool facts_doubled(const Group *g)
{
    for (int i = 0; i < g->copies_len; i++)
        for (int k = 0; k < i; k++)
            if (g->copies[i].segment == g->copies[k].segment
                && may_arrive(&g->copies[i]) && may_arrive(&g->copies[k]))
                return true;
    return false;
}

int facts_first_absent(const Group *g)
{
    for (int segment = 0; segment < g->segments; segment++)
        if (facts_absent(g, segment))
            return segment;
    return -1;
}

int facts_handed_over(const Group *g, int segment)
{
    int n = 0;

    for (int i = 0; i < g->copies_len; i++)
        if (is_present(g, &g->copies[i], segment))
            n++;
    return n;
}

int facts_tries(const Group *g, int segment)
{
    int n = 0;

    for (int i = 0; i < g->copies_len; i++) {
        const Copy *copy = &g->copies[i];

        if (is_present(g, copy, segment) && !copy->free && !copy->awaited
            && (copy->state == COPY_REFUSED || copy->state == COPY_DOUBT))
            n++;
    }
    return n;
}

bool facts_unsent(const Group *g)
{
    for (int i = 0; i < g->copies_len; i++) {
        const Copy *copy = &g->copies[i];

        if (copy->attempt == g->attempt && (copy->awaited
            || (copy->state != COPY_UNSENT && copy->state != COPY_REFUSED)))
            return false;
    }
    return true;
}

bool facts_answer_awaited(const Group *g)
{
    for (int i = 0; i < g->copies_len; i++)
        if (g->copies[i].awaited)
            return true;
    return false;
}

int facts_in_turn(const Group *g)
{
    int owed = facts_owed(g);

    if (g->state != GROUP_SENDING || owed == g->segments
        || facts_answer_awaited(g))
        return -1;
    if (owed > 0 && g->limits->advance_on == ON_DELIVERED
        && !facts_delivered(g, owed - 1))
        return -1;
    return owed;
}
