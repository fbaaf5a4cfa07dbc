/*
 * outages.c - see outages.h.
 */
#include <stdlib.h>

#include "buffer.h"
#include "link.h"
#include "message.h"
#include "outages.h"

struct outage {
    int64_t at_us;
    uint64_t what;              /* a key of `down` */
    size_t order;
    unsigned place;
    bool down;
};

static uint64_t phone_key(const char *receiver)
{
    return hash_finish(hash_text(HASH_START, receiver
                                 + (receiver[0] == '+')));
}

void outages_add(struct outages *outages, int64_t at_us, unsigned place,
                 const char *receiver, bool down)
{
    if (outages->count == outages->room) {
        outages->room = outages->room == 0 ? 64 : 2 * outages->room;
        outages->list = mem_resize(outages->list, outages->room
                                   * sizeof(*outages->list));
    }
    outages->list[outages->count] = (struct outage) {
        .at_us = at_us, .what = place > 0 ? place : phone_key(receiver),
        .order = outages->count, .place = place, .down = down
    };
    outages->count++;
}

void outages_free(struct outages *outages)
{
    free(outages->list);
    table_free(&outages->down);
    *outages = (struct outages) { 0 };
}

static int by_time(const void *left, const void *right)
{
    const struct outage *a = left, *b = right;

    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static void set_down(struct outages *outages, const struct outage *outage)
{
    if (outage->down)
        *table_place(&outages->down, outage->what) = outages;
    else
        table_remove(&outages->down, outage->what);
}

static void close_place(struct smsc *smsc, unsigned place)
{
    struct link *link;

    TAILQ_FOREACH(link, &smsc->links, next)
        if (link->place == place) {
            link_close(link, "down in the trace");
            return;
        }
}

static void arm(struct smsc *smsc)
{
    struct outages *outages = &smsc->outages;

    loop_timer_clear(&smsc->loop, &outages->timer);
    if (outages->next < outages->count)
        loop_timer_set(&smsc->loop, &outages->timer, outages->began_us
                       + outages->list[outages->next].at_us);
}

static void outage_due(struct loop_timer *timer)
{
    struct smsc *smsc = loop_owner(timer, struct smsc, outages.timer);
    struct outages *outages = &smsc->outages;
    const struct outage *outage = &outages->list[outages->next++];

    set_down(outages, outage);
    if (outage->place > 0 && outage->down)
        close_place(smsc, outage->place);
    if (outage->place == 0 && !outage->down)
        message_retry_waiting(smsc);
    arm(smsc);
}

void outages_begin(struct smsc *smsc)
{
    struct outages *outages = &smsc->outages;

    if (outages->count > 0)
        qsort(outages->list, outages->count, sizeof(*outages->list),
              by_time);
    table_free(&outages->down);
    outages->next = 0;
    outages->began_us = loop_now();
    outages->timer.fire = outage_due;
    arm(smsc);
    message_retry_waiting(smsc);
}

/* The lowest place that no link has. */
static unsigned free_place(const struct smsc *smsc)
{
    const struct link *link;
    unsigned place = 1;

    for (;;) {
        TAILQ_FOREACH(link, &smsc->links, next)
            if (link->place == place)
                break;
        if (link == NULL)
            return place;
        place++;
    }
}

bool outages_place(struct link *link)
{
    unsigned place;

    if (link->smsc->recorded == NULL)
        return true;
    place = free_place(link->smsc);
    if (table_get(&link->smsc->outages.down, place) != NULL)
        return false;
    link->place = place;
    return true;
}

bool outages_phone_is_off(const struct outages *outages,
                          const char *receiver)
{
    return outages->down.count > 0
           && table_get(&outages->down, phone_key(receiver)) != NULL;
}
