/*
 * trace_rules.c - what a trace may say as a whole; see trace_rules.h.
 *
 * What has to be remembered for it is small because pushes, submits and
 * notifications count from 1: a number that was not given yet is larger than
 * the last, and one bit tells whether it has its answer.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../smsc/buffer.h"
#include "trace_fields.h"
#include "trace_rules.h"

bool trace_wrong(char why[TRACE_ERROR_SIZE], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, TRACE_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* --- between records --------------------------------------------------- */

static uint8_t *bit_octet(struct trace_bits *bits, int64_t index)
{
    size_t at = (size_t) index / 8, size = bits->size;

    if (at >= size) {
        while (at >= size)
            size = size == 0 ? 64 : 2 * size;
        bits->bits = mem_resize(bits->bits, size);
        memset(bits->bits + bits->size, 0, size - bits->size);
        bits->size = size;
    }
    return bits->bits + at;
}

static bool bit_get(struct trace_bits *bits, int64_t index)
{
    return (*bit_octet(bits, index) >> index % 8 & 1) != 0;
}

static void bit_set(struct trace_bits *bits, int64_t index, bool value)
{
    uint8_t *octet = bit_octet(bits, index);
    uint8_t bit = (uint8_t) (1u << index % 8);

    *octet = (uint8_t) (value ? *octet | bit : *octet & ~bit);
}

static bool check_next(const char *key, int64_t value, int64_t last,
                       char why[TRACE_ERROR_SIZE])
{
    return value == last + 1
           || trace_wrong(why, "\"%s\" is %" PRId64 ", and the next is %"
                          PRId64, key, value, last + 1);
}

static bool check_given(const char *key, int64_t value, int64_t last,
                        char why[TRACE_ERROR_SIZE])
{
    return value <= last
           || trace_wrong(why, "there was no %s %" PRId64 " yet", key, value);
}

/* A first answer to something that was. */
static bool check_answer(struct trace_bits *answered, const char *key,
                         int64_t value, int64_t last,
                         char why[TRACE_ERROR_SIZE])
{
    if (!check_given(key, value, last, why))
        return false;
    return !bit_get(answered, value)
           || trace_wrong(why, "%s %" PRId64 " was answered before", key,
                          value);
}

static bool check_link(struct trace_rules *rules,
                       const struct trace_record *record,
                       char why[TRACE_ERROR_SIZE])
{
    bool up = strcmp(record->state, "up") == 0;

    return bit_get(&rules->link_up, record->link) != up
           || trace_wrong(why, "link %" PRId64 " is %s already", record->link,
                          record->state);
}

static bool check_story(struct trace_rules *rules,
                        const struct trace_record *record,
                        char why[TRACE_ERROR_SIZE])
{
    if ((rules->unknown & 1u << record->event) != 0)
        return trace_wrong(why, "a %s, which the first line calls unknown",
                           trace_event_name(record->event));
    if (record->t < rules->latest - TRACE_SLACK_US)
        return trace_wrong(why, "the time goes back by %" PRId64
                           " us, and may by %d", rules->latest - record->t,
                           TRACE_SLACK_US);
    switch (record->event) {
    case TRACE_PUSH:
        return check_next("push", record->push, rules->pushes, why);
    case TRACE_PUSH_ANSWER:
        return check_answer(&rules->push_answered, "push", record->push,
                            rules->pushes, why);
    case TRACE_SUBMIT:
        return check_next("submit", record->submit, rules->submits, why)
               && check_given("push", record->push, rules->pushes, why);
    case TRACE_SUBMIT_ANSWER:
        return check_answer(&rules->submit_answered, "submit",
                            record->submit, rules->submits, why);
    case TRACE_NOTIFICATION:
        return check_next("notification", record->notification,
                          rules->notifications, why)
               && check_given("push", record->push, rules->pushes, why);
    case TRACE_NOTIFICATION_ANSWER:
        return check_answer(&rules->notification_answered, "notification",
                            record->notification, rules->notifications, why);
    case TRACE_LINK:
        return check_link(rules, record, why);
    case TRACE_RECEIPT:
    case TRACE_CANCEL:
        return check_given("submit", record->submit, rules->submits, why);
    case TRACE_OUTCOME:
        return check_given("push", record->push, rules->pushes, why);
    case TRACE_PHONE:
    case TRACE_EVENTS:
        break;
    }
    return true;
}

