/*
 * commit.c - see commit.h
 */

#include "wapbox/commit.h"

#include <string.h>

#include "wapbox/answer.h"

/* Schedulers are not woken more often: one NOTIFY serves many commits. */
#define WAKE_US 10000

/* Pushes, and groups of theirs, in one statement. The largest push fits. */
#define BATCH 256
#define BATCH_GROUPS PAP_MAX_ADDRESSES

/* After a batch of at least so many the next one gathers for so long: a
 * commit costs the same for one push as for twenty. */
#define GATHER_FROM 8
#define GATHER_US 4000

/* While a batch is on its way pushes can only wait. For so long it is not
 * worth a look at each; a database that takes longer may have gone. */
#define FLIGHT_US 5000

typedef struct {
    Letter *first, **last;
} Queue;

struct Commit {
    const Config *config;
    Store *store;
    bool up, was_up;
    Queue waiting;                  /* for the next batch */
    Push *flight[BATCH];            /* in the batch being committed */
    int in_flight;
    int64_t submitted_us;           /* when the flight began */
    int64_t gather_until_us;        /* the next batch not before this */
    bool late;                      /* it was said that it takes too long */
    bool wake_owed;
    int64_t last_wake_us;

    /* Where submit() describes the flight. */
    StorePush rows[BATCH];
    StoreNewGroup groups[BATCH_GROUPS];
    char *qos[BATCH];
};

static const char no_database[] =
    "the push was not stored: the database is not reachable; it may be "
    "repeated under the same push-id";
static const char no_answer[] =
    "the push is not known to be stored: no answer from the database in "
    "time; it may be repeated under the same push-id";
static const char busy[] =
    "the push was not stored: the database cannot do it now; it may be "
    "repeated under the same push-id";
static const char refused[] =
    "the push was not stored: the database refused it";
static const char not_known[] =
    "the push to be replaced is not known";
static const char not_pending[] =
    "the push to be replaced is pending for none of the addresses";

static void answer_unavailable(Push *push, const char *why)
{
    if (push->client != NULL)
        answer_push(push, PAP_CODE_SERVICE_UNAVAILABLE, why);
}

/* --- the waiting queue -------------------------------------------------- */

static Push *push_of(Letter *letter)
{
    return (Push *)letter;          /* its first member */
}

