/*
 * recorded.c - see recorded.h.
 *
 * Submits are kept in the order of their numbers, and found through two
 * tables whose values are such numbers in place of pointers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../replay/trace.h"
#include "buffer.h"
#include "receipt.h"
#include "recorded.h"
#include "table.h"

struct recorded {
    struct recorded_submit *submits;    /* from 1 */
    size_t count, room;
    double speed;
    bool has_receipts;
    struct table next;          /* by key: the next message nobody claimed */
    struct table last;          /* by key, while reading: the newest */
    struct table latest;        /* by message, while reading: its attempt */
    struct table claimed;       /* by octets: the message, or NOBODY'S */
};

/* What the trace does not have is claimed, too. */
static char nobodys;

static uint32_t get_number(const struct table *table, uint64_t key)
{
    return (uint32_t) (uintptr_t) table_get(table, key);
}

static void put_number(struct table *table, uint64_t key, uint32_t number)
{
    *table_place(table, key) = (void *) (uintptr_t) number;
}

static uint64_t place_key(const char *receiver, unsigned segment,
                            unsigned total)
{
    uint64_t hash = hash_text(HASH_START, receiver + (receiver[0] == '+'));

    return hash_finish(hash_number(hash_number(hash, segment), total));
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

static void take_submit(struct recorded *recorded,
                        const struct trace_record *record)
{
    uint32_t number = (uint32_t) record->submit, before;
    uint64_t key = place_key(
        record->dst, record->part > 0 ? (unsigned) record->part : 1,
        record->total > 0 ? (unsigned) record->total : 1);

    if (number >= recorded->room) {
        recorded->room = recorded->room == 0 ? 1024 : 2 * recorded->room;
        recorded->submits = mem_resize(
            recorded->submits, recorded->room * sizeof(*recorded->submits));
    }
    recorded->count = number;
    recorded->submits[number] = (struct recorded_submit) {
        .t = record->t,
        .attempt = record->attempt > 0 ? (uint32_t) record->attempt : 1
    };
    if (record->first != TRACE_UNKNOWN) {
        before = get_number(&recorded->latest, (uint64_t) record->first);
        if (before == 0)
            before = (uint32_t) record->first;
        recorded->submits[before].next_attempt = number;
        put_number(&recorded->latest, (uint64_t) record->first, number);
        return;
    }
    before = get_number(&recorded->last, key);
    if (before == 0)
        put_number(&recorded->next, key, number);
    else
        recorded->submits[before].next_message = number;
    put_number(&recorded->last, key, number);
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
    table_free(&recorded->next);
    table_free(&recorded->last);
    table_free(&recorded->latest);
    table_free(&recorded->claimed);
    free(recorded);
}

/* --- finding ----------------------------------------------------------- */

/* The message that these octets are, from now on; 0: none of the trace. */
static uint32_t claim(struct recorded *recorded, uint64_t key,
                      uint64_t octets)
{
    void **claimed = table_place(&recorded->claimed, octets), **next;
    uint32_t number;

    if (*claimed != NULL)
        return *claimed == &nobodys ? 0 : (uint32_t) (uintptr_t) *claimed;
    number = get_number(&recorded->next, key);
    if (number == 0) {
        *claimed = &nobodys;
        return 0;
    }
    *claimed = (void *) (uintptr_t) number;
    if (recorded->submits[number].next_message == 0) {
        table_remove(&recorded->next, key);
    } else {
        next = table_place(&recorded->next, key);
        *next = (void *) (uintptr_t) recorded->submits[number].next_message;
    }
    return number;
}

uint32_t recorded_find(struct recorded *recorded, const char *receiver,
                       unsigned segment, unsigned total, uint64_t octets,
                       unsigned attempt)
{
    uint32_t number = claim(recorded, place_key(receiver, segment, total),
                            octets);

    while (number != 0 && recorded->submits[number].attempt != attempt)
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
