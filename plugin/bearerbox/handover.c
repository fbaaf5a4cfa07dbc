/*
 * handover.c - groups wait for links, links get segments
 *
 * Each link has two queues, both by priority, then age: attempts of which
 * the SMSC may have a part go before those of which it has none, so that
 * what a phone has in part is completed first. A group chooses its link when
 * its attempt begins, and stays there once it is bound. Until then it looks
 * again every quarter of a second as long as its link takes nothing, so that
 * a throttled or silent link holds up only what no other link can carry. A
 * group that finds no link at all is stranded. When no link of this box
 * serves its route, or its lease is wanted elsewhere (giveback.c), it goes
 * back to the queue, unless it is bound: another box can send it sooner.
 *
 * A segment is handed over only here: after all news of its group has been
 * committed, while its lease is held, and while the link wants more.
 */

#include <stdlib.h>
#include <string.h>

#include "bearerbox/scheduler_int.h"
#include "core/segment.h"
#include "now.h"

enum { CROWD = 64 };           /* groups of a route that wait: enough */

static const int64_t LOOK_US = 250 * 1000;

/* No SMS lives longer: the validity period of GSM 03.40 ends at 63 weeks. And
 * the two digits that SMPP has for a year, as the driver's time of 32 bits,
 * cannot tell what lies far ahead. */
static const int64_t LONGEST_LIFE_US = 63 * 7 * 86400 * (int64_t) 1000000;

/* A link that reconnects is back in about ten seconds. */
static const int64_t PATIENCE_US = 20 * 1000 * 1000;

/* --- who waits where ------------------------------------------------------ */

static LinkQueue *queue_of(Scheduler *s, unsigned long serial)
{
    LinkQueue *made;
    int i;

    for (i = 0; i < s->n_queues; i++) {
        if (s->queues[i].serial == serial)
            return &s->queues[i];
    }
    s->queues = realloc(s->queues, (s->n_queues + 1) * sizeof(*s->queues));
    if (s->queues == NULL)
        abort();
    made = &s->queues[s->n_queues++];
    memset(made, 0, sizeof(*made));
    made->serial = serial;
    return made;
}

static RouteWait *wait_of(Scheduler *s, const char *route)
{
    RouteWait *made;
    int i;

    for (i = 0; i < s->n_waits; i++) {
        if (strcmp(s->waits[i].route, route) == 0)
            return &s->waits[i];
    }
    s->waits = realloc(s->waits, (s->n_waits + 1) * sizeof(*s->waits));
    if (s->waits == NULL)
        abort();
    made = &s->waits[s->n_waits++];
    memset(made, 0, sizeof(*made));
    made->route = strdup(route);
    if (made->route == NULL)
        abort();
    return made;
}

static void look_soon(Scheduler *s, int64_t now)
{
    if (s->look_again == INT64_MAX)
        s->look_again = now + LOOK_US;
}

static void strand(Scheduler *s, Active *active, int64_t now)
{
    queue_put(&s->stranded, active);
    wait_of(s, active->route)->n++;
    look_soon(s, now);
}

static void put_unbound(Scheduler *s, Active *active)
{
    queue_put(&queue_of(s, active->link)->unbound, active);
    links_count_waiting(s->links, active->link, 1);
    wait_of(s, active->route)->n++;
}

static Active *take_unbound(Scheduler *s, ActiveQueue *queue,
                            unsigned long serial)
{
    Active *active = queue_take(queue);

    links_count_waiting(s->links, serial, -1);
    wait_of(s, active->route)->n--;
    return active;
}

static Active *take_stranded(Scheduler *s, ActiveQueue *queue)
{
    Active *active = queue_take(queue);

    wait_of(s, active->route)->n--;
    return active;
}

/* Has this attempt handed over anything yet? */
static bool has_begun(const Active *active)
{
    const Group *g = &active->group;

    return g->copies_len > 0 &&
           g->copies[g->copies_len - 1].attempt == g->attempt;
}

/* May the SMSC behind its link have a part of this attempt? What it refused
 * it does not have. */
static bool is_bound(const Active *active)
{
    return active->link != 0 && !group_is_unsent(&active->group);
}

/* Gives the attempt its link; false if there is none now. */
static bool choose_link(Scheduler *s, Active *active, int64_t now)
{
    WireLink link;

    active->link = 0;
    if (!links_choose(s->links, active->route, active->receiver, now, &link))
        return false;
    active->link = link.serial;
    active->checked_write = link.checked_write;
    active->driver = link.driver;
    memcpy(active->smsc_id, link.smsc_id, sizeof(active->smsc_id));
    return true;
}

static void tell_group(Scheduler *s, Active *active, GroupEvent what,
                       int64_t now)
{
    group_event(&active->group, what, 0, now, scheduler_random(s));
    progress_touch(s, active, now);
}

/*
 * No link takes it: nothing has happened to the group. One of which a part
 * was sent waits a while for its link, if that can come back; then the
 * attempt is over, and the next one may take another link, or another box.
 */
