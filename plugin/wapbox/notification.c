/*
 * notification.c - see notification.h
 */

#include "wapbox/notification.h"

#include <stdio.h>

#include "core/group.h"
#include "pap/pap_read.h"
#include "pap/pap_write.h"

#define SECOND_US INT64_C(1000000)

static PapState pap_state(int state)
{
    switch (state) {
    case GROUP_DELIVERED: return PAP_STATE_DELIVERED;
    case GROUP_UNDELIVERABLE: return PAP_STATE_UNDELIVERABLE;
    case GROUP_EXPIRED: return PAP_STATE_EXPIRED;
    case GROUP_CANCELLED: return PAP_STATE_CANCELLED;
    case GROUP_REJECTED: return PAP_STATE_REJECTED;
    default: return PAP_STATE_UNKNOWN;
    }
}

char *notification_write(const StoreNote *note, const char *sender_address,
                         const char *sender_name)
{
    PapNotification document = {
        .push_id = note->push_id,
        .address = note->address,
        .sender_address = sender_address,
        .sender_name = sender_name,
        .received_time_s = note->accepted_at_us / SECOND_US,
        .event_time_s = note->event_at_us / SECOND_US,
        .state = pap_state(note->state),
        .code = note->code,
        .desc = note->cause
    };

    pap_qos_parse(&document.qos, note->qos);
    return pap_write_notification(&document);
}

const char *notification_judge(const PosterResult *result, char *answer,
                               size_t size)
{
    const bool heard = result->status / 100 == 2;
    int code;

    if (result->status == 0) {
        snprintf(answer, size, "%s", result->error);
        return NULL;
    }
    if (!pap_read_notification_response(result->body, result->body_len,
                                        &code)) {
        snprintf(answer, size, heard ? "HTTP %d, and no "
                 "resultnotification-response" : "HTTP %d", result->status);
        return heard ? STORE_MALFORMED : NULL;
    }
    snprintf(answer, size, "HTTP %d, PAP %d", result->status, code);
    if (!heard)
        return NULL;
    return code >= PAP_CODE_BAD_REQUEST ? STORE_REFUSED : STORE_ACKNOWLEDGED;
}
