/*
 * links.c - see links.h
 */

#include <stdlib.h>
#include <string.h>

#include "bearerbox/links.h"

enum {
    MAX_LINKS = 256,
    UNWRITTEN_MIN = 32,         /* handed over, not yet on the wire */
    UNCHECKED_MAX = 10          /* unanswered, where writes are not seen */
};

/* A fast link's queue may be longer: what it takes in this time, seconds. */
static const double QUEUE_S = 0.05;

/* What a link is taken to do that was not seen at work, segments a second. */
static const double USUAL_SPEED = 100;

/* How often a link's pace is judged, and by how many answers at least; by
 * fewer where it takes long to get so many. */
static const int64_t JUDGE_US = 250 * 1000;
static const int JUDGE_ANSWERS = 8;
static const int64_t JUDGE_SLOW_US = 4 * 1000 * 1000;

/* Above this share of throttled answers a link is too fast. Few answers say
 * little, and some SMSCs throttle now and then whatever the pace: so what is
 * above it is summed up (what is below it taken off again, to zero at least),
 * and so many too many prove it. */
static const double TOO_FAST = 0.20;
static const double PROOF = 5;

/* A held link is no slower (segments a second), and is held no more once it
 * is that many times as fast as it was slowed to. */
static const double RATE_MIN = 0.5;
static const double FREE_AGAIN = 10;

typedef struct {
    unsigned long serial;
    double speed;               /* segments it took a second, lately */
    double rate;                /* segments a second, 0: not held */
    double base;                /* the rate it was last slowed to */
    double step;                /* by which it rises at the next judgement */
    double tokens;
    int64_t refilled_us;
    int64_t judged_us;
    double excess;              /* throttled answers above TOO_FAST */
    int taken, throttled;       /* answers since the last judgement */
    bool blind;                 /* slowed when it took nothing at all */
    int waiting;                /* groups that wait for it */
} Pace;

struct Links {
    const Wire *wire;
    Tickets *tickets;
    Pace *paces;
    int n_paces;
};

Links *links_create(const Wire *wire, Tickets *tickets)
{
    Links *links = calloc(1, sizeof(*links));

    if (links == NULL)
        abort();
    links->wire = wire;
    links->tickets = tickets;
    return links;
}

void links_destroy(Links *links)
{
    if (links == NULL)
        return;
    free(links->paces);
    free(links);
}

static const Pace *pace_of(const Links *links, unsigned long serial)
{
    int i;

    for (i = 0; i < links->n_paces; i++) {
        if (links->paces[i].serial == serial)
            return &links->paces[i];
    }
    return NULL;
}

static Pace *pace_make(Links *links, unsigned long serial)
{
    Pace *pace;
    int i;

    for (i = 0; i < links->n_paces; i++) {
        if (links->paces[i].serial == serial)
            return &links->paces[i];
    }
    links->paces = realloc(links->paces,
                           (links->n_paces + 1) * sizeof(*links->paces));
    if (links->paces == NULL)
        abort();
    pace = &links->paces[links->n_paces++];
    memset(pace, 0, sizeof(*pace));
    pace->serial = serial;
    return pace;
}

void links_forget(Links *links, unsigned long serial)
{
    Pace *pace;
    int i;

    for (i = 0; i < links->n_paces; i++) {
        if (links->paces[i].serial != serial)
            continue;
        pace = &links->paces[i];
        if (pace->waiting == 0)
            *pace = links->paces[--links->n_paces];
        else
            *pace = (Pace) { .serial = serial, .waiting = pace->waiting };
        return;
    }
}

bool links_serve(Links *links, const char *route)
{
    WireLink all[MAX_LINKS];
    int n, i;

    n = links->wire->links(NULL, NULL, all, MAX_LINKS);
    for (i = 0; i < n; i++) {
        if (all[i].active &&
            (route[0] == '\0' || strcmp(route, all[i].smsc_id) == 0))
            return true;
    }
    return false;
}

static void refill(Pace *pace, int64_t now)
{
    pace->tokens += (now - pace->refilled_us) * pace->rate / 1e6;
    if (pace->tokens > 1 + pace->rate / 20)
        pace->tokens = 1 + pace->rate / 20;
    pace->refilled_us = now;
}

static int queue_max(const Pace *pace)
{
    int max = (int) (pace->speed * QUEUE_S);

    return max > UNWRITTEN_MIN ? max : UNWRITTEN_MIN;
}

/* Has it room behind `waiting` others? */
static bool has_room(Links *links, Pace *pace, bool checked_write,
                     int waiting, int64_t now)
{
    if (!checked_write && waiting +
        tickets_unanswered(links->tickets, pace->serial) >= UNCHECKED_MAX)
        return false;
    if (checked_write && waiting +
        tickets_unwritten(links->tickets, pace->serial) >= queue_max(pace))
        return false;
    if (pace->rate == 0)
        return true;
    refill(pace, now);
    return pace->tokens >= 1 + waiting;
}

/* How a link stands to a group that looks for one. */
typedef struct {
    bool preferred, idle;
    double wait;                /* seconds; if it is idle: how busy it is */
} Standing;

