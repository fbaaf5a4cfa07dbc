/*
 * segments.c - see segments.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../smsc/buffer.h"
#include "../smsc/table.h"
#include "horizon.h"
#include "pap.h"
#include "segments.h"

enum { HORIZON = 1024 * 1024, UDHI = 0x40 };

struct segments {
    struct owners *owners;
    /* a: the first submit, and further ones << 32; b: the push + 1, and how
     * many octets of it are in the segment << 32 */
    struct horizon *attempts;
    struct horizon *accepted;   /* a: the submit */
};

struct segments *segments_new(struct owners *owners)
{
    struct segments *segments = mem_new(sizeof(*segments));

    segments->owners = owners;
    segments->attempts = horizon_new(HORIZON);
    segments->accepted = horizon_new(HORIZON);
    return segments;
}

void segments_free(struct segments *segments)
{
    horizon_free(segments->attempts);
    horizon_free(segments->accepted);
    free(segments);
}

static uint64_t finish(uint64_t hash)
{
    hash = hash_finish(hash);
    return hash != 0 ? hash : 1;
}

uint64_t segments_number(const char *digits)
{
    return finish(hash_text(HASH_START, pap_digits(digits)));
}

struct segment segments_submit(struct segments *segments, int64_t submit,
                               const struct smpp_submit *sms)
{
    const char *number = sms->destination.digits;
    struct segment segment = {
        .udh = udh_parse((sms->esm_class & UDHI) != 0, sms->message,
                         sms->message_length),
        .number = segments_number(number),
        .attempt = 1, .first = -1, .push = -1
    };
    uint64_t key = finish(hash_bytes(hash_number(HASH_START, segment.number),
                                     sms->message, sms->message_length));
    struct horizon_entry *entry = horizon_find(segments->attempts, key);
    size_t common;

    if (entry != NULL) {
        segment.first = (int64_t) (entry->a & UINT32_MAX);
        entry->a += UINT64_C(1) << 32;
        segment.attempt = (int64_t) (entry->a >> 32) + 1;
        segment.push = (int64_t) (entry->b & UINT32_MAX) - 1;
        if (owners_rival(segments->owners, pap_digits(number), &segment.udh,
                         sms->message, sms->message_length, segment.push,
                         entry->b >> 32))
            segment.push = -1;
        return segment;
    }
    segment.push = owners_find(segments->owners, pap_digits(number),
                               &segment.udh, sms->message,
                               sms->message_length, &common);
    entry = horizon_add(segments->attempts, key);
    entry->a = (uint64_t) submit;
    entry->b = (uint64_t) (segment.push + 1) | (uint64_t) common << 32;
    return segment;
}

/* The id in lower case, without zeros before it. */
static uint64_t id_key(uint64_t number, const char *message_id)
{
    uint64_t hash = hash_number(HASH_START, number);
    char letter;

    while (*message_id == '0')
        message_id++;
    for (; *message_id != '\0'; message_id++) {
        letter = (char) tolower((unsigned char) *message_id);
        hash = hash_bytes(hash, &letter, 1);
    }
    return finish(hash);
}

void segments_accepted(struct segments *segments, int64_t submit,
                       uint64_t number, const char *message_id)
{
    uint64_t key = id_key(number, message_id);
    struct horizon_entry *entry = horizon_find(segments->accepted, key);

    if (entry == NULL)
        entry = horizon_add(segments->accepted, key);
    entry->a = (uint64_t) submit;
}

/* The submit with the id that the text is in another base. */
static struct horizon_entry *find_other(struct segments *segments,
                                        uint64_t number, const char *text,
                                        int base)
{
    char other[24], *end;
    unsigned long long id;

    if (*text == '\0' || strlen(text) > (base == 16 ? 15u : 18u))
        return NULL;
    id = strtoull(text, &end, base);
    if (*end != '\0' || !isxdigit((unsigned char) *text))
        return NULL;
    snprintf(other, sizeof(other), base == 16 ? "%llu" : "%llx", id);
    return horizon_find(segments->accepted, id_key(number, other));
}

int64_t segments_find(struct segments *segments, uint64_t number,
                      const char *message_id)
{
    struct horizon_entry *entry
        = horizon_find(segments->accepted, id_key(number, message_id));

    if (entry == NULL)
        entry = find_other(segments, number, message_id, 10);
    if (entry == NULL)
        entry = find_other(segments, number, message_id, 16);
    return entry == NULL ? -1 : (int64_t) entry->a;
}
