/*
 * classify.h - what an SMSC's answer or receipt means to a group
 *
 * Gateways differ on many status codes, so the operator can override the
 * defaults with two lists. Where a driver tells nothing but Kannel's reason,
 * the class is the cautious one: "temporarily" covers a refusal, a failed
 * write and a missing answer alike, so the segment is in doubt, not refused.
 */
#ifndef CONVOY_CORE_CLASSIFY_H
#define CONVOY_CORE_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "group.h"

#define CLASSIFY_MAX_RANGES 32

typedef struct {
    struct {
        uint32_t from;
        uint32_t to;            /* inclusive */
    } ranges[CLASSIFY_MAX_RANGES];
    int len;
} StatusList;

/* Values of retryable-status and permanent-status. All zero: no overrides. */
typedef struct {
    StatusList retryable;
    StatusList permanent;
} StatusOverrides;

/*
 * Parse "0x45, 0x400-0x4ff, 88" (hexadecimal with 0x, else decimal; empty is
 * an empty list). Returns NULL, or what is wrong with it, as static text.
 * Status 0 cannot be listed.
 */
const char *classify_parse_list(StatusList *list, const char *text);

/* Is there a status that both lists name? */
bool classify_lists_overlap(const StatusOverrides *overrides);

/* The event that an SMPP command_status is: EVENT_ACCEPTED for 0, one of
 * EVENT_REFUSED_... otherwise. A status nobody has defined is ambiguous. */
GroupEvent classify_status(uint32_t status, const StatusOverrides *overrides);

/* Kannel's SMSCCONN_FAILED_ reasons; the shell maps them. */
typedef enum {
    REASON_SHUTDOWN,
    REASON_REJECTED,
    REASON_MALFORMED,
    REASON_TEMPORARILY,
    REASON_DISCARDED,
    REASON_QUEUE_FULL,
    REASON_EXPIRED
} DriverReason;

/*
 * The event that a driver's failure is. `reply` is its text or NULL; if it
 * begins with an SMPP status ("0x00000058/...") that decides and *status is
 * set, otherwise the reason does and *status is -1.
 */
GroupEvent classify_failure(DriverReason reason, const char *reply,
                            const StatusOverrides *overrides,
                            int64_t *status);

/*
 * The event that a receipt is, by its text ("id:... stat:DELIVRD err:000
 * ...") or by the SMPP message_state (1 to 8). Whatever names no final state
 * is EVENT_RECEIPT_INFO: not final, never a failure.
 */
GroupEvent classify_receipt_text(const char *text);
GroupEvent classify_receipt_state(int message_state);

#endif
