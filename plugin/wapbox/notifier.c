/*
 * notifier.c - see notifier.h
 */

#include "wapbox/notifier.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/gwlib.h"
#include "gw/gw_hooks.h"

#include "core/clock.h"
#include "core/group.h"
#include "now.h"
#include "pap/pap_read.h"
#include "pap/pap_write.h"
#include "store/store.h"
#include "wapbox/answer.h"
#include "wapbox/poster.h"
#include "wapbox/store_log.h"

#define SECOND_US INT64_C(1000000)

/* Notifications under way at once. */
#define SLOTS 128

/* Longer than a POST may last, so that no one else takes it meanwhile. */
#define LEASE_US (60 * SECOND_US)

/* The database wakes us; this finds what it could not say. */
#define POLL_US (SECOND_US / 4)

#define RETRY_US SECOND_US
#define RETRY_MAX_US (15 * 60 * SECOND_US)
#define DRAIN_US (2 * SECOND_US)

/* A notification under way, or ended and not yet reported. */
typedef struct {
    int64_t id;
    int tries;                      /* before this one */
    int64_t give_up_at_us;          /* by now_us() */
    char *push_id, *url;            /* NULL: the slot is free */
    bool ended, done;
    bool reporting;                 /* the report is on its way */
    int64_t retry_in_us;
    char answer[200];
} Slot;

static struct {
    const Config *config;
    NotifyAllow *allow;
    Store *store;
    Poster *poster;
    char instance[80];
    long thread;                    /* -1: not running */
    atomic_bool draining, stopping;

    /* The worker's own. */
    bool up, taking, reporting;
    int64_t take_at_us, report_at_us;
    unsigned short random[3];
    Slot slots[SLOTS];
    int used;
} notifier = { .thread = -1 };

/* --- results ------------------------------------------------------------ */

static void free_slot(Slot *slot)
{
    gw_free(slot->push_id);
    gw_free(slot->url);
    memset(slot, 0, sizeof(*slot));
    --notifier.used;
}

static void end(Slot *slot, bool done)
{
    slot->ended = true;
    slot->done = done;
    if (!done)
        slot->retry_in_us = clock_backoff(RETRY_US, RETRY_MAX_US,
                                          slot->tries - 1,
                                          erand48(notifier.random));
}

/* A try failed, in slot->answer why: again, or never again. */
static void fail(Slot *slot, bool hopeless)
{
    if (hopeless || now_us() > slot->give_up_at_us) {
        error(0, "convoy: result of push-id <%s> given up after %d tries, "
              "<%s>: %s", slot->push_id, slot->tries, slot->url,
              slot->answer);
        end(slot, true);
        return;
    }
    if (slot->tries == 1)
        warning(0, "convoy: result of push-id <%s> not delivered, will be "
                "repeated, <%s>: %s", slot->push_id, slot->url,
                slot->answer);
    end(slot, false);
}

static void on_posted(void *arg, const PosterResult *result)
{
    Slot *slot = arg;
    int code;

    if (result->status == 0)
        snprintf(slot->answer, sizeof(slot->answer), "%s", result->error);
    else if (pap_read_notification_response(result->body, result->body_len,
                                            &code))
        snprintf(slot->answer, sizeof(slot->answer), "HTTP %d, PAP %d",
                 result->status, code);
    else
        snprintf(slot->answer, sizeof(slot->answer), "HTTP %d",
                 result->status);
    if (result->status / 100 == 2)
        end(slot, true);
    else
        fail(slot, result->hopeless);
}

/* What is not committed is reported again, or the PI would hear twice. */
static void on_reported(void *arg, StoreOutcome outcome)
{
    int i;

    (void)arg;
    notifier.reporting = false;
    if (outcome != STORE_DONE)
        notifier.report_at_us = now_us() + RETRY_US;
    for (i = 0; i < SLOTS; ++i) {
        Slot *slot = &notifier.slots[i];

        if (slot->reporting && outcome == STORE_DONE)
            free_slot(slot);
        slot->reporting = false;
    }
}

/* Tells the database what has ended. */
static void report(int64_t now)
{
    static StoreNoteDone notes[SLOTS];
    int n = 0, i;

    if (!notifier.up || notifier.reporting || now < notifier.report_at_us)
        return;
    for (i = 0; i < SLOTS; ++i) {
        Slot *slot = &notifier.slots[i];

        slot->reporting = slot->ended;
        if (slot->ended)
            notes[n++] = (StoreNoteDone) {
                .id = slot->id,
                .tries = slot->tries,
                .done = slot->done,
                .retry_in_us = slot->retry_in_us,
                .answer = slot->answer
            };
    }
    if (n == 0)
        return;
    notifier.reporting = true;
    store_notify_done(notifier.store, notes, n, on_reported, NULL);
}

/* --- posting ------------------------------------------------------------ */

static PapState pap_state(int state)
{
    switch (state) {
    case GROUP_DELIVERED: return PAP_STATE_DELIVERED;
    case GROUP_UNDELIVERABLE: return PAP_STATE_UNDELIVERABLE;
    case GROUP_EXPIRED: return PAP_STATE_EXPIRED;
    case GROUP_CANCELLED: return PAP_STATE_CANCELLED;
    default: return PAP_STATE_UNKNOWN;
    }
}

static char *write_document(const StoreNote *note)
{
    PapNotification document = {
        .push_id = note->push_id,
        .address = note->address,
        .sender_name = ANSWER_SENDER_NAME,
        .received_time_s = note->accepted_at_us / SECOND_US,
        .event_time_s = note->event_at_us / SECOND_US,
        .state = pap_state(note->state),
        .code = note->code,
        .desc = note->cause
    };

    pap_qos_parse(&document.qos, note->qos);
    return pap_write_notification(&document);
}

