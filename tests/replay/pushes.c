/*
 * pushes.c - see pushes.h.
 */
#include <stdlib.h>
#include <string.h>

#include "../smsc/buffer.h"
#include "../smsc/table.h"
#include "horizon.h"
#include "posted.h"
#include "pushes.h"

enum {
    PUSH_IDS_MAX = 524288,
    UNANSWERED_MAX = 4096,
    PAP_ACCEPTED = 1001
};

/* A push, or a notification, that has no answer yet. */
struct asked {
    int64_t number;
    uint64_t push_id;           /* its hash; 0: it has none */
};

struct told {
    int64_t number, push;
    const char *state;
    char dst[PAP_NUMBER_SIZE];
};

struct pushes {
    struct records *records;
    struct owners *owners;
    /* by hash; a: the push; b: how many were accepted, and there, << 32 */
    struct horizon *push_ids;
    struct asked asked[UNANSWERED_MAX];
    struct told told[UNANSWERED_MAX];
};

struct pushes *pushes_new(struct records *records, struct owners *owners)
{
    struct pushes *pushes = mem_new(sizeof(*pushes));

    pushes->records = records;
    pushes->owners = owners;
    pushes->push_ids = horizon_new(PUSH_IDS_MAX);
    return pushes;
}

void pushes_free(struct pushes *pushes)
{
    horizon_free(pushes->push_ids);
    free(pushes);
}

static uint64_t hash_of_id(const char *push_id)
{
    uint64_t hash = hash_finish(hash_text(HASH_START, push_id));

    return hash != 0 ? hash : 1;
}

/* A push that may get segments and notifications. */
static void await(struct pushes *pushes, const struct posted *posted)
{
    const struct trace_record *record = &posted->record;
    struct horizon_entry *entry;
    uint64_t key;
    size_t i;

    if (record->operation == NULL || strcmp(record->operation, "push") != 0)
        return;
    for (i = 0; i < posted->pap.count; i++)
        owners_add(pushes->owners, record->push,
                   pap_digits(posted->pap.numbers[i]), record->body.bytes,
                   record->body.size);
    if (record->push_id == NULL)
        return;
    key = hash_of_id(record->push_id);
    entry = horizon_find(pushes->push_ids, key);
    if (entry == NULL)
        entry = horizon_add(pushes->push_ids, key);
    if ((entry->b & UINT32_MAX) == 0)
        entry->a = (uint64_t) record->push;
    entry->b += UINT64_C(1) << 32;
    pushes->asked[record->push % UNANSWERED_MAX]
        = (struct asked) { record->push, key };
}

/* The push that a notification with this push-id is about; unknown if
 * several may be meant, as it does not say whose push-id it is. */
static int64_t find_push(struct pushes *pushes, const char *push_id)
{
    struct horizon_entry *entry
        = push_id == NULL ? NULL : horizon_find(pushes->push_ids,
                                                hash_of_id(push_id));
    uint64_t accepted = entry == NULL ? 0 : entry->b & UINT32_MAX;

    if (accepted == 1 || (entry != NULL && accepted == 0
                          && entry->b >> 32 == 1))
        return (int64_t) entry->a;
    return TRACE_UNKNOWN;
}

int64_t pushes_take(struct pushes *pushes, const struct http_message *message,
                    const char *from, struct tcp_moment moment)
{
    struct posted posted;
    int64_t number = 0;

    if (strcmp(message->method, "POST") != 0)
        return 0;
    posted_read(&posted, message, from);
    posted.record.push = pushes->records->pushes + 1;
    if (records_write(pushes->records, &posted.record, moment)) {
        number = posted.record.push;
        await(pushes, &posted);
    }
    posted_free(&posted);
    return number;
}

void pushes_answered(struct pushes *pushes, int64_t number, int64_t status,
                     int64_t code, struct tcp_moment moment)
{
    struct trace_record record = trace_clear(TRACE_PUSH_ANSWER, 0);
    const struct asked *asked = &pushes->asked[number % UNANSWERED_MAX];
    struct horizon_entry *entry;

    record.push = number;
    record.http = status;
    record.code = code;
    records_write(pushes->records, &record, moment);
    if (code != PAP_ACCEPTED || asked->number != number)
        return;
    entry = horizon_find(pushes->push_ids, asked->push_id);
    if (entry != NULL) {
        entry->a = (uint64_t) number;
        entry->b++;
    }
}

/* --- the PI ------------------------------------------------------------ */

static const char *state_word(const char *state)
{
    static const char *const words[] = {
        "rejected", "pending", "delivered", "undeliverable", "expired",
        "aborted", "timeout", "cancelled", "unknown"
    };
    size_t i;

    for (i = 0; state != NULL && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(state, words[i]) == 0)
            return words[i];
    return NULL;
}

int64_t pushes_notified(struct pushes *pushes,
                        const struct http_message *message,
                        struct tcp_moment moment)
{
    struct trace_record record = trace_clear(TRACE_NOTIFICATION, 0);
    struct told *told;
    struct pap pap;

    if (message->body.bytes == NULL
        || !pap_read(&pap, message->body.bytes, message->body.size))
        return 0;
    if (strcmp(pap.message, "resultnotification-message") == 0) {
        record.notification = pushes->records->notifications + 1;
        record.push = find_push(pushes, pap.push_id);
        record.state = state_word(pap.state);
        if (pap.code >= 1000 && pap.code <= 5999)
            record.code = pap.code;
        if (pap.count > 0 && strspn(pap.numbers[0], "+0123456789.-")
            == strlen(pap.numbers[0]) && pap.numbers[0][0] != '\0')
            record.dst = pap.numbers[0];
        if (!records_write(pushes->records, &record, moment))
            record.notification = 0;
    }
    if (record.notification > 0) {
        told = &pushes->told[record.notification % UNANSWERED_MAX];
        *told = (struct told) {
            record.notification, record.push, record.state, ""
        };
        if (record.dst != NULL)
            strcpy(told->dst, record.dst);
    }
    pap_free(&pap);
    return record.notification > 0 ? record.notification : 0;
}

void pushes_acknowledged(struct pushes *pushes, int64_t number,
                         int64_t status, struct tcp_moment moment)
{
    struct trace_record record = trace_clear(TRACE_NOTIFICATION_ANSWER, 0);
    const struct told *told = &pushes->told[number % UNANSWERED_MAX];

    record.notification = number;
    record.http = status;
    records_write(pushes->records, &record, moment);
    if (status < 200 || status > 299 || told->number != number
        || told->push < 0 || told->state == NULL)
        return;
    record = trace_clear(TRACE_OUTCOME, 0);
    record.push = told->push;
    record.dst = told->dst[0] != '\0' ? told->dst : NULL;
    record.state = record.told = told->state;
    records_write(pushes->records, &record, moment);
}
