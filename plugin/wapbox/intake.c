/*
 * intake.c - see intake.h
 *
 * A push passes through three hands: it is held until its datagram comes
 * (held.h), mailed to the worker, and stored with others in one commit
 * (commit.h). An inquiry has a mailbox of its own (inquiries.h). The worker
 * sleeps on both, on the database, and until the moment by which some client
 * must have its answer.
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
#include "wapbox/commit.h"
#include "wapbox/held.h"
#include "wapbox/inquiries.h"
#include "wapbox/store_log.h"

/* A client hears within this of its acceptance; 900 ms are promised. */
#define ANSWER_US 850000

/* A drain that takes longer has met a database that hangs. */
#define DRAIN_US 2000000

/* The worker looks after tombstones and the like at least this often. */
#define IDLE_US 1000000

static struct {
    Mailbox *mailbox;               /* of pushes */
    Mailbox *questions;             /* of inquiries */
    Held *held;
    Store *store;
    Commit *commit;
    Inquiries *inquiries;
    long thread;                    /* -1: not running */
    atomic_bool draining, stopping;
    int64_t drain_until_us;         /* the worker's; 0: no drain seen yet */

    /* Between the worker and the drain. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool drained;
} intake = { .thread = -1 };

/* --- the worker --------------------------------------------------------- */

static void on_state(void *arg, StoreState state)
{
    (void)arg;
    commit_set_state(intake.commit, state);
    inquiries_set_state(intake.inquiries, state);
}

static void collect(void)
{
    Letter *letter = mailbox_take(intake.mailbox), *next;
    Push *push;

    for (; letter != NULL; letter = next) {
        next = letter->next;
        push = (Push *)letter;      /* its first member */
        if (push->refusal == 0) {
            commit_add(intake.commit, push);
            continue;
        }
        answer_push(push, push->refusal, push->refusal_desc);
        push_destroy(push);
    }
}

static void collect_questions(int64_t now)
{
    Letter *letter = mailbox_take(intake.questions), *next;

    for (; letter != NULL; letter = next) {
        next = letter->next;
        inquiries_add(intake.inquiries, (Inquiry *)letter, now);
    }
    if (intake.draining)
        inquiries_hurry(intake.inquiries, now);
}

/* Held pushes that wait too long; in a drain all of them, since their
 * datagrams will not come any more. */
static void answer_held(int64_t now)
{
    const int64_t since = intake.draining ? now : now - ANSWER_US;
    Push *push;

    while ((push = held_expire(intake.held, since, now)) != NULL) {
        warning(0, "convoy: push-id <%s> got lost in the gateway",
                push->pap.push_id);
        answer_push(push, PAP_CODE_SERVICE_UNAVAILABLE, "the push was not "
                    "stored: the gateway did not pass it on in time; it may "
                    "be repeated under the same push-id");
        push_destroy(push);
    }
}

/* Tells the drain when nobody waits and nothing is under way. */
static void check_drained(int64_t now)
{
    int64_t since;

    if (!intake.draining)
        return;
    if (intake.drain_until_us == 0)
        intake.drain_until_us = now + DRAIN_US;
    if (held_oldest(intake.held, &since) ||
        commit_owes_answer(intake.commit) ||
        inquiries_owe_answer(intake.inquiries) ||
        (now < intake.drain_until_us && commit_is_busy(intake.commit)))
        return;
    pthread_mutex_lock(&intake.lock);
    intake.drained = true;
    pthread_cond_signal(&intake.changed);
    pthread_mutex_unlock(&intake.lock);
}

static void earlier(int64_t *when, int64_t other)
{
    if (other < *when)
        *when = other;
}

/* When the worker must look again, whatever happens before. */
static int64_t next_time(int64_t now)
{
    const int timeout_ms = store_poll_timeout(intake.store, now);
    int64_t when = now + IDLE_US, since;

    if (timeout_ms >= 0)
        earlier(&when, now + timeout_ms * INT64_C(1000));
    if (held_oldest(intake.held, &since))
        earlier(&when, since + ANSWER_US);
    earlier(&when, commit_next_time(intake.commit, now));
    earlier(&when, inquiries_next_time(intake.inquiries));
    return when;
}

/* It is woken by pushes only when it can do something for them. */
static void sleep_until(int64_t when, int64_t now)
{
    const int64_t gathers = commit_gathers_until(intake.commit);
    const int pushes = gathers > now ? -1 : mailbox_fd(intake.mailbox);
    struct pollfd fds[] = {
        { pushes, POLLIN, 0 },
        { mailbox_fd(intake.questions), POLLIN, 0 },
        { store_poll_fd(intake.store), store_poll_events(intake.store), 0 }
    };
    struct timespec wait;
    int64_t us;

    if (gathers > now)
        earlier(&when, gathers);
    us = when > now ? when - now : 0;
    wait = (struct timespec) { us / 1000000, us % 1000000 * 1000 };
    if (ppoll(fds, sizeof(fds) / sizeof(fds[0]), &wait, NULL) == -1 && errno != EINTR)
        error(errno, "convoy: intake: poll failed");
}

static void work(void *arg)
{
    int64_t now;

    (void)arg;
    while (!intake.stopping) {
        now = now_us();
        collect();
        collect_questions(now);
        answer_held(now);
        commit_run(intake.commit, now);
        inquiries_run(intake.inquiries, now);
        store_run(intake.store, now);
        check_drained(now);
        now = now_us();
        sleep_until(next_time(now), now);
    }
}

/* --- interface ---------------------------------------------------------- */

int intake_init(const Config *config)
{
    static const StoreEvents events = {
        .on_state = on_state, .log = store_log
    };
    pthread_condattr_t attributes;

    intake.mailbox = mailbox_create();
    intake.questions = mailbox_create();
    intake.held = held_create();
    intake.store = store_open(config->conninfo, STORE_INTAKE, &events);
    if (intake.mailbox == NULL || intake.questions == NULL ||
        intake.held == NULL || intake.store == NULL) {
        gw_hooks_error("convoy: cannot create the intake: %s",
                       strerror(errno));
        return -1;
    }
    intake.commit = commit_create(config, intake.store);
    intake.inquiries = inquiries_create(intake.store);
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
    /* Its end of patience may come before anything the worker sleeps for. */
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

void intake_ask(Inquiry *inquiry)
{
    mailbox_put(intake.questions, &inquiry->letter);
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
    commit_destroy(intake.commit);
    inquiries_destroy(intake.inquiries);
    held_destroy(intake.held);
    mailbox_destroy(intake.mailbox);
    mailbox_destroy(intake.questions);
}
