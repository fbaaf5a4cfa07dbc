/*
 * notifier.c - see notifier.h
 *
 * A notification has a slot from the moment it is taken from the database
 * until the database knows how its try went: free, under way, ended, its
 * report under way, free.
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
#include "now.h"
#include "pap/pap_types.h"
#include "store/store.h"
#include "wapbox/answer.h"
#include "wapbox/destinations.h"
#include "wapbox/notification.h"
#include "wapbox/poster.h"
#include "wapbox/store_log.h"

#define SECOND_US INT64_C(1000000)

/* Notifications under way at once: enough for some hosts that hang, and for
 * others to be served at full speed beside them. */
#define SLOTS 512

/* Longer than a POST may last and its report may take, so that no one else
 * takes it meanwhile; but soon, when this wapbox was killed. */
#define LEASE_US ((POSTER_TIMEOUT_MS / 1000 + 5) * SECOND_US)

/* The database wakes us; this finds what it could not say. */
#define POLL_US (SECOND_US / 4)

#define RETRY_US SECOND_US
#define RETRY_MAX_US (15 * 60 * SECOND_US)
#define DRAIN_US (2 * SECOND_US)

/* A notification under way, or ended and not yet reported. */
typedef struct Slot {
    struct Slot *next;              /* free, ended or reporting */
    int64_t id;
    int tries;                      /* this one included */
    int64_t give_up_at_us;          /* by now_us() */
    char *push_id, *url;            /* NULL: the slot is free */
    Destination *host;              /* while it is under way */
    const char *verdict;            /* once it has ended */
    int64_t retry_in_us;            /* without a verdict */
    char answer[200];
} Slot;

static struct {
    const Config *config;
    NotifyAllow *allow;
    Store *store;
    Poster *poster;
    Destinations *hosts;
    char instance[80];
    long thread;                    /* -1: not running */
    atomic_bool draining, stopping;

    /* The worker's own. */
    bool up, taking;
    int64_t take_at_us, report_at_us;
    unsigned short random[3];
    Slot slots[SLOTS];
    Slot *free, *ended, *reporting;
    int used;
} notifier = { .thread = -1 };

static Slot *pop(Slot **list)
{
    Slot *slot = *list;

    *list = slot->next;
    return slot;
}

static void push(Slot **list, Slot *slot)
{
    slot->next = *list;
    *list = slot;
}

/* --- results ------------------------------------------------------------ */

static void free_slot(Slot *slot)
{
    gw_free(slot->push_id);
    gw_free(slot->url);
    memset(slot, 0, sizeof(*slot));
    push(&notifier.free, slot);
    --notifier.used;
}

/* A try failed, in slot->answer why: again, or never again. */
static void fail(Slot *slot, bool hopeless)
{
    if (hopeless || now_us() > slot->give_up_at_us) {
        error(0, "convoy: result of push-id <%s> given up after %d tries, "
              "<%s>: %s", slot->push_id, slot->tries, slot->url,
              slot->answer);
        slot->verdict = STORE_GIVEN_UP;
        return;
    }
    if (slot->tries == 1)
        warning(0, "convoy: result of push-id <%s> not delivered, will be "
                "repeated, <%s>: %s", slot->push_id, slot->url,
                slot->answer);
    slot->retry_in_us = clock_backoff(RETRY_US, RETRY_MAX_US, slot->tries - 1,
                                      erand48(notifier.random));
}

static void tell_of_host(DestinationNews news, const Slot *slot)
{
    if (news == DESTINATION_RESTS)
        warning(0, "convoy: the host of <%s> does not answer, its results "
                "wait: %s", slot->url, slot->answer);
    else if (news == DESTINATION_BACK)
        info(0, "convoy: the host of <%s> answers again", slot->url);
}

static void on_posted(void *arg, const PosterResult *result)
{
    Slot *slot = arg;

    slot->verdict = notification_judge(result, slot->answer,
                                       sizeof(slot->answer));
    tell_of_host(destination_end(notifier.hosts, slot->host,
                                 result->status != 0, now_us()), slot);
    slot->host = NULL;
    if (slot->verdict == NULL)
        fail(slot, result->hopeless);
    else if (strcmp(slot->verdict, STORE_ACKNOWLEDGED) != 0)
        warning(0, "convoy: result of push-id <%s>: <%s> has answered %s",
                slot->push_id, slot->url, slot->answer);
    push(&notifier.ended, slot);
}

