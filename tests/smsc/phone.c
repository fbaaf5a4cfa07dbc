/*
 * phone.c - see phone.h.
 */
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "phone.h"
#include "udh.h"

struct phone_part {
    char *id;                   /* NULL: not here yet */
    uint8_t *payload;
    size_t size;
};

/* A message of which some parts are here. */
struct phone_set {
    uint64_t key;
    char *receiver, *originator;
    int reference, total, have;
    int destination_port, source_port;  /* of the first part to arrive */
    int64_t first_us, first_wall_us;
    struct phone_part *parts;           /* `total` of them */
    TAILQ_ENTRY(phone_set) by_age;
};

struct phone_switch {
    char *glob;
    bool on;
    STAILQ_ENTRY(phone_switch) next;
};

static void set_free(struct phones *phones, struct phone_set *set)
{
    int i;

    table_remove(&phones->sets, set->key);
    TAILQ_REMOVE(&phones->by_age, set, by_age);
    for (i = 0; i < set->total; i++) {
        free(set->parts[i].id);
        free(set->parts[i].payload);
    }
    free(set->parts);
    free(set->receiver);
    free(set->originator);
    free(set);
}

static void set_forget(struct phones *phones, struct phone_set *set)
{
    struct buffer *event = journal_begin(phones->journal, "forget");

    json_string(event, "dst", set->receiver);
    json_string(event, "src", set->originator);
    json_number(event, "ref", set->reference);
    json_number(event, "total", set->total);
    json_number(event, "have", set->have);
    json_time(event, "first", set->first_wall_us);
    journal_end(phones->journal);
    phones->forgotten++;
    set_free(phones, set);
}

/* Throw away what is past its window; sets age in the order they began. */
static void forget_old(struct phones *phones)
{
    int64_t now = loop_now();
    struct phone_set *set;

    while ((set = TAILQ_FIRST(&phones->by_age)) != NULL
           && set->first_us + phones->window_us <= now)
        set_forget(phones, set);
}

static void forget_due(struct loop_timer *timer)
{
    struct phones *phones = loop_owner(timer, struct phones, forget_timer);
    struct phone_set *set;

    forget_old(phones);
    set = TAILQ_FIRST(&phones->by_age);
    if (set != NULL)
        loop_timer_set(phones->loop, timer,
                       set->first_us + phones->window_us);
}

void phones_init(struct phones *phones, struct loop *loop,
                 struct journal *journal, int64_t window_us)
{
    *phones = (struct phones) {
        .loop = loop, .journal = journal, .window_us = window_us,
        .forget_timer.fire = forget_due
    };
    TAILQ_INIT(&phones->by_age);
    STAILQ_INIT(&phones->switches);
}

void phones_free(struct phones *phones)
{
    struct phone_switch *entry;

    loop_timer_clear(phones->loop, &phones->forget_timer);
    while (!TAILQ_EMPTY(&phones->by_age))
        set_free(phones, TAILQ_FIRST(&phones->by_age));
    while ((entry = STAILQ_FIRST(&phones->switches)) != NULL) {
        STAILQ_REMOVE_HEAD(&phones->switches, next);
        free(entry->glob);
        free(entry);
    }
    table_free(&phones->sets);
}

static void journal_part(struct phones *phones,
                         const struct phone_message *message,
                         const struct udh *udh, const char *result)
{
    struct buffer *event = journal_begin(phones->journal, "part");

    json_string(event, "dst", message->receiver);
    json_string(event, "src", message->originator);
    json_string(event, "message_id", message->id);
    json_known(event, "ref", udh->reference);
    json_known(event, "part", udh->sequence);
    json_known(event, "total", udh->total);
    json_string(event, "result", result);
    journal_end(phones->journal);
}

/* A message that is whole: `parts` in their order. */
static void display(struct phones *phones,
                    const struct phone_message *message, int reference,
                    int destination_port, int source_port,
                    int64_t first_wall_us, const struct phone_part *parts,
                    int total)
{
    struct buffer *event = journal_begin(phones->journal, "display");
    struct buffer payload = { 0 };
    int i;

    for (i = 0; i < total; i++)
        buffer_append(&payload, parts[i].payload, parts[i].size);
    json_string(event, "dst", message->receiver);
    json_string(event, "src", message->originator);
    json_known(event, "ref", reference);
    json_number(event, "total", total);
    json_known(event, "dst_port", destination_port);
    json_known(event, "src_port", source_port);
    json_time(event, "first", first_wall_us);
    json_time(event, "last", loop_wall_clock());
    json_array_begin(event, "message_ids");
    for (i = 0; i < total; i++)
        json_array_string(event, parts[i].id);
    json_array_end(event);
    json_hex(event, "payload", buffer_bytes(&payload),
             buffer_length(&payload));
    journal_end(phones->journal);
    buffer_free(&payload);
    phones->displayed++;
}

