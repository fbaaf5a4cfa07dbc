/*
 * store_box.h - the stores of one gateway, for test cases
 *
 * The store answers when its owner's loop has run it; a test case wants to
 * call and then look at the answer. A Box is a gateway's four connections,
 * and these functions call, run all open boxes until the answer is there,
 * and give it in a form that outlives the callback. Whatever takes longer
 * than WAIT_S fails the test.
 */

#ifndef STORE_BOX_H
#define STORE_BOX_H

#include "store/store.h"

enum { WAIT_S = 30, BOX_LEASES = 96 };

typedef struct {
    Store *intake, *scheduler, *leases, *notifier;
    const char *name;
    char instance[64];
    int instances;                  /* names used so far */
    int64_t batch;                  /* number of its last batch */
    StoreLease held[BOX_LEASES];
    StoreScope scope[BOX_LEASES];
    int n_held;
    bool queue_held;                /* by an unaccepted restore */
    int ups, downs;                 /* state changes of the scheduler */
    int queue_wakes, result_wakes, lease_wakes;    /* that came */
    int cancel_wakes;
} Box;

/* Opens all four and waits until they are up; box_close() closes them. */
void box_open(Box *box, const char *name);
void box_close(Box *box);
bool box_is_up(void *box);

/* A store of its own, run together with the boxes'. */
Store *box_add_store(Store *store);
void box_remove_store(Store *store);

/* Starts under a new instance name and takes leases. */
void box_start(Box *box);
StoreOutcome box_renew(Box *box, const char *const *routes, int n,
                       int64_t ttl_us, const int *release, int n_release);
int box_fresh(const Box *box);      /* leases that the last renewal took */
int box_yielding(const Box *box);

/* Everything by default: one push of one group; 0 and NULL are replaced by
 * what suits. Returns whether it was stored. */
typedef struct {
    const char *pi, *id, *url, *receiver, *route, *extra;
    int segments, priority;
    int64_t not_before_in_us, deadline_in_us;
} Sample;

bool box_push(Box *box, const Sample *sample);
void sample_fill(const Sample *sample, StorePush *push, StoreNewGroup *group);

/* Answers; valid until box_forget(). */
typedef struct {
    StoreOutcome outcome;
    int n;
    StoreGroup *groups;
    StoreNote *notes;
    int64_t *fenced;
    int *codes;
    StoreStatus *status;
} Answer;

/* A batch as it is; fails unless it is answered. */
Answer box_push_all(Box *box, const StorePush *pushes, int n,
                    const StoreNewGroup *groups, int m);
Answer box_status(Box *box, const char *pi, const char *push_id);
void box_cancel(Box *box, const int64_t *groups, int n);
Answer box_claim(Box *box, int max);
Answer box_adopt(Box *box, int max);
Answer box_due(Box *box, int max);
Answer box_batch(Box *box, const StoreLedgerRow *rows, int n,
                 const StoreTransition *transitions, int m);
/* The same under a number and an instance of the caller's choice. */
Answer box_batch_as(Box *box, const char *instance, int64_t number,
                    const StoreLedgerRow *rows, int n,
                    const StoreTransition *transitions, int m);
Answer box_receipts(Box *box, const StoreReceipt *receipts, int n);
Answer box_take(Box *box, const char *instance, int max, int64_t lease_us);
Answer box_take_with(Box *box, const char *instance, int max,
                     int64_t lease_us, int per_host, const StoreRoom *rooms,
                     int n);

/* Claims until there is one; fails if it is not exactly this receiver's. */
StoreGroup box_claim_one(Box *box, const char *receiver);

/* Asks box_due() until it gives something. */
Answer box_due_soon(Box *box);

void box_forget(void);

/* A row and a transition with the usual contents. */
StoreLedgerRow row_of(const StoreGroup *group, int segment, int outcome,
                      const char *message_id);
StoreTransition move_of(const StoreGroup *group, int state);

/* Puts the group into this state by a batch of its own. */
void box_move(Box *box, const StoreGroup *group, int state);

/* Runs everything until done(arg), or fails. */
void wait_until(bool (*done)(void *arg), void *arg);
/* Runs everything once, waiting at most this long. */
void run_once(int wait_ms);

/* --- for store_box*.c --------------------------------------------------- */

/* An answer under way, and whose it is. */
typedef struct {
    Box *box;
    bool there;
    Answer answer;
} Pending;

bool box_is_there(void *pending);

/* Copies that live until box_forget(). */
void *box_keep(const void *data, size_t size);
const char *box_keep_text(const char *text);

/* --- what the two test programs provide --------------------------------- */

const char *backend_conninfo(void);
void backend_reset(void);           /* an empty queue of deployment "test" */
void backend_cut(void);             /* breaks every connection */

#endif
