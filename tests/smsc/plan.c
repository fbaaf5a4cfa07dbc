/*
 * plan.c - drawing from a plan; see plan.h. plan_parse.c reads one.
 */
#include <fnmatch.h>
#include <stdlib.h>

#include "buffer.h"
#include "plan.h"
#include "table.h"

enum { PLAN_MILLION = 1000000 };

struct plan *plan_new(uint64_t seed)
{
    struct plan *plan = mem_new(sizeof(*plan));

    plan->seed = seed;
    return plan;
}

void plan_free(struct plan *plan)
{
    unsigned i;

    for (i = 0; i < plan->count; i++)
        free(plan->rules[i].receiver);
    free(plan->rules);
    free(plan);
}

/* "+46..." and "46..." are the same phone, to every gateway. */
static const char *bare_number(const char *receiver)
{
    return receiver[0] == '+' ? receiver + 1 : receiver;
}

bool plan_glob_matches(const char *glob, const char *text)
{
    return fnmatch(glob, bare_number(text), 0) == 0;
}

/* 64 uniform bits for a key; `salt` tells apart what is drawn for it. */
static uint64_t draw_bits(const struct plan *plan, uint64_t salt,
                          const struct plan_key *key)
{
    uint64_t hash = hash_number(HASH_START, plan->seed);

    hash = hash_text(hash, bare_number(key->receiver));
    hash = hash_number(hash, key->segment);
    hash = hash_number(hash, key->attempt);
    return hash_finish(hash_number(hash, salt));
}

/* Scale 64 bits to [0, limit) for a limit below 2^32. */
static uint64_t scale_bits(uint64_t bits, uint64_t limit)
{
    return ((bits >> 32) * limit) >> 32;
}

static bool in_range(const struct plan_range *range, unsigned number)
{
    return number >= range->from && number <= range->to;
}

static bool selects(const struct plan_rule *rule, const struct plan_key *key)
{
    return in_range(&rule->segment, key->segment)
           && in_range(&rule->attempt, key->attempt)
           && in_range(&rule->link, key->link)
           && (rule->receiver == NULL
               || plan_glob_matches(rule->receiver, key->receiver));
}

const struct plan_rule *plan_draw(const struct plan *plan,
                                  enum plan_kind kind,
                                  const struct plan_key *key)
{
    const struct plan_rule *rule;
    uint64_t drawn = PLAN_MILLION, taken = 0;

    for (rule = plan->rules; rule < plan->rules + plan->count; rule++) {
        if (rule->kind != kind || !selects(rule, key))
            continue;
        if (drawn == PLAN_MILLION)
            drawn = scale_bits(draw_bits(plan, kind, key), PLAN_MILLION);
        taken += rule->ppm;
        if (drawn < taken)
            return rule;
    }
    return NULL;
}

int64_t plan_time(const struct plan *plan, const struct plan_rule *rule,
                  const struct plan_key *key, int64_t otherwise)
{
    uint64_t width;

    if (rule == NULL || !rule->timed)
        return otherwise;
    width = (uint64_t) (rule->time_us.to - rule->time_us.from) + 1;
    return rule->time_us.from
           + (int64_t) (draw_bits(plan, 0x100u + rule->kind, key) % width);
}

bool plan_phone_off(const struct plan *plan, const char *receiver,
                    int64_t elapsed_us)
{
    struct plan_key key = { .receiver = receiver };
    const struct plan_rule *rule;

    /* Each rule draws for itself: several windows may hit one phone. */
    for (rule = plan->rules; rule < plan->rules + plan->count; rule++) {
        if (rule->kind != PLAN_PHONE_OFF)
            continue;
        key.segment++;
        if (elapsed_us >= rule->time_us.from && elapsed_us < rule->time_us.to
            && (rule->receiver == NULL
                || plan_glob_matches(rule->receiver, receiver))
            && scale_bits(draw_bits(plan, PLAN_PHONE_OFF, &key),
                          PLAN_MILLION) < rule->ppm)
            return true;
    }
    return false;
}

int64_t plan_next_phone_change(const struct plan *plan, int64_t elapsed_us)
{
    const struct plan_rule *rule;
    int64_t next = INT64_MAX;

    for (rule = plan->rules; rule < plan->rules + plan->count; rule++) {
        if (rule->kind != PLAN_PHONE_OFF)
            continue;
        if (rule->time_us.from > elapsed_us && rule->time_us.from < next)
            next = rule->time_us.from;
        if (rule->time_us.to > elapsed_us && rule->time_us.to < next)
            next = rule->time_us.to;
    }
    return next;
}
