/*
 * handover.c - groups wait for links, links get segments
 *
 * Each link has two queues: attempts that have begun go before those that
 * have not, so that what a phone has in part is completed first. A group
 * chooses its link when its attempt begins and stays there. A group that
 * finds no link is stranded and looks again later.
 *
 * A segment is handed over only here: after all news of its group has been
 * committed, while its lease is held, and while the link wants more.
 */

#include <stdlib.h>
#include <string.h>

#include "bearerbox/scheduler_int.h"
#include "core/segment.h"
#include "now.h"

static const int64_t STRANDED_US = 250 * 1000;

/* A link that reconnects is back in about ten seconds. */
static const int64_t PATIENCE_US = 20 * 1000 * 1000;

static void queue_init(ActiveQueue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
    queue->n = 0;
}

static void queue_put(ActiveQueue *queue, Active *active)
{
    active->queued = true;
    active->queue_next = NULL;
    if (queue->n == 0)
        queue->last = &queue->first;
    *queue->last = active;
    queue->last = &active->queue_next;
    queue->n++;
}

static Active *queue_take(ActiveQueue *queue)
{
    Active *active = queue->first;

    queue->first = active->queue_next;
    if (--queue->n == 0)
        queue->last = &queue->first;
    active->queued = false;
    return active;
}

void handover_init(Scheduler *s)
{
    queue_init(&s->stranded);
    s->stranded_until = INT64_MAX;
}

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
    /* the array may have moved: empty queues point into themselves, and
     * queue_put() mends that before it follows them */
    made = &s->queues[s->n_queues++];
    made->serial = serial;
    queue_init(&made->begun);
    queue_init(&made->fresh);
    return made;
}

static bool has_begun(const Active *active)
{
    const Group *g = &active->group;

    return g->copies_len > 0 &&
           g->copies[g->copies_len - 1].attempt == g->attempt;
}

/* Gives the attempt its link; false if there is none now. */
static bool choose_link(Scheduler *s, Active *active)
{
    WireLink link;

    if (!links_choose(s->links, active->route, active->receiver, &link))
        return false;
    active->link = link.serial;
    active->checked_write = link.checked_write;
    active->driver = link.driver;
    memcpy(active->smsc_id, link.smsc_id, sizeof(active->smsc_id));
    return true;
}

static void strand(Scheduler *s, Active *active, int64_t now)
{
    queue_put(&s->stranded, active);
    if (s->stranded_until == INT64_MAX)
        s->stranded_until = now + STRANDED_US;
}

void handover_queue(Scheduler *s, Active *active, int64_t now)
{
    LinkQueue *queue;

    if (active->queued)
        return;
    if (active->link == 0 && !choose_link(s, active)) {
        strand(s, active, now);
        return;
    }
    queue = queue_of(s, active->link);
    queue_put(has_begun(active) ? &queue->begun : &queue->fresh, active);
}

static WireSend send_segment(Scheduler *s, Active *active, int index,
                             uint64_t ticket, int64_t now)
{
    Segment segment = segment_make(active->payload_len, active->concat_bits,
                                   (unsigned) active->reference,
                                   active->ports, index);
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
    wire.validity_us = active->group.deadline - now;
    return s->setup.wire->send(active->link, &wire);
}

static uint64_t issue(Scheduler *s, const Active *active, int segment)
{
    Ticket ticket;

    memset(&ticket, 0, sizeof(ticket));
    ticket.group = active->id;
    ticket.segment = segment;
    ticket.attempt = active->group.attempt;
    ticket.copy = active->group.copies_len + 1;
    ticket.link = active->link;
    ticket.driver = active->driver;
    memcpy(ticket.smsc_id, active->smsc_id, sizeof(ticket.smsc_id));
    return tickets_issue(s->setup.tickets, &ticket, active->group.deadline);
}

/*
 * The link did not take it: nothing has happened to the group. It may look
 * for another link if it has not begun; otherwise it waits for its own for a
 * while, and then the attempt is over.
 */
static void not_taken(Scheduler *s, Active *active, int64_t now)
{
    if (!has_begun(active))
        active->link = 0;
    else if (active->stuck_since == 0)
        active->stuck_since = now;
    if (active->stuck_since == 0 || now - active->stuck_since < PATIENCE_US) {
        strand(s, active, now);
        return;
    }
    group_event(&active->group, EVENT_LINK_GONE, 0, now, scheduler_random(s));
    progress_touch(s, active, now);
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
        not_taken(s, active, now);
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
    ActiveQueue *from;
    Active *active;
    bool more = true;

    while (more) {
        from = &s->queues[at].begun;
        if (from->n == 0)
            from = &s->queues[at].fresh;
        if (from->n == 0)
            return;
        active = from->first;
        if (!links_ready(s->links, active->link, active->checked_write, now))
            return;
        queue_take(from);
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

/* Lets a waiting group look for a link anew, if its attempt is still free
 * to take another; one that has begun waits for its own to come back. */
static void look_again(Scheduler *s, ActiveQueue *queue, int64_t now)
{
    ActiveQueue old = *queue;
    Active *active;

    queue_init(queue);
    while (old.n > 0) {
        active = queue_take(&old);
        if (active->dropped) {
            progress_drop(s, active);
            continue;
        }
        if (active->group.state != GROUP_SENDING) {
            progress_touch(s, active, now);     /* stopped meanwhile */
            continue;
        }
        if (!has_begun(active))
            active->link = 0;
        handover_queue(s, active, now);
    }
}

void handover_link_down(Scheduler *s, unsigned long serial, int64_t now)
{
    int i;

    for (i = 0; i < s->n_queues; i++) {
        if (s->queues[i].serial == serial)
            look_again(s, &s->queues[i].fresh, now);
    }
}

void handover_unstrand(Scheduler *s, int64_t now)
{
    s->stranded_until = INT64_MAX;
    look_again(s, &s->stranded, now);
}

/* Those that find no link count only if nobody could: one dead SMSC must
 * not keep the groups of the others from being claimed. */
int handover_fresh(const Scheduler *s)
{
    int i, n = 0;

    if (s->stranded.n > 0 && !links_any(s->links))
        n = s->stranded.n;

    for (i = 0; i < s->n_queues; i++)
        n += s->queues[i].fresh.n;
    return n;
}

bool handover_waiting(const Scheduler *s)
{
    int i;

    for (i = 0; i < s->n_queues; i++) {
        if (s->queues[i].fresh.n > 0 || s->queues[i].begun.n > 0)
            return true;
    }
    return false;
}