static void display_single(struct phones *phones,
                           const struct phone_message *message,
                           const struct udh *udh)
{
    struct phone_part part = {
        .id = mem_string(message->id),
        .payload = mem_new(message->size - udh->size),
        .size = message->size - udh->size
    };

    if (part.size > 0)
        memcpy(part.payload, message->bytes + udh->size, part.size);
    display(phones, message, -1, udh->destination_port, udh->source_port,
            loop_wall_clock(), &part, 1);
    free(part.id);
    free(part.payload);
}

static uint64_t set_key(const struct phone_message *message,
                        const struct udh *udh)
{
    uint64_t hash = hash_text(HASH_START, message->receiver);

    hash = hash_text(hash, message->originator);
    hash = hash_number(hash, (uint64_t) udh->reference);
    hash = hash_number(hash, udh->wide);
    return hash_finish(hash_number(hash, (uint64_t) udh->total));
}

static struct phone_set *set_new(struct phones *phones, uint64_t key,
                                 const struct phone_message *message,
                                 const struct udh *udh)
{
    struct phone_set *set = mem_new(sizeof(*set));

    *set = (struct phone_set) {
        .key = key, .receiver = mem_string(message->receiver),
        .originator = mem_string(message->originator),
        .reference = udh->reference, .total = udh->total,
        .destination_port = udh->destination_port,
        .source_port = udh->source_port,
        .first_us = loop_now(), .first_wall_us = loop_wall_clock(),
        .parts = mem_new((size_t) udh->total * sizeof(*set->parts))
    };
    TAILQ_INSERT_TAIL(&phones->by_age, set, by_age);
    if (phones->forget_timer.place == 0)
        loop_timer_set(phones->loop, &phones->forget_timer,
                       set->first_us + phones->window_us);
    return set;
}

static void receive_part(struct phones *phones,
                         const struct phone_message *message,
                         const struct udh *udh)
{
    uint64_t key = set_key(message, udh);
    void **place = table_place(&phones->sets, key);
    struct phone_set *set;
    struct phone_part *part;

    if (*place == NULL)
        *place = set_new(phones, key, message, udh);
    set = *place;
    part = &set->parts[udh->sequence - 1];
    if (part->id != NULL) {
        journal_part(phones, message, udh, "duplicate");
        return;
    }
    part->id = mem_string(message->id);
    part->size = message->size - udh->size;
    part->payload = mem_new(part->size);
    if (part->size > 0)
        memcpy(part->payload, message->bytes + udh->size, part->size);
    set->have++;
    journal_part(phones, message, udh,
                 set->have == set->total ? "complete" : "kept");
    if (set->have == set->total) {
        display(phones, message, set->reference, set->destination_port,
                set->source_port, set->first_wall_us, set->parts,
                set->total);
        set_free(phones, set);
    }
}

void phone_receive(struct phones *phones, const struct phone_message *message)
{
    struct udh udh = udh_parse(message->has_header, message->bytes,
                               message->size);

    forget_old(phones);         /* their timer may be late */
    if (udh.broken) {
        journal_part(phones, message, &udh, "discarded");
    } else if (udh.concatenated) {
        receive_part(phones, message, &udh);
    } else {
        journal_part(phones, message, &udh,
                     udh.reference < 0 ? "single" : "ignored");
        display_single(phones, message, &udh);
    }
}

void phone_switch(struct phones *phones, const char *glob, bool on)
{
    struct phone_switch *entry;

    if (glob[0] == '+')
        glob++;
    STAILQ_FOREACH(entry, &phones->switches, next)
        if (strcmp(entry->glob, glob) == 0)
            break;
    if (entry == NULL) {
        entry = mem_new(sizeof(*entry));
        entry->glob = mem_string(glob);
    } else {
        STAILQ_REMOVE(&phones->switches, entry, phone_switch, next);
    }
    entry->on = on;
    STAILQ_INSERT_HEAD(&phones->switches, entry, next);
}

bool phone_is_on(const struct phones *phones, const struct plan *plan,
                 int64_t elapsed_us, const char *receiver)
{
    const struct phone_switch *entry;

    STAILQ_FOREACH(entry, &phones->switches, next)
        if (plan_glob_matches(entry->glob, receiver))
            return entry->on;
    return !plan_phone_off(plan, receiver, elapsed_us);
}