/* What is not committed is reported again, or the PI would hear twice. */
static void on_reported(void *arg, StoreOutcome outcome)
{
    (void)arg;
    if (outcome != STORE_DONE)
        notifier.report_at_us = now_us() + RETRY_US;
    while (notifier.reporting != NULL) {
        Slot *slot = pop(&notifier.reporting);

        if (outcome == STORE_DONE)
            free_slot(slot);
        else
            push(&notifier.ended, slot);
    }
}

/* Tells the database what has ended. */
static void report(int64_t now)
{
    static StoreNoteDone notes[SLOTS];
    Slot *slot;
    int n = 0;

    if (!notifier.up || notifier.ended == NULL ||
        notifier.reporting != NULL || now < notifier.report_at_us)
        return;
    notifier.reporting = notifier.ended;
    notifier.ended = NULL;
    for (slot = notifier.reporting; slot != NULL; slot = slot->next)
        notes[n++] = (StoreNoteDone) {
            .id = slot->id,
            .tries = slot->tries,
            .verdict = slot->verdict,
            .retry_in_us = slot->retry_in_us,
            .answer = slot->answer
        };
    store_notify_done(notifier.store, notes, n, on_reported, NULL);
}

/* --- posting ------------------------------------------------------------ */

static void post(const StoreNote *note)
{
    /* As many as were free were asked for. */
    Slot *slot = pop(&notifier.free);
    char *document = notification_write(note, notifier.config->ppg_address,
                                        ANSWER_SENDER_NAME);
    bool sent;

    ++notifier.used;
    slot->id = note->id;
    slot->tries = note->tries;
    slot->give_up_at_us = now_us() + notifier.config->notify_lifetime_us -
                          note->age_us;
    slot->push_id = gw_strdup(note->push_id);
    slot->url = gw_strdup(note->url);
    slot->host = destination_begin(notifier.hosts, note->host);
    sent = document != NULL &&
           poster_send(notifier.poster, note->url, document, slot);
    pap_text_free(document);
    if (!sent)
        on_posted(slot, &(PosterResult) { .error = "out of memory",
                                          .body = "" });
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
    const StoreRoom *rooms;
    int n;

    if (!notifier.up || notifier.taking || notifier.draining ||
        notifier.used == SLOTS || now < notifier.take_at_us)
        return;
    notifier.taking = true;
    notifier.take_at_us = now + POLL_US;
    rooms = destinations_rooms(notifier.hosts, now, &n);
    store_notify_take(notifier.store, notifier.instance,
                      SLOTS - notifier.used, LEASE_US, DESTINATION_ROOM,
                      rooms, n, on_taken, NULL);
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

static void bar(void *arg, const struct sockaddr *address)
{
    (void)arg;
    notify_allow_bar(notifier.allow, address);
}

static void on_state(void *arg, StoreState state)
{
    (void)arg;
    notifier.up = state == STORE_UP;
    if (notifier.up) {
        take_back_forgotten();
        store_addresses(notifier.config->conninfo, bar, NULL);
    }
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
    int i;

    notifier.config = config;
    notifier.allow = notify_allow_create(config->notify_allow, wrong,
                                         sizeof(wrong));
    if (notifier.allow == NULL) {
        gw_hooks_error("group = convoy: notify-allow is wrong: %s", wrong);
        return -1;
    }
    make_instance();
    store_addresses(config->conninfo, bar, NULL);
    if (poster_init())
        notifier.poster = poster_create(notifier.allow, config->notify_ca,
                                        on_posted);
    notifier.hosts = destinations_create();
    for (i = 0; i < SLOTS; ++i)
        push(&notifier.free, &notifier.slots[i]);
    notifier.store = store_open(config->conninfo, STORE_NOTIFIER, &events);
    if (notifier.poster == NULL || notifier.store == NULL ||
        notifier.hosts == NULL) {
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
    destinations_destroy(notifier.hosts);
    notify_allow_destroy(notifier.allow);
}
