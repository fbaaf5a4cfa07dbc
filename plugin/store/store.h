/*
 * store.h - what the module asks of its database
 *
 * Intake, scheduler and notifier see the queue only through these calls.
 * Each call is one batch: it becomes one statement and one transaction, so
 * that a group is stored, claimed and finished as a unit. Nothing blocks: a
 * call queues its statement, the owner's poll loop moves it (store_run), and
 * the answer comes back through a callback from within store_run, in the
 * order of the calls. Arguments are copied by the call; what an answer points
 * to is there during the callback only. Texts may hold any octets: those that
 * are not UTF-8 are stored as \xHH.
 *
 * One Store is one connection and belongs to one thread. Two stores exist:
 * pg.c and its siblings on PostgreSQL, and one in memory for tests
 * (tests/unit/store_fake.c). The same test cases run on both.
 */

#ifndef CONVOY_STORE_H
#define CONVOY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct Store Store;

/* What a connection is for; it decides which functions are prepared. */
typedef enum {
    STORE_INTAKE,
    STORE_SCHEDULER,
    STORE_LEASES,
    STORE_NOTIFIER
} StoreRole;

typedef enum {
    STORE_DONE,         /* committed; the answer is valid */
    STORE_FAILED,       /* the server refuses it; nothing of it is stored */
    STORE_BUSY,         /* the same, for reasons of the server's own: a lock,
                         * a time-out, no room; later it may do it */
    STORE_LOST          /* connection gone: stored or not, nobody knows */
} StoreOutcome;

typedef enum {
    STORE_DOWN,         /* not connected; a reconnect is under way */
    STORE_UP            /* connected, prepared, schema checked */
} StoreState;

/* Octets that the store or the caller owns for the call only. */
typedef struct {
    const char *data;
    size_t len;
} StoreBytes;

/*
 * Opens a store. `conninfo` is a libpq connection string; a host by name may
 * block while it is looked up, by address or socket nothing does. `on_state`
 * is called from store_run at each change, and again with STORE_DOWN when it
 * has been down for another reason for ten seconds, or for one that somebody
 * has to mend; after STORE_UP all earlier calls have been answered. A call made while the store is down is
 * answered STORE_LOST by the next store_run. The first connect starts with
 * the first store_run.
 * `notified` is called for each notification on a channel this role listens
 * to ("convoy_queue" for the scheduler, with STORE_CANCELS or nothing as
 * payload, "convoy_lease" for the leases, with the instance that sent it,
 * "convoy_result" for the notifier).
 * `log` is given what an operator should read, a line for each change: the
 * connection goes or comes, calls are refused (`bad`), or taken again.
 */
typedef struct {
    void (*on_state)(void *arg, StoreState state);
    void (*notified)(void *arg, const char *channel, const char *payload);
    void (*log)(void *arg, bool bad, const char *text);
    void *arg;
} StoreEvents;

/* Payload of a wake-up for groups that are to be cancelled. */
#define STORE_CANCELS "cancel"

Store *store_open(const char *conninfo, StoreRole role,
                  const StoreEvents *events);

/* Answers every outstanding call with STORE_LOST, then frees. Not from within
 * a callback. */
void store_close(Store *store);

StoreState store_state(const Store *store);

/* For poll(): the descriptor (-1: none), the events to wait for, and the
 * longest wait in milliseconds (-1: no limit of its own). */
int store_poll_fd(const Store *store);
short store_poll_events(const Store *store);
int store_poll_timeout(const Store *store, int64_t now_us);

/* Does what can be done without blocking; calls the callbacks. `now_us` is
 * the worker's monotonic clock. */
void store_run(Store *store, int64_t now_us);

/* Calls that are unanswered, those that nobody hears of included. */
int store_outstanding(const Store *store);

/* Why the last connect or statement failed: one line, never NULL, valid until
 * the next store_run. */
const char *store_error(const Store *store);

/*
 * Resolves the names and addresses of the servers in `conninfo`, and gives
 * each address to `each`; Unix sockets have none. May block while a name is
 * looked up.
 */
