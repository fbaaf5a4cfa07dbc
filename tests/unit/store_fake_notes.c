/*
 * store_fake_notes.c - notifications of the queue in memory
 */

#include <stdlib.h>
#include <string.h>

#include "store_fake_db.h"

void fake_notify_of(const FakeGroup *group, const StoreTransition *ending)
{
    const FakePush *push = (FakePush *) fake_db.pushes.items + group->push;
    FakeNote *note;

    if (push->push.notify_url == NULL)
        return;
    note = fake_add(&fake_db.notes, sizeof(*note));
    note->due_at = fake_db.now;
    note->note = (StoreNote) {
        .id = group->row.id,
        .url = push->push.notify_url,
        .pi = push->push.pi,
        .push_id = push->push.push_id,
        .address = group->address,
        .source_reference = push->push.source_reference,
        .qos = push->push.qos,
        .state = ending->state,
        .code = ending->code,
        .cause = fake_text(ending->cause),
        .accepted_at_us = push->accepted_at,
        .event_at_us = fake_db.now + fake_db.epoch_base
    };
}

StoreNote *fake_take(const char *instance, int max, int64_t lease_us,
                     int *found)
{
    FakeNote *all = fake_db.notes.items;
    StoreNote *notes = malloc(sizeof(*notes) * (size_t) (max + 1));
    int i;

    if (notes == NULL)
        abort();
    *found = 0;
    for (i = 0; i < fake_db.notes.n && *found < max; i++) {
        if (all[i].done || all[i].due_at > fake_db.now)
            continue;
        all[i].note.tries++;
        all[i].due_at = fake_db.now + lease_us;
        all[i].holder = fake_text(instance);
        notes[(*found)++] = all[i].note;
    }
    return notes;
}

void fake_forgotten(const char *instance, const int64_t *known, int n)
{
    FakeNote *all = fake_db.notes.items;
    int i, k;

    for (i = 0; i < fake_db.notes.n; i++) {
        for (k = 0; k < n && known[k] != all[i].note.id; k++)
            ;
        if (k == n && all[i].holder != NULL &&
            strcmp(all[i].holder, instance) == 0 &&
            all[i].due_at > fake_db.now)
            all[i].due_at = fake_db.now;
    }
}

void fake_notified(const StoreNoteDone *notes, int n)
{
    FakeNote *all = fake_db.notes.items;
    int i, k;

    for (i = 0; i < fake_db.notes.n; i++) {
        for (k = 0; k < n; k++) {
            if (all[i].done || all[i].note.id != notes[k].id ||
                all[i].note.tries != notes[k].tries)
                continue;
            all[i].done = notes[k].done;
            all[i].due_at = fake_db.now + notes[k].retry_in_us;
            all[i].holder = NULL;
        }
    }
}
