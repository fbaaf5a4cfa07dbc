/*
 * store_fake_notes.c - notifications of the queue in memory
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "store_fake_db.h"

/* "http://Pi.example:81/x" is of "pi.example:81". */
static const char *host_of(const char *url)
{
    const char *start = strstr(url, "://");
    size_t len = start == NULL ? 0 : strcspn(start + 3, "/?#"), i;
    char *host = fake_alloc(len + 1);

    for (i = 0; i < len; i++)
        host[i] = (char) tolower((unsigned char) start[3 + i]);
    return host;
}

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
        .event_at_us = fake_db.now + fake_db.epoch_base,
        .host = host_of(push->push.notify_url)
    };
}

/* How many more of this host may be taken, `found` being taken so far. */
static int room_of(const char *host, int per_host, const StoreRoom *rooms,
                   int n, const StoreNote *notes, int found)
{
    int room = per_host, i;

    for (i = 0; i < n; i++)
        if (strcmp(rooms[i].host, host) == 0)
            room = rooms[i].room;
    for (i = 0; i < found; i++)
        room -= strcmp(notes[i].host, host) == 0;
    return room;
}

StoreNote *fake_take(const char *instance, int max, int64_t lease_us,
                     int per_host, const StoreRoom *rooms, int n, int *found)
{
    FakeNote *all = fake_db.notes.items;
    StoreNote *notes = malloc(sizeof(*notes) * (size_t) (max + 1));
    int i;

    if (notes == NULL)
        abort();
    *found = 0;
    for (i = 0; i < fake_db.notes.n && *found < max; i++) {
        if (all[i].done || all[i].due_at > fake_db.now ||
            room_of(all[i].note.host, per_host, rooms, n, notes, *found) <= 0)
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
            all[i].done = notes[k].verdict != NULL;
            all[i].due_at = fake_db.now + notes[k].retry_in_us;
            all[i].holder = NULL;
        }
    }
}