void store_addresses(const char *conninfo,
                     void (*each)(void *arg, const struct sockaddr *address),
                     void *arg);

/*
 * Blocking check at start, before any thread: can this conninfo be reached,
 * is it the schema version this module was built for, is the deployment
 * right? Returns NULL, or a text that says what is wrong and which command
 * mends it; freed with store_text_free() (Kannel's headers take free()
 * away from the caller).
 */
char *store_check(const char *conninfo, const char *deployment,
                  double timeout_s);
void store_text_free(char *text);

/* --- intake ------------------------------------------------------------- */

typedef struct {
    const char *pi;                 /* authenticated PI, "" where trusted */
    const char *push_id;
    const char *notify_url;         /* NULL: no notification wanted */
    const char *source_reference;   /* NULL: none */
    const char *qos;                /* NULL; opaque, echoed to the notifier */
    const char *replaces;           /* push-id of one stored by an earlier
                                     * call, or NULL: its groups that have not
                                     * ended are to be cancelled, and the new
                                     * one's follow them */
    bool pending_only;              /* then only groups whose receiver has
                                     * such a one are to be sent */
} StorePush;

typedef struct {
    int push;                       /* index of its push in the batch */
    const char *address;            /* as the PI wrote it */
    const char *receiver;           /* canonical */
    const char *route;              /* smsc-id asked for, "" any */
    const char *sender;
    const char *service;
    int priority;                   /* 0 low, 1 medium, 2 high */
    int64_t not_before_us;          /* epoch, 0: at once */
    int64_t deadline_us;            /* epoch, 0: lifetime after not_before */
    int segments;                   /* 1.. */
    int concat_bits;                /* 8 or 16 */
    unsigned char ports[4];         /* destination, source: UDH order */
    StoreBytes payload;             /* whole user data, unsegmented */
    const char *extra;              /* NULL; opaque, comes back in a claim */
    int refused;                    /* 0; or the PAP code with which it ends
                                     * at once, of state GROUP_REJECTED, */
    const char *cause;              /* and why, for desc; else NULL */
} StoreNewGroup;

/* codes[i]: 1001, push i is stored; or it is not: 2007, it is known already;
 * 2004, what it replaces is not known; 2008, pending_only left no group. */
typedef void StorePushDone(void *arg, StoreOutcome outcome,
                           const int *codes, int n);

void store_push(Store *store, const StorePush *pushes, int n,
                const StoreNewGroup *groups, int m, int64_t lifetime_us,
                int64_t receipt_timeout_us, StorePushDone *done, void *arg);

/* Wakes schedulers: a transaction of its own, answered to nobody. */
void store_wake(Store *store);

/* One group of a push that somebody asks about. */
typedef struct {
    int64_t group;
    const char *address;            /* as the PI wrote it */
    const char *state;              /* its name, as group_state_name() */
    int code;                       /* PAP code of its result; live: 0 */
    const char *cause;              /* words of its result; live: "" */
    int64_t event_at_us;            /* epoch: ended; live: stored */
    bool live;                      /* has not ended */
    bool cancelling;                /* its cancel is requested */
    bool partly;                    /* live, and a segment was delivered: it
                                     * cannot be cancelled any more */
    const char *qos;                /* of the push; NULL: none */
} StoreStatus;

/* n = 0: this PI has no such push, or had it before the retention. */
typedef void StoreStatusDone(void *arg, StoreOutcome outcome,
                             const StoreStatus *groups, int n);

void store_push_status(Store *store, const char *pi, const char *push_id,
                       StoreStatusDone *done, void *arg);

typedef void StoreCancelDone(void *arg, StoreOutcome outcome);

/* Requests the cancel of groups, by their ids; those that cannot be
 * cancelled, or that are in use just now, are passed over: the next
 * store_push_status() tells, and the call may be repeated. */
void store_push_cancel(Store *store, const int64_t *groups, int n,
                       StoreCancelDone *done, void *arg);

/* As store_wake(), for groups whose cancel is requested. */
void store_cancel_wake(Store *store);

