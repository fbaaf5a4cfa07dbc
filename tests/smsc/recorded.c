/*
 * recorded.c - see recorded.h.
 *
 * Submits are kept in the order of their numbers, groups in the order of
 * their first submits; both are found through tables whose values are such
 * numbers in place of pointers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../replay/trace.h"
#include "buffer.h"
#include "receipt.h"
#include "recorded.h"
#include "table.h"

/* In two lists of groups to one receiver: of as many segments, and of any
 * number. */
struct group {
    uint32_t next[2];
    bool claimed;
};

struct recorded {
    struct recorded_submit *submits;    /* from 1 */
    size_t room;
    struct group *groups;               /* from 1 */
    uint32_t group_count, group_room;
    uint32_t instances;                 /* of groups that came, from 1 */
    double speed;
    bool has_receipts;

    struct table segments;      /* by group and segment: its first submit */
    struct table next;          /* by list: the next that nobody claimed */
    /* only while the trace is read: */
    struct table open;          /* by what makes a group: the newest */
    struct table last;          /* by list: the newest group */
    struct table latest;        /* by first submit: its newest attempt */
    /* what came: */
    struct table current;       /* by receiver, reference, total: instance */
    struct table played;        /* by instance: its group */
    struct table arrived;       /* by instance and segment */
    struct table claimed;       /* by octets: the first submit, or NOBODYS */
};

/* In place of a number in `claimed`. */
#define NOBODYS UINT32_MAX

static uint32_t get_number(const struct table *table, uint64_t key)
{
    return (uint32_t) (uintptr_t) table_get(table, key);
}

static void put_number(struct table *table, uint64_t key, uint32_t number)
{
    if (number == 0)
        table_remove(table, key);
    else
        *table_place(table, key) = (void *) (uintptr_t) number;
}

/* Of a number and what tells its uses apart. */
static uint64_t number_key(uint64_t number, uint64_t part)
{
    return hash_finish(hash_number(hash_number(HASH_START, number), part));
}

static uint64_t receiver_key(const char *receiver, unsigned total,
                             uint64_t what)
{
    uint64_t hash = hash_text(HASH_START, receiver + (receiver[0] == '+'));

    return hash_finish(hash_number(hash_number(hash, total), what));
}

/* One of the two lists. */
static uint64_t list_key(const char *receiver, unsigned total, int list)
{
    return receiver_key(receiver, list == 0 ? total : 0, 0);
}

static int64_t scaled(const struct recorded *recorded, int64_t us)
{
    return us <= 0 ? 0 : (int64_t) ((double) us / recorded->speed);
}

/* --- reading ----------------------------------------------------------- */

static struct recorded_submit *of(struct recorded *recorded, int64_t number)
{
    return number == TRACE_UNKNOWN ? NULL : &recorded->submits[number];
}

static void make_room(struct recorded *recorded, uint32_t number)
{
    if (number < recorded->room)
        return;
    recorded->room = recorded->room == 0 ? 1024 : 2 * recorded->room;
    recorded->submits = mem_resize(
        recorded->submits, recorded->room * sizeof(*recorded->submits));
}

static uint32_t new_group(struct recorded *recorded, const char *receiver,
                          unsigned total)
{
    uint32_t group = ++recorded->group_count, before;
    uint64_t key;
    int list;

    if (group >= recorded->group_room) {
        recorded->group_room = recorded->group_room == 0
            ? 1024 : 2 * recorded->group_room;
        recorded->groups = mem_resize(recorded->groups, recorded->group_room
                                      * sizeof(*recorded->groups));
    }
    recorded->groups[group] = (struct group) { .claimed = false };
    for (list = 0; list < 2; list++) {
        key = list_key(receiver, total, list);
        before = get_number(&recorded->last, key);
        if (before == 0)
            put_number(&recorded->next, key, group);
        else
            recorded->groups[before].next[list] = group;
        put_number(&recorded->last, key, group);
    }
    return group;
}

/* A segment that was not submitted before belongs to the group of its push,
 * or of its reference if that is not known; unless that has it already. */
