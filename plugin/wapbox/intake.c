/*
 * intake.c - see intake.h
 *
 * The worker owns the connection and every push but those still held for
 * their datagram (held.h). It sleeps on three things: its mailbox, the
 * database, and the moment by which some client must have its answer.
 */

#include "wapbox/intake.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "gw/gw_hooks.h"

#include "mailbox.h"
#include "now.h"
#include "store/store.h"
#include "wapbox/answer.h"
#include "wapbox/held.h"

/* A client hears within this of its acceptance; 900 ms are promised. */
#define ANSWER_US 850000

/* Schedulers are not woken more often: one NOTIFY serves many commits. */
#define WAKE_US 5000

/* Pushes in one statement. */
#define BATCH 256

/* A drain that takes longer has met a database that hangs. */
#define DRAIN_US 2000000

typedef struct {
    Letter *first, **last;
} Queue;

static struct {
    const Config *config;
    Mailbox *mailbox;
    Held *held;
    Store *store;
    long thread;                    /* -1: not running */
    atomic_bool draining, stopping;

    /* The worker's own. */
    bool up, was_up;
    Queue waiting;                  /* collected for the next batch */
    Push *flight[BATCH];            /* in the batch being committed */
    int in_flight;
    bool wake_owed;
    int64_t last_wake_us;
    int64_t drain_until_us;         /* 0: no drain seen yet */

