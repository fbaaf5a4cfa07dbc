/*
 * world.c - a state of the model: made, packed, printed
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

WorldSetup world_the_setup;

static GroupLimits limits;

void world_setup(const WorldSetup *setup)
{
    world_the_setup = *setup;
    limits = (GroupLimits) {
        .window = 50,
        .retry_delay = 10,
        .retry_delay_max = 10,
        .receipt_timeout = 100,
        .segment_retries = setup->segment_retries,
        .max_attempts = setup->max_attempts,
        .advance_on = setup->advance_on,
        .complete_on = setup->complete_on,
    };
}

static void start_group(World *w, GroupState state, GroupAim aim, int attempt,
                        bool closed)
{
    group_init(&w->g, &limits, world_the_setup.segments, state, aim, attempt,
               closed, WORLD_DEADLINE, TIME_NEVER);
    w->g.copies = w->copies;
    w->g.copies_size = WORLD_MAX_COPIES;
}

void world_init(World *w)
{
    memset(w, 0, sizeof(*w));
    start_group(w, GROUP_QUEUED, AIM_NONE, 1, false);
}

/* ---- packing ---- */

static bool is_known_absent(const Copy *copy)
{
    return copy->state == COPY_UNSENT || copy->state == COPY_REFUSED
        || copy->state == COPY_FAILED || copy->state == COPY_CANCELLED;
}

static bool is_past(const World *w, int i)
{
    return w->copies[i].attempt < w->g.attempt;
}

/* Nothing more is sent in its attempt: what can be at the phone counts. */
static bool is_over(const World *w, int i)
{
    return is_past(w, i) || w->g.closed || w->g.state == GROUP_ROLLBACK
        || w->g.state == GROUP_DEFERRED;
}

static bool is_unanswered(const Copy *copy)
{
    return copy->awaited || copy->cancel == CANCEL_ASKED
        || (copy->state == COPY_ACCEPTED && copy->cancel == CANCEL_NONE);
}

/* It will always count as possibly at the phone, and as no more than that. */
static bool is_lasting(const World *w, int i)
{
    const Copy *copy = &w->copies[i];

    return !is_unanswered(copy)
        && ((is_past(w, i) && copy->state == COPY_DELIVERED)
            || (is_over(w, i) && copy->state == COPY_DOUBT
                && w->fates[i].answer == ANSWER_NEVER));
}

/*
 * No rule will ask for it any more: it is known to be absent; or its segment
 * counts as possibly at the phone without it, as a lasting copy's does
 * (unless this one may still be the delivered one of the present attempt) or
 * that of a delivered one.
 */
static bool is_forgotten(const World *w, int i, unsigned lasting,
                         unsigned delivered)
{
    const Copy *copy = &w->copies[i];
    unsigned segment = 1u << copy->segment;

    if (!is_over(w, i) || is_unanswered(copy))
        return false;
    if (is_known_absent(copy) && w->fates[i].where == GONE)
        return true;
    if (!is_past(w, i) && copy->state == COPY_DELIVERED)
        return false;
    if (delivered & segment)
        return true;
    return (lasting & segment) && (is_past(w, i) || is_lasting(w, i));
}

bool world_clock_is_ahead(const Copy *copy)
{
    return copy->arrived < copy->done * WORLD_SECOND;
}

/* One bit is for `free` or for a clock that is ahead, by the state. */
static uint16_t pack_copy(const Copy *copy, const Fate *fate)
{
    bool late = copy->done == WORLD_LATE;
    bool counts = copy->state == COPY_REFUSED || copy->state == COPY_DOUBT;
    bool ahead = copy->state == COPY_DELIVERED && world_clock_is_ahead(copy);
    int cancel = copy->state == COPY_ACCEPTED || copy->cancel == CANCEL_ASKED
        ? copy->cancel : CANCEL_NONE;

    return (uint16_t) (copy->segment | copy->attempt << 2 | copy->state << 4
                       | cancel << 7 | copy->awaited << 9
                       | ((copy->free && counts) || ahead) << 10
                       | fate->where << 11 | fate->answer << 13
                       | late << 15);
}