static void post(const StoreNote *note)
{
    Slot *slot = notifier.slots;
    char *document;
    bool sent;

    while (slot->push_id != NULL)   /* as many as were free were asked for */
        ++slot;
    ++notifier.used;
    slot->id = note->id;
    slot->tries = note->tries;
    slot->give_up_at_us = now_us() + notifier.config->notify_lifetime_us -
                          note->age_us;
    slot->push_id = gw_strdup(note->push_id);
    slot->url = gw_strdup(note->url);
    document = write_document(note);
    sent = document != NULL &&
           poster_send(notifier.poster, note->url, document, slot);
    pap_text_free(document);
    if (!sent) {
        snprintf(slot->answer, sizeof(slot->answer), "out of memory");
        fail(slot, false);
    }
}

static void on_taken(void *arg, StoreOutcome outcome, const StoreNote *notes,
                     int n)
{
    int i;

    (void)arg;
    notifier.taking = false;
    if (outcome != STORE_DONE || n == 0)
        return;
    notifier.take_at_us = 0;        /* there may be more */
    for (i = 0; i < n; ++i)
        post(&notes[i]);
}

static void take(int64_t now)
{
    if (!notifier.up || notifier.taking || notifier.draining ||
        notifier.used == SLOTS || now < notifier.take_at_us)
        return;
    notifier.taking = true;
    notifier.take_at_us = now + POLL_US;
    store_notify_take(notifier.store, notifier.instance,
                      SLOTS - notifier.used, LEASE_US, on_taken, NULL);
}

/* --- the worker --------------------------------------------------------- */

/* What a lost answer was about comes again now, not after its lease. */
static void take_back_forgotten(void)
{
    int64_t known[SLOTS];
    int n = 0, i;

    for (i = 0; i < SLOTS; ++i)
        if (notifier.slots[i].push_id != NULL)
            known[n++] = notifier.slots[i].id;
    store_notify_forgotten(notifier.store, notifier.instance, known, n);
}

static void on_state(void *arg, StoreState state)
{
    (void)arg;
    notifier.up = state == STORE_UP;
    if (notifier.up)
        take_back_forgotten();
    notifier.take_at_us = notifier.report_at_us = 0;
}

static void on_notified(void *arg, const char *channel, const char *payload)
{
    (void)arg, (void)channel, (void)payload;
    notifier.take_at_us = 0;
}

static int sleep_ms(int64_t now)
{
    const int store_ms = store_poll_timeout(notifier.store, now);
    int64_t us = notifier.take_at_us - now;

    if (!notifier.up || notifier.taking || notifier.draining ||
        notifier.used == SLOTS || us > POLL_US)
        us = POLL_US;
    if (us < 0)
        us = 0;
    if (store_ms >= 0 && store_ms * INT64_C(1000) < us)
        us = store_ms * INT64_C(1000);
    return (int)((us + 999) / 1000);
}

/* In the end: nothing is under way, or two seconds of drain are over. */
static bool finished(int64_t now, int64_t *stop_by)
{
    if (notifier.draining && *stop_by == 0)
        *stop_by = now + DRAIN_US;
    if (!notifier.stopping)
        return false;
    return now >= *stop_by ||
           (notifier.used == 0 &&
            (!notifier.up || store_outstanding(notifier.store) == 0));
}

static void work(void *arg)
{
    int64_t now = now_us(), stop_by = 0;

    (void)arg;
    while (!finished(now, &stop_by)) {
        report(now);
        take(now);
        store_run(notifier.store, now);
        poster_run(notifier.poster, store_poll_fd(notifier.store),
                   store_poll_events(notifier.store), sleep_ms(now));
        now = now_us();
    }
}

/* --- interface ---------------------------------------------------------- */

/* A name for our leases that no other process has or had. */
static void make_instance(void)
{
    char host[40] = "";

    gethostname(host, sizeof(host) - 1);
    snprintf(notifier.instance, sizeof(notifier.instance),
             "notifier-%s-%ld-%" PRIx64, host, (long)getpid(),
             (uint64_t)time(NULL));
    notifier.random[0] = (unsigned short)getpid();
    notifier.random[1] = (unsigned short)now_us();
}

int notifier_init(const Config *config)
{
    static const StoreEvents events = {
        .on_state = on_state, .notified = on_notified,
        .log = store_log
    };
    char wrong[400];

    notifier.config = config;
    notifier.allow = notify_allow_create(config->notify_allow, wrong,
                                         sizeof(wrong));
    if (notifier.allow == NULL) {
        gw_hooks_error("group = convoy: notify-allow is wrong: %s", wrong);
        return -1;
    }
    make_instance();
    if (poster_init())
        notifier.poster = poster_create(notifier.allow, on_posted);
    notifier.store = store_open(config->conninfo, STORE_NOTIFIER, &events);
    if (notifier.poster == NULL || notifier.store == NULL) {
        gw_hooks_error("convoy: cannot create the notifier: out of memory");
        return -1;
    }
    return 0;
}

void notifier_run(void)
{
    notifier.thread = gwthread_create(work, NULL);
}

void notifier_drain(void)
{
    notifier.draining = true;
    poster_wake(notifier.poster);
}

void notifier_stop(void)
{
    int i;

    if (notifier.thread != -1) {
        notifier.stopping = true;
        poster_wake(notifier.poster);
        gwthread_join(notifier.thread);
        notifier.thread = -1;
    }
    poster_destroy(notifier.poster);
    store_close(notifier.store);
    for (i = 0; i < SLOTS; ++i)
        if (notifier.slots[i].push_id != NULL)
            free_slot(&notifier.slots[i]);
    notify_allow_destroy(notifier.allow);
}