static Standing standing_of(Links *links, const WireLink *link, int64_t now)
{
    Pace *pace = pace_make(links, link->serial);
    int before = pace->waiting +
        tickets_unanswered(links->tickets, link->serial);
    Standing its = { .preferred = link->preferred };

    its.idle = has_room(links, pace, link->checked_write, pace->waiting, now);
    if (its.idle)
        its.wait = before;
    else if (pace->rate > 0)
        its.wait = (pace->waiting + 1) / pace->rate;
    else
        its.wait = (before + 1) / (pace->speed > USUAL_SPEED ? pace->speed
                                                           : USUAL_SPEED);
    return its;
}

static bool is_better(const Standing *a, const Standing *b)
{
    if (a->preferred != b->preferred)
        return a->preferred;
    if (a->idle != b->idle)
        return a->idle;
    return a->wait < b->wait;
}

bool links_choose(Links *links, const char *route, const char *receiver,
                  int64_t now, WireLink *chosen)
{
    WireLink all[MAX_LINKS];
    Standing its, best;
    bool found = false;
    int n, i;

    n = links->wire->links(route, receiver, all, MAX_LINKS);
    for (i = 0; i < n; i++) {
        if (!all[i].active)
            continue;
        its = standing_of(links, &all[i], now);
        if (found && !is_better(&its, &best))
            continue;
        found = true;
        best = its;
        *chosen = all[i];
    }
    return found;
}

bool links_exists(Links *links, unsigned long serial)
{
    WireLink all[MAX_LINKS];
    int n, i;

    n = links->wire->links(NULL, NULL, all, MAX_LINKS);
    for (i = 0; i < n; i++) {
        if (all[i].serial == serial)
            return true;
    }
    return false;
}

void links_count_waiting(Links *links, unsigned long serial, int change)
{
    pace_make(links, serial)->waiting += change;
}

bool links_idle(Links *links, const char *route, int64_t now)
{
    WireLink all[MAX_LINKS];
    int n, i;

    n = links->wire->links(NULL, NULL, all, MAX_LINKS);
    for (i = 0; i < n; i++) {
        if (all[i].active &&
            (route[0] == '\0' || strcmp(route, all[i].smsc_id) == 0) &&
            standing_of(links, &all[i], now).idle)
            return true;
    }
    return false;
}

bool links_ready(Links *links, unsigned long serial, bool checked_write,
                 int64_t now)
{
    Pace *pace = pace_make(links, serial);

    if (has_room(links, pace, checked_write, 0, now))
        return true;
    if (checked_write &&
        tickets_unwritten(links->tickets, serial) >= queue_max(pace))
        tickets_wait(links->tickets, serial, queue_max(pace) / 2);
    return false;
}

void links_count_send(Links *links, unsigned long serial, int64_t now)
{
    Pace *pace = pace_make(links, serial);

    if (pace->rate == 0)
        return;
    refill(pace, now);
    pace->tokens -= 1;
}

/* Down to what the SMSC took, but not far at once: the sample is small.
 * Where it took nothing of many there is nothing to go by. */
static double slower(const Pace *pace, double seconds)
{
    double taken = pace->taken / seconds * 0.95;
    double least = pace->rate > 0 ? pace->rate * 0.85 : 1;

    if (pace->taken == 0 && pace->throttled >= JUDGE_ANSWERS)
        return pace->rate / 4;
    return taken > least ? taken : least;
}

static void speed_up(Pace *pace, double by)
{
    pace->rate += by;
    if (pace->rate > FREE_AGAIN * pace->base) {
        pace->rate = 0;
        pace->blind = false;
    }
}

/* Slows a link that is too fast, lets the others speed up again by steps. */
static void judge(Pace *pace, int64_t now)
{
    double seconds = (now - pace->judged_us) / 1e6;

    pace->excess += pace->throttled -
                    TOO_FAST * (pace->taken + pace->throttled);
    if (pace->excess < 0)
        pace->excess = 0;
    if (pace->excess > PROOF) {
        pace->rate = slower(pace, seconds);
        if (pace->rate < RATE_MIN)
            pace->rate = RATE_MIN;
        pace->base = pace->rate;
        pace->blind = pace->taken == 0;
        pace->step = pace->rate / 50;
        pace->excess = 0;
        pace->refilled_us = now;
    } else if (pace->rate > 0 && pace->excess == 0 && !pace->blind) {
        speed_up(pace, pace->step);
        pace->step *= 1.25;
    }
    pace->speed = pace->taken / seconds;
    pace->judged_us = now;
    pace->taken = pace->throttled = 0;
}

void links_count_answer(Links *links, unsigned long serial, bool throttled,
                        int64_t now)
{
    Pace *pace = pace_make(links, serial);

    if (pace->taken + pace->throttled == 0 &&
        (pace->judged_us == 0 || now - pace->judged_us > JUDGE_SLOW_US))
        pace->judged_us = now;      /* it was idle: that time says nothing */
    if (throttled)
        pace->throttled++;
    else
        pace->taken++;
    if (!throttled && pace->blind) {    /* it takes something again */
        speed_up(pace, pace->rate);
        pace->excess = 0;               /* which is of before */
    }
    if (now - pace->judged_us >= JUDGE_US &&
        (pace->taken + pace->throttled >= JUDGE_ANSWERS ||
         now - pace->judged_us >= JUDGE_SLOW_US))
        judge(pace, now);
}

double links_rate(const Links *links, unsigned long serial)
{
    const Pace *pace = pace_of(links, serial);

    return pace == NULL ? 0 : pace->rate;
}

double links_speed(const Links *links, unsigned long serial)
{
    const Pace *pace = pace_of(links, serial);

    return pace == NULL ? 0 : pace->speed;
}