static void unpack_copy(uint16_t packed, Copy *copy, Fate *fate)
{
    *copy = (Copy) {
        .segment = packed & 3,
        .attempt = packed >> 2 & 3,
        .state = packed >> 4 & 7,
        .cancel = packed >> 7 & 3,
        .awaited = packed >> 9 & 1,
        .free = packed >> 10 & 1,
    };
    if (copy->state == COPY_DELIVERED) {
        copy->done = packed >> 15 ? WORLD_LATE : WORLD_SOON;
        copy->arrived = (copy->free ? WORLD_SOON : copy->done) * WORLD_SECOND;
        copy->free = false;
    }
    *fate = (Fate) {
        .where = packed >> 11 & 3,
        .answer = packed >> 13 & 3,
    };
}

static int compare_copies(const void *a, const void *b)
{
    uint16_t x = *(const uint16_t *) a, y = *(const uint16_t *) b;

    return (x > y) - (x < y);
}

static int pack_copies(const World *w, uint16_t copies[WORLD_MAX_COPIES])
{
    unsigned lasting = 0, delivered = 0;
    int n = 0;

    for (int i = 0; i < w->g.copies_len; i++) {
        if (is_lasting(w, i))
            lasting |= 1u << w->copies[i].segment;
        if (!is_past(w, i) && w->copies[i].state == COPY_DELIVERED)
            delivered |= 1u << w->copies[i].segment;
    }
    for (int i = 0; i < w->g.copies_len; i++)
        if (!is_forgotten(w, i, lasting, delivered))
            copies[n++] = pack_copy(&w->copies[i], &w->fates[i]);
    for (int segment = 0; segment < WORLD_MAX_SEGMENTS; segment++) {
        Copy copy = { .segment = (uint8_t) segment, .attempt = 1,
                      .state = COPY_DOUBT };
        Fate fate = { OPEN, ANSWER_NEVER };

        if (lasting & ~delivered & 1u << segment)
            copies[n++] = pack_copy(&copy, &fate);
    }
    qsort(copies, n, sizeof(*copies), compare_copies);
    return n;
}

size_t world_pack(const World *w, uint8_t packed[WORLD_MAX_PACKED])
{
    const Group *g = &w->g;
    bool windowed = g->window_end != TIME_NEVER;
    uint16_t copies[WORLD_MAX_COPIES];
    int n = pack_copies(w, copies);

    packed[0] = (uint8_t) (g->state | g->aim << 4 | g->closed << 7);
    packed[1] = (uint8_t) (g->attempt | windowed << 2 | w->given_up << 3
                           | w->stopped << 4 | w->unheard << 5);
    packed[2] = w->orphans;
    memcpy(packed + 3, copies, n * sizeof(*copies));
    return 3 + n * sizeof(*copies);
}

void world_unpack(World *w, const uint8_t *packed, size_t len)
{
    uint16_t copies[WORLD_MAX_COPIES];
    int n = (int) ((len - 3) / sizeof(*copies));

    memset(w, 0, sizeof(*w));
    memcpy(copies, packed + 3, len - 3);
    start_group(w, packed[0] & 15, packed[0] >> 4 & 7, packed[1] & 3,
                packed[0] >> 7);
    w->g.window_end = packed[1] >> 2 & 1 ? limits.window : TIME_NEVER;
    w->given_up = packed[1] >> 3 & 1;
    w->stopped = packed[1] >> 4 & 1;
    w->unheard = packed[1] >> 5 & 1;
    w->orphans = packed[2];
    w->g.copies_len = n;
    for (int i = 0; i < n; i++)
        unpack_copy(copies[i], &w->copies[i], &w->fates[i]);
}

/* ---- printing ---- */

void world_print(const World *w)
{
    static const char *const states[] = {
        "outstanding", "unsent", "refused", "in doubt", "accepted",
        "delivered", "failed", "cancelled"
    };
    static const char *const aims[] = {
        "", " to retry", " to expire", " to cancel", " to fail"
    };

    printf("#      %s%s%s, attempt %d", group_state_name(w->g.state),
           aims[w->g.aim], w->g.closed ? ", closed" : "", w->g.attempt);
    for (int i = 0; i < w->g.copies_len; i++)
        printf("%s %d/%d %s", i == 0 ? ":" : ",", w->copies[i].segment + 1,
               w->copies[i].attempt, states[w->copies[i].state]);
    if (w->orphans)
        printf("; and a copy that the ledger does not know");
    printf("\n");
}
