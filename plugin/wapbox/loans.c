/*
 * loans.c - see loans.h
 */

#include "wapbox/loans.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gwlib/gwlib.h"

#include "core/clock.h"
#include "now.h"
#include "pap/pap_types.h"
#include "wapbox/answer.h"
#include "wapbox/destinations.h"
#include "wapbox/notification.h"

#define RETRY_US INT64_C(1000000)
#define RETRY_MAX_US (15 * 60 * INT64_C(1000000))

typedef struct Loan {
    struct Loan *next;              /* free, waiting, ended or reporting */
    Loans *all;
    int64_t id;
    int tries;                      /* this one included */
    int64_t give_up_at_us;
    char *push_id, *url;            /* NULL: it is free */
    char *document;                 /* until it is posted */
    Destination *host;              /* until it has ended */
    int64_t since_us;               /* it waits, or is under way */
    const char *verdict;            /* once it has ended */
    int64_t retry_in_us;            /* without a verdict */
    char answer[200];               /* "": it was not posted */
} Loan;

struct Loans {
    const Config *config;
    Poster *poster;
    Destinations *hosts;
    unsigned short random[3];
    Loan loans[LOANS_MAX];
    Loan *free, *ended, *reporting;
    Loan *waiting, **waiting_end;   /* first come, first posted */
    int count;
};

static Loan *pop(Loan **list)
{
    Loan *loan = *list;

    *list = loan->next;
    return loan;
}

static void push(Loan **list, Loan *loan)
{
    loan->next = *list;
    *list = loan;
}

static void on_posted(void *arg, const PosterResult *result);

Loans *loans_create(const Config *config, const NotifyAllow *allow)
{
    Loans *all = gw_malloc(sizeof(*all));
    int i;

    memset(all, 0, sizeof(*all));
    all->config = config;
    if (poster_init())
        all->poster = poster_create(allow, config->notify_ca, LOANS_MAX,
                                    on_posted);
    all->hosts = destinations_create();
    all->random[0] = (unsigned short)getpid();
    all->random[1] = (unsigned short)now_us();
    all->waiting_end = &all->waiting;
    for (i = 0; i < LOANS_MAX; ++i) {
        all->loans[i].all = all;
        push(&all->free, &all->loans[i]);
    }
    if (all->poster == NULL || all->hosts == NULL) {
        loans_destroy(all);
        return NULL;
    }
    return all;
}

static void end(Loan *loan)
{
    Loans *all = loan->all;

    gw_free(loan->push_id);
    gw_free(loan->url);
    pap_text_free(loan->document);
    *loan = (Loan) { .all = all };
    push(&all->free, loan);
    --all->count;
}

void loans_destroy(Loans *all)
{
    int i;

    if (all == NULL)
        return;
    poster_destroy(all->poster);
    for (i = 0; i < LOANS_MAX; ++i)
        if (all->loans[i].push_id != NULL)
            end(&all->loans[i]);
    destinations_destroy(all->hosts);
    gw_free(all);
}

int loans_count(const Loans *all)
{
    return all->count;
}

int loans_ids(const Loans *all, int64_t ids[LOANS_MAX])
{
    int n = 0, i;

    for (i = 0; i < LOANS_MAX; ++i)
        if (all->loans[i].push_id != NULL)
            ids[n++] = all->loans[i].id;
    return n;
}

const StoreRoom *loans_rooms(Loans *all, int64_t now, int *n)
{
    return destinations_rooms(all->hosts, now, n);
}

/* --- how a try ends ----------------------------------------------------- */

/* A try failed, in loan->answer why: again, or never again. */
static void fail(Loan *loan, bool hopeless, int64_t now)
{
    if (hopeless || now > loan->give_up_at_us) {
        error(0, "convoy: result of push-id <%s> given up after %d tries, "
              "<%s>: %s", loan->push_id, loan->tries, loan->url,
              loan->answer);
        loan->verdict = STORE_GIVEN_UP;
        return;
    }
    if (loan->tries == 1)
        warning(0, "convoy: result of push-id <%s> not delivered, will be "
                "repeated, <%s>: %s", loan->push_id, loan->url,
                loan->answer);
    loan->retry_in_us = clock_backoff(RETRY_US, RETRY_MAX_US, loan->tries - 1,
                                      erand48(loan->all->random));
}