static void take_segment(struct recorded *recorded,
                         const struct trace_record *record)
{
    unsigned total = record->total > 0 ? (unsigned) record->total : 1;
    uint64_t part = record->part > 0 ? (uint64_t) record->part : 1;
    uint64_t maker = receiver_key(
        record->dst, total, record->push != TRACE_UNKNOWN
        ? (uint64_t) record->push << 32 : (uint64_t) record->ref);
    uint32_t group = get_number(&recorded->open, maker);

    if (group == 0
        || get_number(&recorded->segments, number_key(group, part)) != 0) {
        group = new_group(recorded, record->dst, total);
        put_number(&recorded->open, maker, group);
    }
    put_number(&recorded->segments, number_key(group, part),
               (uint32_t) record->submit);
}

static void take_submit(struct recorded *recorded,
                        const struct trace_record *record)
{
    uint32_t number = (uint32_t) record->submit, before;
    uint64_t first = (uint64_t) record->first;

    make_room(recorded, number);
    recorded->submits[number] = (struct recorded_submit) {
        .t = record->t,
        .attempt = record->attempt > 0 ? (uint32_t) record->attempt : 1,
        .unasked = record->registered == 0
    };
    if (record->first == TRACE_UNKNOWN) {
        take_segment(recorded, record);
        return;
    }
    before = get_number(&recorded->latest, first);
    if (before == 0)
        before = (uint32_t) first;
    recorded->submits[before].next_attempt = number;
    put_number(&recorded->latest, first, number);
}

static void take_answer(struct recorded *recorded,
                        const struct trace_record *record)
{
    struct recorded_submit *submit = of(recorded, record->submit);

    submit->answer = record->status == TRACE_NONE ? RECORDED_NONE
                                                  : RECORDED_STATUS;
    submit->answer_us = scaled(recorded, record->t - submit->t);
    if (record->status > 0)
        submit->status = (uint32_t) record->status;
}

static bool is_final(uint32_t state)
{
    return state == SMPP_DELIVERED || state == SMPP_EXPIRED
           || state == SMPP_DELETED || state == SMPP_UNDELIVERABLE
           || state == SMPP_REJECTED;
}

static void take_receipt(struct recorded *recorded,
                         const struct trace_record *record)
{
    struct recorded_submit *submit = of(recorded, record->submit);
    uint32_t state = receipt_state_named(record->state);
    int64_t after;

    if (submit == NULL)
        return;
    after = scaled(recorded, record->t - submit->t);
    if (is_final(state) && record->interim != 1) {
        if (submit->receipt == 0) {
            submit->receipt = (uint8_t) state;
            submit->receipt_us = after;
        } else if (submit->receipt == state && !submit->again) {
            submit->again = true;
            submit->again_us = after;
        }
    } else if (submit->interim == 0) {
        submit->interim = (uint8_t) state;
        submit->intermediate = record->interim == 1;
        submit->interim_us = after;
    }
}

static void take_link(struct recorded *recorded,
                      const struct trace_record *record,
                      struct outages *outages)
{
    bool down = strcmp(record->state, "down") == 0;

    if (down && record->by != NULL && strcmp(record->by, "gateway") == 0)
        return;
    outages_add(outages, scaled(recorded, record->t),
                (unsigned) record->link, NULL, down);
}

static void take(struct recorded *recorded,
                 const struct trace_record *record, struct outages *outages)
{
    switch (record->event) {
    case TRACE_SUBMIT:
        take_submit(recorded, record);
        break;
    case TRACE_SUBMIT_ANSWER:
        take_answer(recorded, record);
        break;
    case TRACE_RECEIPT:
        take_receipt(recorded, record);
        break;
    case TRACE_CANCEL:
        if (record->status == 0)
            of(recorded, record->submit)->cancelled = true;
        break;
    case TRACE_LINK:
        take_link(recorded, record, outages);
        break;
    case TRACE_PHONE:
        outages_add(outages, scaled(recorded, record->t), 0, record->dst,
                    strcmp(record->state, "off") == 0);
        break;
    case TRACE_PUSH:
    case TRACE_PUSH_ANSWER:
    case TRACE_NOTIFICATION:
    case TRACE_NOTIFICATION_ANSWER:
    case TRACE_OUTCOME:
    case TRACE_EVENTS:
        break;
    }
}

