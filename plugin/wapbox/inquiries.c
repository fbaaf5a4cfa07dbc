/*
 * inquiries.c - see inquiries.h
 */

#include "wapbox/inquiries.h"

#include <string.h>

#include "wapbox/answer.h"
#include "wapbox/findings.h"

/* The database has so long for its word. */
#define ANSWER_US 850000

/* A cancel is decided within so long, or its PI hears that it is not. */
#define DECIDE_US 5000000

/* After a cancel was requested: the first look, and the longest wait for
 * another. */
#define LOOK_US 5000
#define LOOK_MAX_US 320000

struct Inquiries {
    Store *store;
    bool up, was_up;
    int64_t now;                    /* of the last run */
    Inquiry *list[INQUIRIES_MAX];   /* in the order of their arrival */
    int n;
    Inquiry *flight;                /* in the list, too, until it is answered:
                                     * the database is asked for it now */
    bool wake_owed;
};

static const char no_database[] = "the database is not reachable; the "
                                  "request may be repeated";
static const char no_answer[] = "no answer from the database in time; the "
                                "request may be repeated";
static const char busy[] = "the database cannot do it now; the request may "
                           "be repeated";
static const char crowded[] = "too many requests are under way; this one may "
                              "be repeated";
static const char undecided[] = "the cancel is requested, but its outcome is "
                                "not known yet";

/* --- answers ------------------------------------------------------------ */

static void leave_list(Inquiries *inquiries, Inquiry *inquiry)
{
    int i = 0;

    while (inquiries->list[i] != inquiry)
        ++i;
    --inquiries->n;
    memmove(&inquiries->list[i], &inquiries->list[i + 1],
            (size_t)(inquiries->n - i) * sizeof(inquiries->list[0]));
}

/* It is answered. One that is in flight is freed when it has landed. */
static void end(Inquiries *inquiries, Inquiry *inquiry)
{
    leave_list(inquiries, inquiry);
    if (inquiries->flight != inquiry)
        inquiry_destroy(inquiry);
}

static void answer_one(Inquiry *inquiry, int code, const char *desc)
{
    const PapFinding finding = {
        .state = PAP_STATE_UNKNOWN, .code = code, .desc = desc
    };

    answer_inquiry(inquiry, &finding, 1, NULL);
}

/* Without the database's word. */
static void give_up(Inquiries *inquiries, Inquiry *inquiry, const char *why)
{
    if (inquiry->requested)
        answer_one(inquiry, PAP_CODE_CANCEL_NOT_POSSIBLE, undecided);
    else
        answer_one(inquiry, PAP_CODE_SERVICE_UNAVAILABLE, why);
    end(inquiries, inquiry);
}

/* --- answers from the database ------------------------------------------ */

static void look_again(Inquiries *inquiries, Inquiry *inquiry)
{
    inquiry->look_at_us = inquiries->now + inquiry->delay_us;
    if (inquiry->look_at_us > inquiry->decide_by_us)
        inquiry->look_at_us = inquiry->decide_by_us;
    if (inquiry->delay_us < LOOK_MAX_US)
        inquiry->delay_us *= 2;
}

/* What was in flight; NULL if its client did not wait for it. */
static Inquiry *land(Inquiries *inquiries, StoreOutcome outcome)
{
    Inquiry *inquiry = inquiries->flight;

    inquiries->flight = NULL;
    if (inquiry->client == NULL) {
        inquiry_destroy(inquiry);
        return NULL;
    }
    switch (outcome) {
    case STORE_DONE:
        return inquiry;
    case STORE_LOST:                /* asked again, if it comes back in time */
        look_again(inquiries, inquiry);
        break;
    case STORE_FAILED:
    case STORE_BUSY:
        give_up(inquiries, inquiry, busy);
        break;
    }
    return NULL;
}

static void on_cancelled(void *arg, StoreOutcome outcome)
{
    Inquiries *inquiries = arg;
    Inquiry *inquiry = inquiries->flight;

    if (outcome == STORE_DONE) {
        inquiry->requested = true;
        inquiries->wake_owed = true;
    }
    if (land(inquiries, outcome) != NULL)
        look_again(inquiries, inquiry);
}

/* A cancel is to be decided: from now on it has its whole time. */
static void pursue(Inquiries *inquiries, Inquiry *inquiry,
                   const Findings *findings)
{
    inquiry->answer_by_us = inquiry->decide_by_us + ANSWER_US;
    if (findings->n_to_cancel == 0) {
        look_again(inquiries, inquiry);
        return;
    }
    inquiries->flight = inquiry;
    store_push_cancel(inquiries->store, findings->to_cancel,
                      findings->n_to_cancel, on_cancelled, inquiries);
}