static void tell_of_host(DestinationNews news, const Loan *loan)
{
    if (news == DESTINATION_RESTS)
        warning(0, "convoy: the host of <%s> does not answer, its results "
                "wait: %s", loan->url, loan->answer);
    else if (news == DESTINATION_BACK)
        info(0, "convoy: the host of <%s> answers again", loan->url);
}

static void on_posted(void *arg, const PosterResult *result)
{
    const int64_t now = now_us();
    Loan *loan = arg;

    loan->verdict = notification_judge(result, loan->answer,
                                       sizeof(loan->answer));
    tell_of_host(destination_end(loan->all->hosts, loan->host,
                                 result->status != 0, loan->since_us, now),
                 loan);
    loan->host = NULL;
    if (loan->verdict == NULL)
        fail(loan, result->hopeless, now);
    else if (strcmp(loan->verdict, STORE_ACKNOWLEDGED) != 0)
        warning(0, "convoy: result of push-id <%s>: <%s> has answered %s",
                loan->push_id, loan->url, loan->answer);
    push(&loan->all->ended, loan);
}

/* --- posting ------------------------------------------------------------ */

static void add(Loans *all, const StoreNote *note, int64_t now)
{
    Loan *loan = pop(&all->free);

    ++all->count;
    loan->next = NULL;
    loan->id = note->id;
    loan->tries = note->tries;
    loan->give_up_at_us = now + all->config->notify_lifetime_us -
                          note->age_us;
    loan->push_id = gw_strdup(note->push_id);
    loan->url = gw_strdup(note->url);
    loan->document = notification_write(note, all->config->ppg_address,
                                        ANSWER_SENDER_NAME);
    loan->host = destination_add(all->hosts, note->host);
    loan->since_us = now;
    *all->waiting_end = loan;
    all->waiting_end = &loan->next;
}

void loans_add(Loans *all, const StoreNote *notes, int n, int64_t now)
{
    int i;

    for (i = 0; i < n; ++i)
        add(all, &notes[i], now);
}

static void post(Loan *loan, int64_t now)
{
    const bool sent = loan->document != NULL &&
        poster_send(loan->all->poster, loan->url, loan->document, loan);

    loan->since_us = now;
    pap_text_free(loan->document);
    loan->document = NULL;
    if (!sent)
        on_posted(loan, &(PosterResult) { .error = "out of memory",
                                          .body = "" });
}

/* Its host is slower than it was when this one was asked for. */
static void give_back(Loan *loan)
{
    destination_leave(loan->host);
    loan->host = NULL;
    push(&loan->all->ended, loan);
}

static void post_waiting(Loans *all, int64_t now)
{
    Loan **at = &all->waiting, *loan;

    while ((loan = *at) != NULL)
        if (destination_begin(loan->host, now))
            post(pop(at), now);
        else if (now - loan->since_us > LOANS_WAIT_US)
            give_back(pop(at));
        else
            at = &loan->next;
    all->waiting_end = at;
}

void loans_run(Loans *all, int64_t now, int fd, short events, int timeout_ms)
{
    post_waiting(all, now);
    poster_run(all->poster, fd, events, timeout_ms);
}

void loans_wake(Loans *all)
{
    poster_wake(all->poster);
}

/* --- reports ------------------------------------------------------------ */

bool loans_ended(const Loans *all)
{
    return all->ended != NULL;
}

int loans_report(Loans *all, StoreNoteDone notes[LOANS_MAX])
{
    const Loan *loan;
    int n = 0;

    all->reporting = all->ended;
    all->ended = NULL;
    for (loan = all->reporting; loan != NULL; loan = loan->next)
        notes[n++] = (StoreNoteDone) {
            .id = loan->id,
            .tries = loan->tries,
            .verdict = loan->verdict,
            .retry_in_us = loan->retry_in_us,
            .answer = loan->answer[0] == '\0' ? NULL : loan->answer
        };
    return n;
}

void loans_reported(Loans *all, bool known)
{
    while (all->reporting != NULL) {
        Loan *loan = pop(&all->reporting);

        if (known)
            end(loan);
        else
            push(&all->ended, loan);
    }
}
