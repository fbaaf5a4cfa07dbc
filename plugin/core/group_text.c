/*
 * group_text.c - names for logs, and why a group ended
 *
 * The reason is read off the copies, so that it needs no memory of its own
 * and is the same for every owner that finishes the group.
 */
#include <stdio.h>
#include <stdlib.h>

#include "facts.h"
#include "group.h"

const char *group_state_name(GroupState state)
{
    static const char *const names[GROUP_STATES] = {
        [GROUP_QUEUED] = "QUEUED",
        [GROUP_DEFERRED] = "DEFERRED",
        [GROUP_SENDING] = "SENDING",
        [GROUP_AWAITING] = "AWAITING",
        [GROUP_ROLLBACK] = "ROLLBACK",
        [GROUP_DELIVERED] = "DELIVERED",
        [GROUP_UNDELIVERABLE] = "UNDELIVERABLE",
        [GROUP_EXPIRED] = "EXPIRED",
        [GROUP_CANCELLED] = "CANCELLED",
        [GROUP_UNKNOWN] = "UNKNOWN",
    };

    return (unsigned) state < GROUP_STATES ? names[state] : "?";
}

const char *group_event_name(GroupEvent event)
{
    static const char *const names[GROUP_EVENTS] = {
        [EVENT_CLAIMED] = "CLAIMED",
        [EVENT_ADOPTED] = "ADOPTED",
        [EVENT_LINK_GONE] = "LINK_GONE",
        [EVENT_GIVEN_BACK] = "GIVEN_BACK",
        [EVENT_BARRED] = "BARRED",
        [EVENT_CANCEL] = "CANCEL",
        [EVENT_DEADLINE] = "DEADLINE",
        [EVENT_WINDOW] = "WINDOW",
        [EVENT_DUE] = "DUE",
        [EVENT_RECEIPT_TIMEOUT] = "RECEIPT_TIMEOUT",
        [EVENT_ACCEPTED] = "ACCEPTED",
        [EVENT_REFUSED_THROTTLED] = "REFUSED_THROTTLED",
        [EVENT_REFUSED_CONFIG] = "REFUSED_CONFIG",
        [EVENT_REFUSED_TEMPORARY] = "REFUSED_TEMPORARY",
        [EVENT_REFUSED_AMBIGUOUS] = "REFUSED_AMBIGUOUS",
        [EVENT_REFUSED_PERMANENT] = "REFUSED_PERMANENT",
        [EVENT_NOT_SENT] = "NOT_SENT",
        [EVENT_DOUBT] = "DOUBT",
        [EVENT_RECEIPT_DELIVERED] = "RECEIPT_DELIVERED",
        [EVENT_RECEIPT_FAILED_TEMPORARY] = "RECEIPT_FAILED_TEMPORARY",
        [EVENT_RECEIPT_FAILED_PERMANENT] = "RECEIPT_FAILED_PERMANENT",
        [EVENT_RECEIPT_INFO] = "RECEIPT_INFO",
        [EVENT_CANCEL_OK] = "CANCEL_OK",
        [EVENT_CANCEL_LATE] = "CANCEL_LATE",
        [EVENT_CANCEL_LOST] = "CANCEL_LOST",
    };

    return (unsigned) event < GROUP_EVENTS ? names[event] : "?";
}

/* The last copy that was refused, or failed by its receipt; NULL: none. */
static const Copy *last_failure(const Group *g)
{
    for (int i = g->copies_len - 1; i >= 0; i--)
        if (g->copies[i].state == COPY_REFUSED
            || g->copies[i].state == COPY_FAILED)
            return &g->copies[i];
    return NULL;
}

static int first_undelivered(const Group *g)
{
    int segment = 0;

    while (segment < g->segments && facts_delivered(g, segment))
        segment++;
    return segment < g->segments ? segment : -1;
}