struct recorded *recorded_load(const char *path, double speed,
                               struct outages *outages, char *error,
                               size_t error_size)
{
    struct recorded *recorded;
    char why[TRACE_ERROR_SIZE];
    struct trace_record record;
    struct trace_reader *reader = trace_open(path, why);
    int found;

    if (reader == NULL) {
        snprintf(error, error_size, "%s", why);
        return NULL;
    }
    recorded = mem_new(sizeof(*recorded));
    recorded->speed = speed;
    recorded->has_receipts = (trace_begin(reader)->unknown
                              & 1u << TRACE_RECEIPT) == 0;
    while ((found = trace_read(reader, &record)) > 0)
        take(recorded, &record, outages);
    table_free(&recorded->open);
    table_free(&recorded->last);
    table_free(&recorded->latest);
    if (found < 0) {
        snprintf(error, error_size, "%s", trace_error(reader));
        recorded_free(recorded);
        recorded = NULL;
    }
    trace_close(reader);
    return recorded;
}

void recorded_free(struct recorded *recorded)
{
    if (recorded == NULL)
        return;
    free(recorded->submits);
    table_free(&recorded->segments);
    free(recorded->groups);
    table_free(&recorded->next);
    table_free(&recorded->current);
    table_free(&recorded->played);
    table_free(&recorded->arrived);
    table_free(&recorded->claimed);
    free(recorded);
}

/* --- finding ----------------------------------------------------------- */

/* The next group of a list that nobody claimed; 0: there is none. */
static uint32_t claim_next(struct recorded *recorded,
                           const struct recorded_key *key, int list)
{
    uint64_t name = list_key(key->receiver, key->total, list);
    uint32_t group = get_number(&recorded->next, name);

    while (group != 0 && recorded->groups[group].claimed)
        group = recorded->groups[group].next[list];
    put_number(&recorded->next, name,
               group == 0 ? 0 : recorded->groups[group].next[list]);
    if (group != 0)
        recorded->groups[group].claimed = true;
    return group;
}

/* A group has come that did not come before. */
static uint32_t new_instance(struct recorded *recorded,
                             const struct recorded_key *key)
{
    uint32_t instance = ++recorded->instances;
    uint32_t group = claim_next(recorded, key, 0);

    if (group == 0)
        group = claim_next(recorded, key, 1);
    put_number(&recorded->played, instance, group);
    return instance;
}

/* The group that new octets belong to: the one of their reference, unless
 * another has this reference now. */
static uint32_t find_instance(struct recorded *recorded,
                              const struct recorded_key *key)
{
    uint64_t name = receiver_key(key->receiver, key->total,
                                 (uint64_t) key->reference + 1);
    uint32_t instance = key->reference < 0
        ? 0 : get_number(&recorded->current, name);

    if (instance == 0
        || table_get(&recorded->arrived,
                     number_key(instance, key->segment)) != NULL) {
        instance = new_instance(recorded, key);
        if (key->reference >= 0)
            put_number(&recorded->current, name, instance);
    }
    put_number(&recorded->arrived, number_key(instance, key->segment), 1);
    return instance;
}

uint32_t recorded_find(struct recorded *recorded,
                       const struct recorded_key *key)
{
    uint32_t number = get_number(&recorded->claimed, key->octets);
    uint32_t group;

    if (number == 0) {
        group = get_number(&recorded->played, find_instance(recorded, key));
        number = get_number(&recorded->segments,
                            number_key(group, key->segment));
        if (number == 0)
            number = NOBODYS;
        put_number(&recorded->claimed, key->octets, number);
    }
    if (number == NOBODYS)
        return 0;
    while (number != 0 && recorded->submits[number].attempt != key->attempt)
        number = recorded->submits[number].next_attempt;
    return number;
}

bool recorded_has_receipts(const struct recorded *recorded)
{
    return recorded->has_receipts;
}

const struct recorded_submit *recorded_submit(
    const struct recorded *recorded, uint32_t number)
{
    return number == 0 ? NULL : &recorded->submits[number];
}