    /* Between the worker and the drain. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool drained;
} intake = { .thread = -1 };

/* --- answers ------------------------------------------------------------ */

static void answer_unavailable(Push *push, const char *why)
{
    if (push->client != NULL)
        answer_push(push, PAP_CODE_SERVICE_UNAVAILABLE, why);
}

static const char no_database[] =
    "the push was not stored: the database is not reachable; it may be "
    "repeated under the same push-id";
static const char no_answer[] =
    "the push is not known to be stored: no answer from the database in "
    "time; it may be repeated under the same push-id";
static const char not_dispatched[] =
    "the push was not stored: the gateway did not pass it on in time; it "
    "may be repeated under the same push-id";

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

/* Takes what has come; answers at once what needs no database. */
static void collect(void)
{
    Letter *letter = mailbox_take(intake.mailbox), *next;
    Push *push;

    for (; letter != NULL; letter = next) {
        next = letter->next;
        push = push_of(letter);
        if (push->refusal != 0)
            answer_push(push, push->refusal, push->refusal_desc);
        else if (!intake.up && intake.was_up)
            answer_unavailable(push, no_database);
        if (push->client != NULL)
            append(&intake.waiting, push);
        else
            push_destroy(push);
    }
}

/* --- batches ------------------------------------------------------------ */

static int64_t seconds(bool given, int64_t s)
{
    return given ? s * 1000000 : 0;
}

static void describe(const Push *push, int i, StorePush *row,
                     StoreNewGroup *group, char **qos)
{
    *qos = pap_qos_format(&push->pap.qos);
    *row = (StorePush) {
        .pi = push->pi,
        .push_id = push->pap.push_id,
        .notify_url = push->pap.notify_url,
        .source_reference = push->pap.source_reference,
        .qos = *qos
    };
    *group = (StoreNewGroup) {
        .push = i,
        .address = push->pap.addresses[0],
        .receiver = push->receiver,
        .route = push->route,
        .sender = push->sender,
        .service = push->service,
        .priority = (int)pap_qos_priority(&push->pap.qos),
        .not_before_us = seconds(push->pap.has_after,
                                 push->pap.deliver_after_s),
        .deadline_us = seconds(push->pap.has_before,
                               push->pap.deliver_before_s),
        .segments = push->segments,
        .concat_bits = intake.config->concat_bits,
        .payload = { push->payload, push->payload_len },
        .extra = push->extra
    };
    memcpy(group->ports, push->ports, sizeof(group->ports));
}

static void on_stored(void *arg, StoreOutcome outcome, const bool *stored,
                      int n);

/* Sends the next batch, if there is one and no other is in flight. */
static void submit(void)
{
    static StorePush rows[BATCH];
    static StoreNewGroup groups[BATCH];
    static char *qos[BATCH];
    int n = 0, i;

    if (!intake.up || intake.in_flight > 0)
        return;
    while (intake.waiting.first != NULL && n < BATCH &&
           (n == 0 || !push_of(intake.waiting.first)->alone)) {
        Push *push = extract(&intake.waiting);

        intake.flight[n] = push;
        describe(push, n, &rows[n], &groups[n], &qos[n]);
        ++n;
        if (push->alone)
            break;
    }
    if (n == 0)
        return;
    intake.in_flight = n;
    store_push(intake.store, rows, n, groups, n, intake.config->lifetime_us,
               intake.config->limits.receipt_timeout, on_stored, NULL);
    for (i = 0; i < n; ++i)
        pap_text_free(qos[i]);
}

/* The server refused a batch: one push of it is to blame. Each goes again,
 * alone, so that only that one pays. */
static void split_batch(int n)
{
    Queue rest = intake.waiting;
    int i;

    clear(&intake.waiting);
    for (i = 0; i < n; ++i) {
        intake.flight[i]->alone = true;
        append(&intake.waiting, intake.flight[i]);
    }
    if (rest.first != NULL) {
        *intake.waiting.last = rest.first;
        intake.waiting.last = rest.last;
    }
}

static void settle(Push *push, StoreOutcome outcome, bool stored)
{
    switch (outcome) {
    case STORE_DONE:
        intake.wake_owed = intake.wake_owed || stored;
        if (push->client != NULL)
            answer_push(push, stored ? PAP_CODE_ACCEPTED
                                     : PAP_CODE_DUPLICATE_PUSH_ID, NULL);
        break;
    case STORE_FAILED:
        error(0, "convoy: the database refuses push-id <%s>: %s",
              push->pap.push_id, store_error(intake.store));
        answer_unavailable(push, "the push was not stored: the database "
                           "refused it");
        break;
    case STORE_LOST:
        answer_unavailable(push, no_answer);
        break;
    }
    push_destroy(push);
}

static void on_stored(void *arg, StoreOutcome outcome, const bool *stored,
                      int n)
{
    const int in_flight = intake.in_flight;
    int i;

    (void)arg;
    (void)n;
    intake.in_flight = 0;
    if (outcome == STORE_FAILED && in_flight > 1) {
        split_batch(in_flight);
        return;
    }
    for (i = 0; i < in_flight; ++i)
        settle(intake.flight[i], outcome,
               outcome == STORE_DONE && stored[i]);
}

static void on_state(void *arg, StoreState state)
{
    (void)arg;
    intake.up = state == STORE_UP;
    if (intake.up && intake.was_up)
        info(0, "convoy: intake: the database is back");
    else if (!intake.up && intake.was_up)
        error(0, "convoy: intake: the database is gone, pushes are answered "
              "4001 until it is back: %s", store_error(intake.store));
    intake.was_up = intake.was_up || intake.up;
}

/* --- time --------------------------------------------------------------- */

/* Held pushes that wait too long; in a drain all of them, since their
 * datagrams will not come any more. */
static void answer_held(int64_t now)
{
    const int64_t since = intake.draining ? now : now - ANSWER_US;
    Push *push;

    while ((push = held_expire(intake.held, since, now)) != NULL) {
        warning(0, "convoy: push-id <%s> got lost in the gateway",
                push->pap.push_id);
        answer_unavailable(push, not_dispatched);
        push_destroy(push);
    }
}

/* Pushes that wait for a batch: they are not stored, and will not be. */
static void answer_waiting(int64_t now)
{
    const bool gone = !intake.up && intake.was_up;
    Queue kept;
    Push *push;

    clear(&kept);
    while (intake.waiting.first != NULL) {
        push = extract(&intake.waiting);
        if (push->answer_by_us > now && !gone) {
            append(&kept, push);
            continue;
        }
        answer_unavailable(push, no_database);
        push_destroy(push);
    }
    intake.waiting = kept;
    if (kept.first == NULL)
        clear(&intake.waiting);
}

/* Pushes in the batch in flight: its outcome still decides over them, but
 * their clients do not wait for it any longer. */
static void answer_flight(int64_t now)
{
    int i, late = 0;

    for (i = 0; i < intake.in_flight; ++i)
        if (intake.flight[i]->client != NULL &&
            intake.flight[i]->answer_by_us <= now) {
            answer_unavailable(intake.flight[i], no_answer);
            ++late;
        }
    if (late > 0)
        warning(0, "convoy: intake: the database does not answer in time, "
                "%d pushes answered 4001", late);
}

static void earlier(int64_t *when, int64_t other)
{
    if (other < *when)
        *when = other;
}

/* When the worker must look again, whatever happens before. */
static int64_t next_time(int64_t now)
{
    const int timeout = store_poll_timeout(intake.store, now);
    int64_t when = now + 1000000, since;
    Letter *letter;
    int i;

    if (timeout >= 0)
        earlier(&when, now + timeout * INT64_C(1000));
    if (held_oldest(intake.held, &since))
        earlier(&when, since + ANSWER_US);
    for (letter = intake.waiting.first; letter != NULL;
         letter = letter->next)
        earlier(&when, push_of(letter)->answer_by_us);
    for (i = 0; i < intake.in_flight; ++i)
        if (intake.flight[i]->client != NULL)
            earlier(&when, intake.flight[i]->answer_by_us);
    if (intake.wake_owed && intake.up)
        earlier(&when, intake.last_wake_us + WAKE_US);
    if (intake.waiting.first != NULL && intake.up && intake.in_flight == 0)
        when = now;
    return when;
}

static void wake_schedulers(int64_t now)
{
    if (!intake.wake_owed || !intake.up ||
        now < intake.last_wake_us + WAKE_US)
        return;
    store_wake(intake.store);
    intake.wake_owed = false;
    intake.last_wake_us = now;
}

/* --- the worker --------------------------------------------------------- */

static bool anyone_waits(void)
{
    int64_t since;
    int i;

    for (i = 0; i < intake.in_flight; ++i)
        if (intake.flight[i]->client != NULL)
            return true;
    return intake.waiting.first != NULL || held_oldest(intake.held, &since);
}

/* Tells the drain when nobody waits and nothing is under way. */
static void check_drained(int64_t now)
{
    if (!intake.draining)
        return;
    if (intake.drain_until_us == 0)
        intake.drain_until_us = now + DRAIN_US;
    if (anyone_waits() ||
        (now < intake.drain_until_us && intake.up &&
         (intake.wake_owed || store_outstanding(intake.store) > 0)))
        return;
    pthread_mutex_lock(&intake.lock);
    intake.drained = true;
    pthread_cond_signal(&intake.changed);
    pthread_mutex_unlock(&intake.lock);
}

static void sleep_until(int64_t when, int64_t now)
{
    const int64_t us = when > now ? when - now : 0;
    const struct timespec wait = { us / 1000000, us % 1000000 * 1000 };
    struct pollfd fds[2] = {
        { mailbox_fd(intake.mailbox), POLLIN, 0 },
        { store_poll_fd(intake.store), store_poll_events(intake.store), 0 }
    };

    if (ppoll(fds, 2, &wait, NULL) == -1 && errno != EINTR)
        error(errno, "convoy: intake: poll failed");
}

static void work(void *arg)
{
    int64_t now;

    (void)arg;
    while (!intake.stopping) {
        now = now_us();
        collect();
        submit();
        wake_schedulers(now);
        store_run(intake.store, now);
        now = now_us();
        answer_held(now);
        answer_waiting(now);
        answer_flight(now);
        check_drained(now);
        now = now_us();
        sleep_until(next_time(now), now);
    }
}

/* --- interface ---------------------------------------------------------- */

int intake_init(const Config *config)
{
    static const StoreEvents events = { .on_state = on_state };
    pthread_condattr_t attributes;

    intake.config = config;
    clear(&intake.waiting);
    intake.mailbox = mailbox_create();
    intake.held = held_create();
    intake.store = store_open(config->conninfo, STORE_INTAKE, &events);
    if (intake.mailbox == NULL || intake.held == NULL ||
        intake.store == NULL) {
        gw_hooks_error("convoy: cannot create the intake: %s",
                       strerror(errno));
        return -1;
    }
    pthread_mutex_init(&intake.lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&intake.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return 0;
}

void intake_run(void)
{
    intake.thread = gwthread_create(work, NULL);
}

void intake_hold(Push *push, long number)
{
    const int64_t now = now_us();

    push->answer_by_us = now + ANSWER_US;
    if (held_add(intake.held, number, push, now))
        mailbox_ring(intake.mailbox);
}

bool intake_take(long number, Push **push)
{
    void *held = NULL;
    const bool known = held_take(intake.held, number, &held);

    *push = held;
    return known;
}

void intake_store(Push *push)
{
    mailbox_put(intake.mailbox, &push->letter);
}

void intake_drain(void)
{
    struct timespec until;

    if (intake.thread == -1)
        return;
    intake.draining = true;
    mailbox_ring(intake.mailbox);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1 + DRAIN_US / 1000000;
    pthread_mutex_lock(&intake.lock);
    while (!intake.drained &&
           pthread_cond_timedwait(&intake.changed, &intake.lock, &until)
           == 0)
        ;
    pthread_mutex_unlock(&intake.lock);
}

void intake_stop(void)
{
    if (intake.thread != -1) {
        intake.stopping = true;
        mailbox_ring(intake.mailbox);
        gwthread_join(intake.thread);
        intake.thread = -1;
    }
    store_close(intake.store);
    held_destroy(intake.held);
    mailbox_destroy(intake.mailbox);
}