static void without_link(Scheduler *s, Active *active, int64_t now)
{
    int64_t waited;
    bool unsent = group_is_unsent(&active->group);

    if (active->stuck_since == 0)
        active->stuck_since = now;
    waited = now - active->stuck_since;
    if (atomic_load(&s->links_end)) {
        strand(s, active, now);
    } else if (!unsent && (waited >= PATIENCE_US ||
                           (active->link != 0 &&
                            !links_exists(s->links, active->link)))) {
        tell_group(s, active, EVENT_LINK_GONE, now);
    } else if (unsent && waited >= LOOK_US &&
             !links_serve(s->links, active->route)) {
        leases_hurry(s->setup.leases);  /* lest it be claimed here again */
        tell_group(s, active, EVENT_GIVEN_BACK, now);
    } else {
        strand(s, active, now);
    }
}

void handover_queue(Scheduler *s, Active *active, int64_t now)
{
    if (active->queued)
        return;
    if (giveback_is_due(s, active)) {
        tell_group(s, active, EVENT_GIVEN_BACK, now);
    } else if (is_bound(active)) {
        queue_put(&queue_of(s, active->link)->bound, active);
    } else if (choose_link(s, active, now)) {
        if (group_is_unsent(&active->group))
            active->stuck_since = 0;
        put_unbound(s, active);
    } else {
        without_link(s, active, now);
    }
}

/* --- links get segments --------------------------------------------------- */

static WireSend send_segment(Scheduler *s, Active *active, int index,
                             uint64_t ticket, int64_t now)
{
    Segment segment = segment_make(active->payload_len, active->concat_bits,
                                   (unsigned) active->reference,
                                   active->ports, index);
    int64_t life = active->group.deadline - now;
    int64_t excess = life > LONGEST_LIFE_US ? life - LONGEST_LIFE_US : 0;
    WireSegment wire;

    memset(&wire, 0, sizeof(wire));
    wire.ticket = ticket;
    wire.sender = active->sender;
    wire.receiver = active->receiver;
    wire.smsc_id = active->route;
    wire.service = active->service;
    wire.udh = segment.udh;
    wire.udh_len = segment.udh_len;
    wire.data = active->payload + segment.from;
    wire.data_len = segment.len;
    wire.priority = active->priority;
    wire.left = active->group.segments - 1 - index;
    wire.validity_us = life - excess;
    if (active->driver == DRIVER_SMPP)
        wire.expires_us = active->deadline_at_us - excess;
    return s->setup.wire->send(active->link, &wire);
}

static uint64_t issue(Scheduler *s, const Active *active, int segment)
{
    Ticket ticket;

    memset(&ticket, 0, sizeof(ticket));
    ticket.group = active->id;
    ticket.lease = active->lease;
    ticket.epoch = active->epoch;
    ticket.segment = segment;
    ticket.attempt = active->group.attempt;
    ticket.copy = active->group.copies_len + 1;
    ticket.link = active->link;
    ticket.driver = active->driver;
    memcpy(ticket.smsc_id, active->smsc_id, sizeof(ticket.smsc_id));
    return tickets_issue(s->setup.tickets, &ticket, active->group.deadline);
}

/* Hands the group's next segment to its link. False: the link is full. */
static bool hand_over(Scheduler *s, Active *active, int64_t now)
{
    int segment = group_next_segment(&active->group, now);
    uint64_t number;
    Ticket gone;
    WireSend sent;
    bool hungry;

    if (segment == -1 || active->pending > 0) {
        if (active->pending == 0)
            progress_touch(s, active, now);     /* it may be over: freed */
        return true;            /* its timer or its batch will queue it */
    }
    if (!scheduler_holds(s, active->lease, active->epoch, now)) {
        strand(s, active, now);
        return true;
    }
    if (active->group.copies_len == GROUP_MAX_COPIES) {
        tell_group(s, active, EVENT_DEADLINE, now);
        return true;
    }
    number = issue(s, active, segment);
    if (!active->checked_write &&
        !tickets_may_write(s->setup.tickets, number, &hungry)) {
        tickets_take(s->setup.tickets, number, &gone);
        strand(s, active, now);
        return true;
    }
    sent = send_segment(s, active, segment, number, now);
    if (sent != WIRE_OK) {
        tickets_take(s->setup.tickets, number, &gone);
        without_link(s, active, now);
        return sent != WIRE_FULL;
    }
    if (!has_begun(active))
        s->begun_since_claim++;
    group_submit(&active->group, segment, now, (int64_t) active->link);
    active->stuck_since = 0;
    active->ticket = number;
    active->answer_due = now + s->setup.answer_timeout_us;
    links_count_send(s->links, active->link, now);
    s->figures.submitted++;
    progress_touch(s, active, now);
    return true;
}