/* --- scheduler ---------------------------------------------------------- */

/* A lease this instance holds: groups of one route and shard. */
typedef struct {
    int id;
    int64_t epoch;
    const char *route;
    bool fresh;                     /* taken by this call: adopt its groups */
    bool yielding;                  /* another instance waits for it */
} StoreLease;

/* One past outcome of one copy, oldest first. */
typedef struct {
    int segment, attempt, copy;     /* all from 1; copy: number of submit */
    int outcome;                    /* LedgerOutcome of core/group.h */
    int code;                       /* as in StoreLedgerRow */
    const char *smsc_id, *message_id;   /* NULL: none */
    const char *text;               /* of an acceptance only, or NULL: the
                                     * message id as the SMSC wrote it, if it
                                     * wrote it otherwise */
    int64_t ago_us;
} StoreHistory;

typedef struct {
    int64_t id;
    int lease;
    int64_t epoch;
    const char *receiver, *route, *sender, *service, *extra;
    int priority, state, aim, attempt, takeovers;
    bool closed, cancel_requested;
    int segments, concat_bits;
    int reference;                  /* -1: none (a group of one segment) */
    unsigned char ports[4];
    StoreBytes payload;
    int64_t deadline_in_us;
    int64_t deadline_at_us;         /* the same, epoch */
    int64_t due_in_us;              /* receipt time-out, or end of DEFERRED */
    const StoreHistory *history;
    int histories;
} StoreGroup;

typedef void StoreGroups(void *arg, StoreOutcome outcome,
                         const StoreGroup *groups, int n);

/* Which leases claim, adopt and due look at. */
typedef struct {
    int lease;
    int64_t epoch;
} StoreScope;

void store_claim(Store *store, const StoreScope *scope, int n, int max,
                 StoreGroups *done, void *arg);
void store_adopt(Store *store, const StoreScope *scope, int n, int max,
                 StoreGroups *done, void *arg);
void store_due(Store *store, const StoreScope *scope, int n, int max,
               StoreGroups *done, void *arg);

typedef struct {
    int64_t group;
    int segment, attempt, copy;
    int outcome;                    /* LedgerOutcome */
    const char *smsc_id;
    int64_t link;                   /* serial number, 0: none */
    const char *message_id;         /* NULL: none */
    int code;                       /* refused, or its cancel was:
                                     * command_status; not
                                     * delivered: 1 if for good, 0 if not;
                                     * delivered: when, as
                                     * classify_receipt_done(); -1: none */
    const char *text;               /* NULL, or the SMSC's own words */
    int64_t ago_us;                 /* how long before this call */
} StoreLedgerRow;

/* As due_in_us of a transition: the time stays what is stored. */
#define STORE_KEEP INT64_MIN

typedef struct {
    int64_t group, epoch;
    int attempt;                    /* the attempt it is based on */
    int state, aim, new_attempt;
    bool closed;
    int64_t due_in_us;              /* DEFERRED, AWAITING; or STORE_KEEP */
    const char *cause;              /* final: words for desc; else NULL */
    int code;                       /* final: PAP code; else 0 */
    int64_t hold_us;                /* final: reference-hold */
} StoreTransition;

/* fenced: groups whose epoch or attempt was another's; nothing changed. */
typedef void StoreBatchDone(void *arg, StoreOutcome outcome,
                            const int64_t *fenced, int n);

/* `batch` is the instance's own rising number: repeated, it changes
 * nothing. */
void store_batch(Store *store, const char *instance, int64_t batch,
                 const StoreLedgerRow *rows, int n,
                 const StoreTransition *transitions, int m,
                 StoreBatchDone *done, void *arg);

typedef struct {
    const char *smsc_id, *message_id;
    int outcome;                    /* delivered, not_delivered, info */
    int code;                       /* as in StoreLedgerRow */
    const char *text;
    int64_t ago_us;
} StoreReceipt;

/* Answers with the groups that these receipts may move on. */
void store_receipts(Store *store, const char *instance, int64_t batch,
                    const StoreReceipt *receipts, int n,
                    StoreGroups *done, void *arg);

