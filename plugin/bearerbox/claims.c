/*
 * claims.c - which groups the scheduler takes from the database
 *
 * New ones are claimed while there is room, those of a former owner are
 * adopted, and those that are due, or that a receipt may move, are looked
 * at and given back. One call of each kind is under way at a time.
 */

#include <stdlib.h>

#include "bearerbox/scheduler_int.h"
#include "now.h"

enum {
    CLAIM_MIN = 16, CLAIM_MAX = 256,    /* groups in one claim */
    REVIEW_MAX = 200                    /* rows of adopt and due */
};

/* After a claim of at least so many the next one lets others gather for so
 * long: it costs nearly the same for ten groups as for fifty. */
enum { GATHER_FROM = 8 };
static const int64_t GATHER_US = 15 * 1000;

static const int64_t POLL_US = 250 * 1000;      /* should a NOTIFY be lost */
static const int64_t DUE_US = 250 * 1000;
static const int64_t ADOPT_US = 2000 * 1000;
static const int64_t MAINTAIN_US = 3600 * (int64_t) 1000000;

/* --- rows become groups in hand ------------------------------------------ */

static Active *take(Scheduler *s, const StoreGroup *row)
{
    Active *active = actives_add(s->actives, row, s->setup.limits, now_us());

    if (active == NULL)
        scheduler_log(s, LOG_LEVEL_ERROR,
                      "group %lld: its ledger contradicts it; left alone",
                      (long long) row->id);
    return active;
}

/* Message ids of before, so that its receipts find it, and cancels them. */
static void learn_ids(Scheduler *s, const StoreGroup *row)
{
    const StoreHistory *h;
    int i;

    for (i = 0; i < row->histories; i++) {
        h = &row->history[i];
        if (h->outcome == LEDGER_ACCEPTED && h->message_id != NULL &&
            h->smsc_id != NULL)
            ids_add(s->ids, &(IdsName) {
                        .smsc_id = h->smsc_id, .message_id = h->message_id,
                        .written = h->text == NULL ? h->message_id : h->text
                    }, row->id, h->copy - 1);
    }
}

/* Has the group in hand every copy that its ledger tells of? */
static bool knows_all(const Active *active, const StoreGroup *row)
{
    int i;

    for (i = 0; i < row->histories; i++) {
        if (row->history[i].copy > active->group.copies_len)
            return false;
    }
    return true;
}

/* Whoever gets hold of a group that is to be cancelled does it: the word of
 * it may have reached a box that died, or come while it was lent. */
static void heed_cancel(Scheduler *s, Active *active, const StoreGroup *row,
                        int64_t now)
{
    if (row->cancel_requested)
        group_event(&active->group, EVENT_CANCEL, 0, now,
                    scheduler_random(s));
}

/* Feeds the receipts of its ledger again: group_event() judges by facts. */
static void feed_receipts(Scheduler *s, Active *active,
                          const StoreGroup *row, int64_t now)
{
    const StoreHistory *h;
    int i;

    for (i = 0; i < row->histories; i++) {
        h = &row->history[i];
        if ((h->outcome != LEDGER_DELIVERED &&
             h->outcome != LEDGER_NOT_DELIVERED) ||
            h->copy > active->group.copies_len)
            continue;
        group_event(&active->group,
                    progress_receipt_event((LedgerOutcome) h->outcome,
                                           h->code),
                    h->copy - 1, now, scheduler_random(s));
    }
}

/* What came for a group before this box got hold of it. */
static void catch_up(Scheduler *s, Active *active, const StoreGroup *row,
                     int64_t now)
{
    feed_receipts(s, active, row, now);
    heed_cancel(s, active, row, now);
}

static void take_claimed(Scheduler *s, const StoreGroup *row)
{
    StoreGroup queued = *row;
    Active *active = actives_find(s->actives, row->id);
    int64_t now = now_us();

    if (active != NULL)         /* its last rows are still on their way */
        progress_drop(s, active);
    queued.state = GROUP_QUEUED;
    active = take(s, &queued);
    if (active == NULL)
        return;
    learn_ids(s, row);
    active->stored.state = GROUP_SENDING;
    s->figures.claimed++;
    group_event(&active->group, EVENT_CLAIMED, 0, now, scheduler_random(s));
    catch_up(s, active, row, now);
    progress_touch(s, active, now);
}

static void take_adopted(Scheduler *s, const StoreGroup *row)
{
    Active *active = actives_find(s->actives, row->id);
    int64_t now = now_us();

    if (active != NULL && knows_all(active, row)) {
        active->epoch = row->epoch;
        active->lease = row->lease;
        catch_up(s, active, row, now);
        progress_touch(s, active, now);
        return;
    }
    if (active != NULL)         /* another box had it meanwhile */
        progress_drop(s, active);
    active = take(s, row);
    if (active == NULL)
        return;
    learn_ids(s, row);
    group_event(&active->group, EVENT_ADOPTED, 0, now, scheduler_random(s));
    catch_up(s, active, row, now);
    progress_touch(s, active, now);
}

/*
 * What was only lent is given back with a transition, even if nothing has
 * changed; a group in hand just learns what came another way.
 */
static void take_reviewed(Scheduler *s, const StoreGroup *row)
{
    Active *active = actives_find(s->actives, row->id);
    int64_t now = now_us();
    bool lent = active == NULL;

    if (lent)
        active = take(s, row);
    if (active == NULL)
        return;
    catch_up(s, active, row, now);
    if (lent && !group_is_final(&active->group))
        learn_ids(s, row);
    if (asks_query(s, active, now))
        return;
    group_tick(&active->group, now, scheduler_random(s));
    if (lent && !progress_differs(active))
        progress_store(s, active, TIME_NEVER);
    progress_touch(s, active, now);
}