void trace_rules_remember(struct trace_rules *rules,
                          const struct trace_record *record)
{
    if (record->t > rules->latest)
        rules->latest = record->t;
    switch (record->event) {
    case TRACE_PUSH:
        rules->pushes = record->push;
        break;
    case TRACE_SUBMIT:
        rules->submits = record->submit;
        break;
    case TRACE_NOTIFICATION:
        rules->notifications = record->notification;
        break;
    case TRACE_PUSH_ANSWER:
        bit_set(&rules->push_answered, record->push, true);
        break;
    case TRACE_SUBMIT_ANSWER:
        bit_set(&rules->submit_answered, record->submit, true);
        break;
    case TRACE_NOTIFICATION_ANSWER:
        bit_set(&rules->notification_answered, record->notification, true);
        break;
    case TRACE_LINK:
        bit_set(&rules->link_up, record->link,
                strcmp(record->state, "up") == 0);
        break;
    case TRACE_RECEIPT:
    case TRACE_CANCEL:
    case TRACE_PHONE:
    case TRACE_OUTCOME:
    case TRACE_EVENTS:
        break;
    }
}

bool trace_rules_check(struct trace_rules *rules,
                       const struct trace_record *record,
                       char why[TRACE_ERROR_SIZE])
{
    return trace_record_check(record, why)
           && check_story(rules, record, why);
}

/* --- the first line ---------------------------------------------------- */

/* YYYY-MM-DDThh:mm:ss, perhaps a fraction, and Z. */
static bool is_time(const char *value)
{
    static const char pattern[] = "0000-00-00T00:00:00";
    size_t i, digits;

    for (i = 0; pattern[i] != '\0'; i++)
        if (pattern[i] == '0' ? value[i] < '0' || value[i] > '9'
                              : value[i] != pattern[i])
            return false;
    if (value[i] == '.') {
        digits = strspn(value + i + 1, "0123456789");
        if (digits == 0 || digits > 6)
            return false;
        i += 1 + digits;
    }
    return strcmp(value + i, "Z") == 0;
}

static bool check_line(const char *key, const char *value, size_t most,
                       char why[TRACE_ERROR_SIZE])
{
    if (value == NULL)
        return true;
    if (value[0] == '\0' || strlen(value) > most || !trace_is_plain(value))
        return trace_wrong(why, "\"%s\" is no plain text of 1 to %zu octets",
                           key, most);
    return true;
}

bool trace_rules_begin(struct trace_rules *rules,
                       const struct trace_begin *begin,
                       char why[TRACE_ERROR_SIZE])
{
    rules->unknown = begin->unknown;
    if (begin->source == NULL)
        return trace_wrong(why, "the first line needs \"source\"");
    if (begin->begin != NULL && !is_time(begin->begin))
        return trace_wrong(why, "\"begin\" is no time as "
                           "2026-01-31T23:59:59.000000Z");
    if (begin->pseudonyms != NULL
        && (strlen(begin->pseudonyms) != 16
            || begin->pseudonyms[strspn(begin->pseudonyms,
                                        "0123456789abcdef")] != '\0'))
        return trace_wrong(why, "\"pseudonyms\" is neither false nor 16 "
                           "hexadecimal digits");
    return check_line("source", begin->source, 64, why)
           && check_line("program", begin->program, 64, why)
           && check_line("seed", begin->seed, 64, why)
           && check_line("note", begin->note, 4096, why);
}

void trace_rules_free(struct trace_rules *rules)
{
    free(rules->push_answered.bits);
    free(rules->submit_answered.bits);
    free(rules->notification_answered.bits);
    free(rules->link_up.bits);
    *rules = (struct trace_rules) { 0 };
}