/* Wakes notifiers after a batch with final states: a transaction of its own,
 * answered to nobody. */
void store_result_wake(Store *store);

/* Makes the next days' partitions, hourly; answered to nobody. Intake's and
 * the scheduler's store do it by themselves at each connect. */
void store_maintain(Store *store);

/* --- leases (a connection of its own) ----------------------------------- */

typedef void StoreLeases(void *arg, StoreOutcome outcome,
                         const StoreLease *leases, int n);

typedef struct {
    int64_t batch;                  /* number of the instance's last batch */
    bool held;                      /* the database is older than what the
                                     * box remembers: no leases until the
                                     * operator has accepted that */
    int restores;                   /* that have been accepted so far */
} StoreStarted;

/* What a box remembers of the last batch that it saw committed. */
typedef struct {
    const char *instance;           /* NULL: nothing */
    int64_t batch;
    int restores;                   /* StoreStarted.restores at that time */
} StoreLast;

/* `started` is NULL unless the outcome is STORE_DONE. */
typedef void StoreInstanceDone(void *arg, StoreOutcome outcome,
                               const StoreStarted *started);

/* `predecessor`: an instance of this same process that ends by this and
 * leaves its leases to the new one, or NULL. `last` may be NULL. */
void store_instance(Store *store, const char *instance,
                    const char *deployment, const char *predecessor,
                    const StoreLast *last, StoreInstanceDone *done,
                    void *arg);

/* `routes`: what this instance can send now. `release`: leases that go back
 * now. `ttl_us` 0: all of them do, and the instance is no more. */
void store_lease(Store *store, const char *instance,
                 const char *const *routes, int n, int64_t ttl_us,
                 const int *release, int n_release, StoreLeases *done,
                 void *arg);

/* --- notifier ----------------------------------------------------------- */

typedef struct {
    int64_t id;
    const char *url, *pi, *push_id, *address, *source_reference, *qos;
    int state;                      /* GroupState, final */
    int code;                       /* PAP code */
    const char *cause;
    int64_t accepted_at_us, event_at_us;    /* epoch */
    int64_t age_us;                 /* since it came into the queue */
    int tries;                      /* this one included, from 1 */
    const char *host;               /* of the URL, with its port */
} StoreNote;

typedef void StoreNotes(void *arg, StoreOutcome outcome,
                        const StoreNote *notes, int n);

/* How many notifications may be taken now for a host. */
typedef struct {
    const char *host;               /* as in StoreNote */
    int room;                       /* 0.. */
} StoreRoom;

/* At most `max` in all, and `per_host` for each host that is not one of the
 * `n` in `rooms`. */
void store_notify_take(Store *store, const char *instance, int max,
                       int64_t lease_us, int per_host, const StoreRoom *rooms,
                       int n, StoreNotes *done, void *arg);

/* After a connect: whatever this instance has taken but for these (`n` ids)
 * is due again. Answered to nobody. */
void store_notify_forgotten(Store *store, const char *instance,
                            const int64_t *known, int n);

/* Words that an operator reads. */
#define STORE_ACKNOWLEDGED "acknowledged"
#define STORE_REFUSED "refused"         /* by the PI: PAP 2000 and above */
#define STORE_MALFORMED "malformed"     /* 2xx, and no PAP document */
#define STORE_GIVEN_UP "given up"

typedef struct {
    int64_t id;
    int tries;                      /* as it was taken: it names the lease */
    const char *verdict;            /* how it ended: STORE_ACKNOWLEDGED, ...;
                                     * NULL: it is to be repeated, */
    int64_t retry_in_us;            /* so much later */
    const char *answer;             /* what the PI said, for the record;
                                     * NULL: it was not told after all */
} StoreNoteDone;

/* May be repeated: it changes nothing then. */
typedef void StoreNotesDone(void *arg, StoreOutcome outcome);

void store_notify_done(Store *store, const StoreNoteDone *notes, int n,
                       StoreNotesDone *done, void *arg);

#endif