static void clear(Queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void append(Queue *queue, Push *push)
{
    push->letter.next = NULL;
    *queue->last = &push->letter;
    queue->last = &push->letter.next;
}

/* The first of a queue that is not empty. */
static Push *extract(Queue *queue)
{
    Push *push = push_of(queue->first);

    queue->first = push->letter.next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    return push;
}

/* --- answers from the database ------------------------------------------ */

/* The server refused a batch: one push of it is to blame. Each goes again,
 * alone and before the others, so that only that one pays. */
static void split_batch(Commit *commit, int n)
{
    Queue rest = commit->waiting;
    int i;

    clear(&commit->waiting);
    for (i = 0; i < n; ++i) {
        commit->flight[i]->alone = true;
        append(&commit->waiting, commit->flight[i]);
    }
    if (rest.first != NULL) {
        *commit->waiting.last = rest.first;
        commit->waiting.last = rest.last;
    }
}

/* Words for an answer, where the code's own do not do. */
static const char *words(int code)
{
    switch (code) {
    case PAP_CODE_PUSH_ID_NOT_FOUND: return not_known;
    case PAP_CODE_CANCEL_NOT_POSSIBLE: return not_pending;
    default: return NULL;
    }
}

static void settle(Commit *commit, Push *push, StoreOutcome outcome, int code)
{
    switch (outcome) {
    case STORE_DONE:
        commit->wake_owed = commit->wake_owed || code == PAP_CODE_ACCEPTED;
        if (push->client != NULL)
            answer_push(push, code, words(code));
        break;
    case STORE_FAILED:
        error(0, "convoy: the database refuses push-id <%s>: %s",
              push->pap.push_id, store_error(commit->store));
        answer_unavailable(push, refused);
        break;
    case STORE_BUSY:
        answer_unavailable(push, busy);
        break;
    case STORE_LOST:
        answer_unavailable(push, no_answer);
        break;
    }
    push_destroy(push);
}

/* Did the database do it before any client had to be answered 4001? */
static bool in_time(const Commit *commit, int n, StoreOutcome outcome)
{
    int i;

    for (i = 0; i < n; ++i)
        if (commit->flight[i]->client == NULL)
            return false;
    return outcome == STORE_DONE;
}

static void on_stored(void *arg, StoreOutcome outcome, const int *codes,
                      int n)
{
    Commit *commit = arg;
    const int in_flight = commit->in_flight;
    int i;

    (void)n;                        /* the same, by the order of calls */
    commit->in_flight = 0;
    if (in_time(commit, in_flight, outcome))
        commit->late = false;
    if (outcome == STORE_FAILED && in_flight > 1) {
        split_batch(commit, in_flight);
        return;
    }
    for (i = 0; i < in_flight; ++i)
        settle(commit, commit->flight[i], outcome,
               outcome == STORE_DONE ? codes[i] : 0);
}

/* --- batches ------------------------------------------------------------ */

/* 0 stands for none, and so does what was over before 1970. */
static int64_t epoch_us(bool given, int64_t s)
{
    return given && s > 0 ? s * 1000000 : 0;
}

static StoreNewGroup describe_group(const Commit *commit, const Push *push)
{
    StoreNewGroup group = {
        .route = push->route,
        .sender = push->sender,
        .service = push->service,
        .priority = (int)pap_qos_priority(&push->pap.qos),
        .not_before_us = epoch_us(push->pap.has_after,
                                  push->pap.deliver_after_s),
        .deadline_us = epoch_us(push->pap.has_before,
                                push->pap.deliver_before_s),
        .segments = push->segments,
        .concat_bits = commit->config->concat_bits,
        .payload = { push->payload, push->payload_len },
        .extra = push->extra
    };

    memcpy(group.ports, push->ports, sizeof(group.ports));
    return group;
}

/* Describes flight[i] for the call, its groups from groups[at] on; returns
 * where they end. */
static int describe(Commit *commit, int i, int at)
{
    const Push *push = commit->flight[i];
    StoreNewGroup group = describe_group(commit, push);
    int k;

    commit->qos[i] = pap_qos_format(&push->pap.qos);
    commit->rows[i] = (StorePush) {
        .pi = push->pi,
        .push_id = push->pap.push_id,
        .notify_url = push->pap.notify_url,
        .source_reference = push->pap.source_reference,
        .qos = commit->qos[i],
        .replaces = push->pap.replaces,
        .pending_only = push->pap.pending_only
    };
    group.push = i;
    for (k = 0; k < push->target_count; ++k) {
        group.address = push->targets[k].address;
        group.receiver = push->targets[k].receiver;
        group.refused = push->targets[k].code;
        group.cause = push->targets[k].cause;
        commit->groups[at++] = group;
    }
    return at;
}

/* Moves the next batch from the queue into the flight; returns its size. */
static int load_flight(Commit *commit)
{
    Queue *waiting = &commit->waiting;
    const Push *next;
    int n = 0, groups = 0;

    while (waiting->first != NULL && n < BATCH) {
        next = push_of(waiting->first);
        groups += next->target_count;
        if (n > 0 && (commit->flight[0]->alone || next->alone ||
                      groups > BATCH_GROUPS))
            break;
        commit->flight[n++] = extract(waiting);
    }
    return n;
}

static void submit(Commit *commit, int64_t now_us)
{
    int n, i, m = 0;

    if (!commit->up || commit->in_flight > 0 ||
        now_us < commit->gather_until_us)
        return;
    n = load_flight(commit);
    if (n == 0)
        return;
    for (i = 0; i < n; ++i)
        m = describe(commit, i, m);
    commit->in_flight = n;
    commit->submitted_us = now_us;
    commit->gather_until_us = n < GATHER_FROM || n == BATCH
        ? 0 : now_us + GATHER_US;
    store_push(commit->store, commit->rows, n, commit->groups, m,
               commit->config->lifetime_us,
               commit->config->limits.receipt_timeout, on_stored, commit);
    for (i = 0; i < n; ++i)
        pap_text_free(commit->qos[i]);
}

/* --- time --------------------------------------------------------------- */

/* Pushes that wait for a batch: they are not stored, and will not be. */
static void answer_waiting(Commit *commit, int64_t now)
{
    const bool gone = !commit->up && commit->was_up;
    Queue all = commit->waiting;
    Push *push;

    if (all.first == NULL)
        return;
    clear(&commit->waiting);
    while (all.first != NULL) {
        push = extract(&all);
        if (push->answer_by_us > now && !gone) {
            append(&commit->waiting, push);
            continue;
        }
        answer_unavailable(push, no_database);
        push_destroy(push);
    }
}

/* Pushes in the batch in flight: its outcome still decides over them, but
 * their clients do not wait for it any longer. */
static void answer_flight(Commit *commit, int64_t now)
{
    Push *push;
    int i;

    for (i = 0; i < commit->in_flight; ++i) {
        push = commit->flight[i];
        if (push->client == NULL || push->answer_by_us > now)
            continue;
        answer_unavailable(push, no_answer);
        if (!commit->late)
            warning(0, "convoy: intake: the database does not answer in "
                    "time, pushes are answered 4001");
        commit->late = true;
    }
}

static void wake_schedulers(Commit *commit, int64_t now)
{
    if (!commit->wake_owed || !commit->up ||
        now < commit->last_wake_us + WAKE_US)
        return;
    store_wake(commit->store);
    commit->wake_owed = false;
    commit->last_wake_us = now;
}

static void earlier(int64_t *when, int64_t other)
{
    if (other < *when)
        *when = other;
}

/* --- interface ---------------------------------------------------------- */

Commit *commit_create(const Config *config, Store *store)
{
    Commit *commit = gw_malloc(sizeof(*commit));

    memset(commit, 0, sizeof(*commit));
    commit->config = config;
    commit->store = store;
    clear(&commit->waiting);
    return commit;
}

void commit_destroy(Commit *commit)
{
    if (commit == NULL)
        return;
    while (commit->waiting.first != NULL)
        push_destroy(extract(&commit->waiting));
    gw_free(commit);
}

void commit_set_state(Commit *commit, StoreState state)
{
    commit->up = state == STORE_UP;
    commit->was_up = commit->was_up || commit->up;
}

void commit_add(Commit *commit, Push *push)
{
    append(&commit->waiting, push);
}

void commit_run(Commit *commit, int64_t now_us)
{
    answer_waiting(commit, now_us);
    answer_flight(commit, now_us);
    submit(commit, now_us);
    wake_schedulers(commit, now_us);
}

int64_t commit_next_time(const Commit *commit, int64_t now_us)
{
    int64_t when = INT64_MAX;
    Letter *letter;
    int i;

    if (commit->waiting.first != NULL && commit->up &&
        commit->in_flight == 0)
        return now_us > commit->gather_until_us ? now_us
                                                : commit->gather_until_us;
    for (letter = commit->waiting.first; letter != NULL;
         letter = letter->next)
        earlier(&when, push_of(letter)->answer_by_us);
    for (i = 0; i < commit->in_flight; ++i)
        if (commit->flight[i]->client != NULL)
            earlier(&when, commit->flight[i]->answer_by_us);
    if (commit->wake_owed && commit->up)
        earlier(&when, commit->last_wake_us + WAKE_US);
    return when;
}

int64_t commit_gathers_until(const Commit *commit)
{
    const int64_t flown = commit->in_flight > 0
        ? commit->submitted_us + FLIGHT_US : 0;

    return flown > commit->gather_until_us ? flown : commit->gather_until_us;
}

bool commit_owes_answer(const Commit *commit)
{
    int i;

    for (i = 0; i < commit->in_flight; ++i)
        if (commit->flight[i]->client != NULL)
            return true;
    return commit->waiting.first != NULL;
}

bool commit_is_busy(const Commit *commit)
{
    return commit->up && (commit->wake_owed || commit->in_flight > 0 ||
                          store_outstanding(commit->store) > 0);
}