static const char *cause_of_undeliverable(const Group *g, int *segment)
{
    const Copy *copy = last_failure(g);
    bool spent = g->aim == AIM_RETRY;

    if (copy == NULL)
        return spent ? "no attempt left, the SMSC could not be reached"
                     : "receiver or route is not allowed";
    *segment = copy->segment;
    if (copy->state == COPY_REFUSED)
        return spent ? "no attempt left, refused by the SMSC"
                     : "refused by the SMSC for good";
    return spent ? "no attempt left, not delivered by the SMSC"
                 : "the SMSC cannot deliver it";
}

const char *group_cause(const Group *g, int *segment)
{
    *segment = -1;
    switch ((GroupState) g->state) {
        case GROUP_DELIVERED:
            return facts_displayed(g)
                ? "every segment delivered"
                : "every segment accepted by the SMSC";
        case GROUP_UNDELIVERABLE:
            return cause_of_undeliverable(g, segment);
        case GROUP_EXPIRED:
            *segment = facts_first_absent(g);
            return "deadline passed before every segment was delivered";
        case GROUP_CANCELLED:
            *segment = facts_first_absent(g);
            return "cancelled before every segment was delivered";
        case GROUP_UNKNOWN:
            *segment = first_undelivered(g);
            return facts_apart(g)
                ? "the phone got the segments too far apart"
                : "no receipt came in time";
        case GROUP_QUEUED:
        case GROUP_DEFERRED:
        case GROUP_SENDING:
        case GROUP_AWAITING:
        case GROUP_ROLLBACK:
            break;
    }
    return "";
}

/* PAP, "status codes". */
enum {
    OK = 1000,
    FORBIDDEN = 2001,
    ADDRESS_ERROR = 2002,
    ADDRESS_NOT_FOUND = 2003,
    SERVICE_FAILURE = 4000,
    SERVICE_UNAVAILABLE = 4001
};

/* SMPP 3.4, 5.1.3: who is to blame for a refusal of these is the PI. */
static int code_of_refusal(const char *said)
{
    switch (said == NULL ? 0 : strtoul(said, NULL, 0)) {
        case 0x0B:              /* destination address */
            return ADDRESS_NOT_FOUND;
        case 0x50:              /* its type of number */
        case 0x51:              /* its numbering plan */
            return ADDRESS_ERROR;
        default:
            return SERVICE_FAILURE;
    }
}

int group_code(const Group *g, const char *said)
{
    const Copy *copy = last_failure(g);

    if (g->state == GROUP_DELIVERED)
        return OK;
    if (g->state != GROUP_UNDELIVERABLE)
        return SERVICE_FAILURE;
    if (copy == NULL)
        return g->aim == AIM_RETRY ? SERVICE_UNAVAILABLE : FORBIDDEN;
    return copy->state == COPY_REFUSED ? code_of_refusal(said)
                                       : SERVICE_FAILURE;
}

/* Has a copy of this segment that was cancelled, or was too late for it? */
static bool was_asked_back(const Group *g, int segment, bool too_late)
{
    for (int i = 0; i < g->copies_len; i++) {
        const Copy *copy = &g->copies[i];

        if (copy->segment == segment
            && (too_late ? copy->cancel == CANCEL_TOO_LATE
                         : copy->state == COPY_CANCELLED))
            return true;
    }
    return false;
}

static size_t add(char *text, size_t size, size_t len, int n, int of,
                  const char *what)
{
    if (n == 0 || len >= size)
        return len;
    if (len == 0)
        return (size_t) snprintf(text, size, "%d of %d %s", n, of, what);
    return len + (size_t) snprintf(text + len, size - len, ", %d %s", n,
                                   what);
}

void group_rest(const Group *g, char *text, size_t size)
{
    int cancelled = 0, late = 0, there = 0;
    size_t len = 0;

    text[0] = '\0';
    if (!group_is_final(g) || g->state == GROUP_DELIVERED)
        return;
    for (int segment = 0; segment < g->segments; segment++) {
        bool absent = facts_absent(g, segment);

        there += !absent;
        cancelled += absent && was_asked_back(g, segment, false);
        late += !absent && was_asked_back(g, segment, true);
    }
    len = add(text, size, len, cancelled, g->segments, "cancelled");
    len = add(text, size, len, late, g->segments, "too late to cancel");
    add(text, size, len, there, g->segments, "may be on the phone");
}