/* --- answers of the database --------------------------------------------- */

static void claimed(void *arg, StoreOutcome outcome, const StoreGroup *rows,
                    int n)
{
    Scheduler *s = arg;
    int i;

    s->claiming = s->claim_outdated = false;
    scheduler_refused(s, outcome);
    if (outcome != STORE_DONE)
        return;
    for (i = 0; i < n; i++)
        take_claimed(s, &rows[i]);
    if (n > 0)
        s->claim_wanted = true;
    s->gather_until = n >= GATHER_FROM ? now_us() + GATHER_US : 0;
}

static void adopted(void *arg, StoreOutcome outcome, const StoreGroup *rows,
                    int n)
{
    Scheduler *s = arg;
    int i;

    s->adopting = false;
    scheduler_refused(s, outcome);
    if (outcome != STORE_DONE || n == REVIEW_MAX)
        s->adopt_wanted = true;
    else
        s->reclaiming = false;
    for (i = 0; i < n && outcome == STORE_DONE; i++)
        take_adopted(s, &rows[i]);
}

static void due(void *arg, StoreOutcome outcome, const StoreGroup *rows,
                int n)
{
    Scheduler *s = arg;
    int i;

    s->looking_due = false;
    scheduler_refused(s, outcome);
    for (i = 0; i < n && outcome == STORE_DONE; i++)
        take_reviewed(s, &rows[i]);
    if (n > 0)
        s->next_due = 0;
}

static void receipted(void *arg, StoreOutcome outcome,
                      const StoreGroup *rows, int n)
{
    Scheduler *s = arg;
    int i;

    receipts_answered(s->receipts, outcome);
    scheduler_refused(s, outcome);
    for (i = 0; i < n && outcome == STORE_DONE; i++)
        take_reviewed(s, &rows[i]);
}

void claims_send_receipts(Scheduler *s, int64_t now)
{
    receipts_send(s->receipts, s->store, s->instance, &s->next_number, now,
                  receipted, s);
}

/* The leases held; the caller frees them. For claims those only that nobody
 * waits for, and of whose routes more groups are wanted: those of a slow
 * route must not fill the places of the others. */
static StoreScope *scope_of(Scheduler *s, bool to_claim, int64_t now, int *n)
{
    StoreScope *scope = calloc(s->n_held + 1, sizeof(*scope));
    int i;

    if (scope == NULL)
        abort();
    *n = 0;
    for (i = 0; i < s->n_held; i++) {
        if (to_claim && (s->held[i].yielding ||
                         handover_crowded(s, s->held[i].route, now)))
            continue;
        scope[*n].lease = s->held[i].id;
        scope[(*n)++].epoch = s->held[i].epoch;
    }
    return scope;
}

static int claim_size(const Scheduler *s)
{
    int want = 2 * s->begun_since_claim;
    int room = s->setup.active_groups - actives_count(s->actives);

    if (want < CLAIM_MIN)
        want = CLAIM_MIN;
    if (want > CLAIM_MAX)
        want = CLAIM_MAX;
    return want < room ? want : room;
}

static void claim(Scheduler *s, int64_t now)
{
    int size = claim_size(s), n;
    StoreScope *scope;

    if (s->claiming || size <= 0 || atomic_load(&s->draining) ||
        now < s->gather_until || (!s->claim_wanted && now < s->next_claim))
        return;
    scope = scope_of(s, true, now, &n);
    if (n > 0) {
        s->claiming = true;
        s->claim_wanted = false;
        s->begun_since_claim = 0;
        s->next_claim = now + POLL_US;
        store_claim(s->store, scope, n, size, claimed, s);
    }
    free(scope);
}

static void adopt(Scheduler *s, int64_t now)
{
    StoreScope *scope;
    int n;

    if (s->adopting || s->claiming ||
        (!s->adopt_wanted && now < s->next_adopt))
        return;
    s->adopting = true;
    s->adopt_wanted = false;
    s->next_adopt = now + ADOPT_US;
    scope = scope_of(s, false, now, &n);
    store_adopt(s->store, scope, n, REVIEW_MAX, adopted, s);
    free(scope);
}

static void look_due(Scheduler *s, int64_t now)
{
    StoreScope *scope;
    int n;

    if (s->looking_due || now < s->next_due)
        return;
    s->looking_due = true;
    s->next_due = now + DUE_US;
    scope = scope_of(s, false, now, &n);
    store_due(s->store, scope, n, REVIEW_MAX, due, s);
    free(scope);
}

/* Asks the database for what is wanted and not under way. */
void claims_ask(Scheduler *s, int64_t now)
{
    if (store_state(s->store) != STORE_UP || s->instance[0] == '\0' ||
        now < s->retry_at)
        return;
    if (now >= s->next_maintain) {
        s->next_maintain = now + MAINTAIN_US;
        store_maintain(s->store);
    }
    if (receipts_ready(s->receipts) && scheduler_may_tell(s))
        claims_send_receipts(s, now);
    if (s->n_held == 0 || now >= s->held_until)
        return;
    adopt(s, now);
    if (s->adopting || s->adopt_wanted || s->reclaiming ||
        atomic_load(&s->links_end))
        return;
    look_due(s, now);
    claim(s, now);
}
