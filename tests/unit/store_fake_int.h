/*
 * store_fake_int.h - the connection, as store_fake.c and store_fake_calls.c
 * know it
 */

#ifndef STORE_FAKE_INT_H
#define STORE_FAKE_INT_H

#include "store_fake_db.h"

typedef enum {
    NOBODY, STORED, STATUS, CANCELLED, GROUPS, FENCED, STARTED, LEASES, NOTES,
    NOTES_DONE
} FakeKind;

/* A call whose answer waits for store_run(). */
typedef struct {
    FakeKind kind;
    StoreOutcome outcome;
    void (*done)(void);
    void *arg;
    int n;
    int *codes;
    StoreStatus *status;
    StoreGroup *groups;
    const int64_t *fenced;
    StoreStarted started;
    StoreLease *leases;
    StoreNote *notes;
} FakeCall;

struct Store {
    StoreRole role;
    StoreEvents events;
    StoreState state;
    bool broken;                    /* and does not know it yet */
    int64_t retry_at;
    FakeArray pending;
    int wakes;                      /* notifications to be told */
    int cancel_wakes;               /* and those with STORE_CANCELS */
    char error[256];
    Store *next;
};

/* Puts the call in the queue, for `done` to be told. NULL: it is not to be
 * done in the database. */
FakeCall *fake_admit(Store *store, FakeKind kind, void (*done)(void),
                     void *arg);

#endif
