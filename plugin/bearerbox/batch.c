/*
 * batch.c - see batch.h
 */

#include <stdlib.h>
#include <string.h>

#include "bearerbox/batch.h"

struct Batch {
    StoreLedgerRow *rows;
    int64_t *rows_at;
    int n_rows, rows_size;

    StoreTransition *transitions;
    Active **moved;             /* whose transition each is */
    int64_t *due;
    int n_transitions, transitions_size;

    Active **groups;
    int n_groups, groups_size;
    bool sent;
};

static int larger(int size)
{
    return size * 2 + 64;
}

static void *resized(void *array, int size, size_t item)
{
    array = realloc(array, (size_t) size * item);
    if (array == NULL)
        abort();
    return array;
}

Batch *batch_create(void)
{
    Batch *batch = calloc(1, sizeof(*batch));

    if (batch == NULL)
        abort();
    return batch;
}

void batch_destroy(Batch *batch)
{
    int i;

    if (batch == NULL)
        return;
    for (i = 0; i < batch->n_rows; i++) {
        free((char *) (uintptr_t) batch->rows[i].smsc_id);
        free((char *) (uintptr_t) batch->rows[i].message_id);
        free((char *) (uintptr_t) batch->rows[i].text);
    }
    for (i = 0; i < batch->n_transitions; i++)
        free((char *) (uintptr_t) batch->transitions[i].cause);
    free(batch->rows);
    free(batch->rows_at);
    free(batch->transitions);
    free(batch->due);
    free(batch->moved);
    free(batch->groups);
    free(batch);
}

bool batch_empty(const Batch *batch)
{
    return batch->n_rows == 0 && batch->n_transitions == 0;
}

int batch_rows(const Batch *batch)
{
    return batch->n_rows + batch->n_transitions;
}

static const char *copy(const char *text)
{
    char *made;

    if (text == NULL)
        return NULL;
    made = strdup(text);
    if (made == NULL)
        abort();
    return made;
}

void batch_add_row(Batch *batch, const StoreLedgerRow *row, int64_t at_us)
{
    StoreLedgerRow *added;

    if (batch->n_rows == batch->rows_size) {
        batch->rows_size = larger(batch->rows_size);
        batch->rows_at = resized(batch->rows_at, batch->rows_size,
                                 sizeof(*batch->rows_at));
        batch->rows = resized(batch->rows, batch->rows_size,
                              sizeof(*batch->rows));
    }
    batch->rows_at[batch->n_rows] = at_us;
    added = &batch->rows[batch->n_rows++];
    *added = *row;
    added->smsc_id = copy(row->smsc_id);
    added->message_id = copy(row->message_id);
    added->text = copy(row->text);
}

void batch_touch(Batch *batch, Active *active)
{
    if (active->batch == batch)
        return;
    if (batch->n_groups == batch->groups_size) {
        batch->groups_size = larger(batch->groups_size);
        batch->groups = resized(batch->groups, batch->groups_size,
                                sizeof(Active *));
    }
    batch->groups[batch->n_groups++] = active;
    active->batch = batch;
    active->transition = -1;
    active->pending++;
}

static int add_transition(Batch *batch)
{
    if (batch->n_transitions == batch->transitions_size) {
        batch->transitions_size = larger(batch->transitions_size);
        batch->due = resized(batch->due, batch->transitions_size,
                             sizeof(*batch->due));
        batch->moved = resized(batch->moved, batch->transitions_size,
                               sizeof(Active *));
        batch->transitions = resized(batch->transitions,
                                     batch->transitions_size,
                                     sizeof(*batch->transitions));
    }
    memset(&batch->transitions[batch->n_transitions], 0,
           sizeof(*batch->transitions));
    return batch->n_transitions++;
}

void batch_set_state(Batch *batch, Active *active, const char *cause,
                     int code, int64_t due_us, int64_t hold_us)
{
    StoreTransition *t;

    batch_touch(batch, active);
    if (active->transition == -1) {
        active->transition = add_transition(batch);
        t = &batch->transitions[active->transition];
        batch->moved[active->transition] = active;
        t->group = active->id;
        t->attempt = active->stored.attempt;
    }
    t = &batch->transitions[active->transition];
    free((char *) (uintptr_t) t->cause);
    t->state = active->group.state;
    t->aim = active->group.aim;
    t->new_attempt = active->group.attempt;
    t->closed = active->group.closed;
    t->cause = copy(cause);
    t->code = code;
    t->hold_us = hold_us;
    batch->due[active->transition] = due_us;
    active->stored.state = (GroupState) active->group.state;
    active->stored.aim = (GroupAim) active->group.aim;
    active->stored.attempt = active->group.attempt;
    active->stored.closed = active->group.closed;
}

void batch_send(Batch *batch, Store *store, const char *instance,
                int64_t number, int64_t now, StoreBatchDone *done, void *arg)
{
    int i;

    for (i = 0; i < batch->n_rows; i++)
        batch->rows[i].ago_us = now - batch->rows_at[i];
    for (i = 0; i < batch->n_transitions; i++) {
        batch->transitions[i].due_in_us = batch->due[i] == TIME_NEVER
            ? STORE_KEEP : batch->due[i] - now;
        if (!batch->sent)
            batch->transitions[i].epoch = batch->moved[i]->epoch;
    }
    batch->sent = true;
    store_batch(store, instance, number, batch->rows, batch->n_rows,
                batch->transitions, batch->n_transitions, done, arg);
}

Active **batch_groups(const Batch *batch, int *n)
{
    *n = batch->n_groups;
    return batch->groups;
}

Active *batch_next_ended(const Batch *batch, int *at, const char **cause)
{
    while (*at < batch->n_transitions) {
        *cause = batch->transitions[*at].cause;
        if (batch->transitions[(*at)++].state >= GROUP_DELIVERED)
            return batch->moved[*at - 1];
    }
    return NULL;
}