static void on_status(void *arg, StoreOutcome outcome,
                      const StoreStatus *groups, int n)
{
    Inquiries *inquiries = arg;
    Inquiry *inquiry = land(inquiries, outcome);
    Findings findings;
    PapQos qos;

    if (inquiry == NULL)
        return;
    findings_make(&findings, &inquiry->pap, groups, n);
    if (findings.undecided > 0 && inquiries->now < inquiry->decide_by_us) {
        pursue(inquiries, inquiry, &findings);
    } else {
        pap_qos_parse(&qos, n > 0 ? groups[0].qos : NULL);
        answer_inquiry(inquiry, findings.items, findings.n, &qos);
        end(inquiries, inquiry);
    }
    findings_free(&findings);
}

/* --- time --------------------------------------------------------------- */

/* Those whose time is over, and all that wait for a database that is gone
 * but for cancels that have been requested. */
static void answer_late(Inquiries *inquiries)
{
    const bool gone = !inquiries->up && inquiries->was_up;
    Inquiry *inquiry;
    int i = 0;

    while (i < inquiries->n) {
        inquiry = inquiries->list[i];
        if (inquiry->answer_by_us <= inquiries->now)
            give_up(inquiries, inquiry, no_answer);
        else if (gone && !inquiry->requested)
            give_up(inquiries, inquiry, no_database);
        else
            ++i;
    }
}

/* The one that has been due longest; NULL: none is. */
static Inquiry *next_due(const Inquiries *inquiries)
{
    Inquiry *next = NULL;
    int i;

    for (i = 0; i < inquiries->n; ++i)
        if (next == NULL ||
            inquiries->list[i]->look_at_us < next->look_at_us)
            next = inquiries->list[i];
    return next != NULL && next->look_at_us <= inquiries->now ? next : NULL;
}

static void ask(Inquiries *inquiries)
{
    if (!inquiries->up)
        return;
    if (inquiries->wake_owed)
        store_cancel_wake(inquiries->store);
    inquiries->wake_owed = false;
    if (inquiries->flight != NULL)
        return;
    inquiries->flight = next_due(inquiries);
    if (inquiries->flight != NULL)
        store_push_status(inquiries->store, inquiries->flight->pi,
                          inquiries->flight->pap.push_id, on_status, inquiries);
}

/* --- interface ---------------------------------------------------------- */

Inquiries *inquiries_create(Store *store)
{
    Inquiries *inquiries = gw_malloc(sizeof(*inquiries));

    memset(inquiries, 0, sizeof(*inquiries));
    inquiries->store = store;
    return inquiries;
}

void inquiries_destroy(Inquiries *inquiries)
{
    if (inquiries == NULL)
        return;
    while (inquiries->n > 0)
        inquiry_destroy(inquiries->list[--inquiries->n]);
    gw_free(inquiries);
}

void inquiries_set_state(Inquiries *inquiries, StoreState state)
{
    inquiries->up = state == STORE_UP;
    inquiries->was_up = inquiries->was_up || inquiries->up;
}

void inquiries_add(Inquiries *inquiries, Inquiry *inquiry, int64_t now_us)
{
    if (inquiries->n == INQUIRIES_MAX) {
        answer_one(inquiry, PAP_CODE_SERVICE_UNAVAILABLE, crowded);
        inquiry_destroy(inquiry);
        return;
    }
    inquiry->answer_by_us = now_us + ANSWER_US;
    inquiry->decide_by_us = now_us + DECIDE_US;
    inquiry->look_at_us = now_us;
    inquiry->delay_us = LOOK_US;
    inquiries->list[inquiries->n++] = inquiry;
}

void inquiries_hurry(Inquiries *inquiries, int64_t now_us)
{
    Inquiry *inquiry;
    int i;

    for (i = 0; i < inquiries->n; ++i) {
        inquiry = inquiries->list[i];
        inquiry->decide_by_us = inquiry->look_at_us = now_us;
        if (inquiry->answer_by_us > now_us + ANSWER_US)
            inquiry->answer_by_us = now_us + ANSWER_US;
    }
}

void inquiries_run(Inquiries *inquiries, int64_t now_us)
{
    inquiries->now = now_us;
    answer_late(inquiries);
    ask(inquiries);
}

int64_t inquiries_next_time(const Inquiries *inquiries)
{
    int64_t when = INT64_MAX;
    const Inquiry *inquiry;
    int i;

    for (i = 0; i < inquiries->n; ++i) {
        inquiry = inquiries->list[i];
        if (inquiry->answer_by_us < when)
            when = inquiry->answer_by_us;
        if (inquiries->up && inquiries->flight == NULL &&
            inquiry->look_at_us < when)
            when = inquiry->look_at_us;
    }
    return inquiries->wake_owed && inquiries->up ? inquiries->now : when;
}

bool inquiries_owe_answer(const Inquiries *inquiries)
{
    return inquiries->n > 0;
}