/* The lists are asked once, before a group's very first segment. */
static bool barred(Scheduler *s, Active *active, int64_t now)
{
    const char *why;

    if (active->group.copies_len > 0)
        return false;
    why = s->setup.wire->listed(active->sender, active->receiver);
    if (why == NULL)
        return false;
    free(active->said);
    active->said = strdup(why);
    group_event(&active->group, EVENT_BARRED, 0, now, scheduler_random(s));
    progress_touch(s, active, now);
    return true;
}

static void pump_link(Scheduler *s, int at, int64_t now)
{
    LinkQueue *queue;
    Active *active;
    bool bound, more = true;

    while (more) {
        queue = &s->queues[at];
        bound = queue->bound.n > 0;
        if (!bound && queue->unbound.n == 0)
            return;
        active = bound ? queue->bound.first : queue->unbound.first;
        if (!links_ready(s->links, queue->serial, active->checked_write,
                         now)) {
            look_soon(s, now);
            return;
        }
        active = bound ? queue_take(&queue->bound)
                       : take_unbound(s, &queue->unbound, queue->serial);
        if (active->dropped) {
            progress_drop(s, active);
            continue;
        }
        if (!barred(s, active, now))
            more = hand_over(s, active, now);
    }
}

void handover_pump(Scheduler *s, int64_t now)
{
    int i;

    if (now >= s->held_until)
        return;
    for (i = 0; i < s->n_queues; i++)
        pump_link(s, i, now);
}

/* --- looking again -------------------------------------------------------- */

static void look_again(Scheduler *s, Active *active, int64_t now)
{
    if (active->dropped)
        progress_drop(s, active);
    else if (active->group.state != GROUP_SENDING)
        progress_touch(s, active, now);         /* stopped meanwhile */
    else
        handover_queue(s, active, now);
}

/* They come back one by one, and so take turns at the links there are. */
static void unbound_look_again(Scheduler *s, unsigned long serial,
                               int64_t now)
{
    ActiveQueue *queue = &queue_of(s, serial)->unbound;
    ActiveQueue all = *queue;

    memset(queue, 0, sizeof(*queue));
    while (all.n > 0)
        look_again(s, take_unbound(s, &all, serial), now);
}

void handover_link_down(Scheduler *s, unsigned long serial, int64_t now)
{
    unbound_look_again(s, serial, now);
}

void handover_look_again(Scheduler *s, bool all, int64_t now)
{
    ActiveQueue stranded = s->stranded;
    int i;

    s->look_again = INT64_MAX;
    memset(&s->stranded, 0, sizeof(s->stranded));
    while (stranded.n > 0)
        look_again(s, take_stranded(s, &stranded), now);
    for (i = 0; i < s->n_queues; i++) {
        if (s->queues[i].unbound.n > 0 &&
            (all || !links_ready(s->links, s->queues[i].serial,
                                 s->queues[i].unbound.first->checked_write,
                                 now)))
            unbound_look_again(s, s->queues[i].serial, now);
    }
}

/* --- what the rest of the scheduler asks ---------------------------------- */

typedef struct {
    const char *route;
    int n;
} Refused;

static void count_refused(Active *active, void *arg)
{
    Refused *refused = arg;

    refused->n += active->group.state == GROUP_SENDING &&
        has_begun(active) && group_is_unsent(&active->group) &&
        strcmp(active->route, refused->route) == 0;
}

/* Do groups of this route of which the SMSC has refused whatever it was given
 * fill half of all places? They are not counted for each claim anew. */
static bool refused_fill_half(const Scheduler *s, RouteWait *wait,
                              int64_t now)
{
    Refused refused = { wait->route, 0 };

    if (actives_count(s->actives) < s->setup.active_groups / 2)
        return false;
    if (now >= wait->count_at) {
        wait->count_at = now + LOOK_US;
        actives_each(s->actives, count_refused, &refused);
        wait->half_refused = refused.n >= s->setup.active_groups / 2;
    }
    return wait->half_refused;
}

bool handover_crowded(Scheduler *s, const char *route, int64_t now)
{
    RouteWait *wait = wait_of(s, route);

    if (wait->judged != now) {
        wait->judged = now;
        wait->crowded = (wait->n >= CROWD &&
                         !links_idle(s->links, route, now)) ||
                        refused_fill_half(s, wait, now);
    }
    return wait->crowded;
}

int handover_unbound(const Scheduler *s)
{
    int i, n = s->stranded.n;

    for (i = 0; i < s->n_queues; i++)
        n += s->queues[i].unbound.n;
    return n;
}

int handover_of_route(Scheduler *s, const char *route)
{
    return wait_of(s, route)->n;
}

const LinkQueue *handover_of_link(Scheduler *s, unsigned long serial)
{
    return queue_of(s, serial);
}

bool handover_waiting(const Scheduler *s)
{
    int i;

    for (i = 0; i < s->n_queues; i++) {
        if (s->queues[i].unbound.n > 0 || s->queues[i].bound.n > 0)
            return true;
    }
    return false;
}

void handover_destroy(Scheduler *s)
{
    int i;

    for (i = 0; i < s->n_waits; i++)
        free(s->waits[i].route);
    free(s->waits);
    free(s->queues);
}
