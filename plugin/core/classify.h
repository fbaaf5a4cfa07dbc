/*
 * classify.h - what an SMSC's answer or receipt means to a group
 *
 * Gateways differ on many status codes, so the operator can override the
 * defaults with two lists. Where a driver tells nothing but Kannel's reason,
 * that counts as far as the driver knows it: most call "rejected" what they
 * do not understand, and "temporarily" covers a refusal, a failed write and a
 * missing answer alike. Such a segment is in doubt, not refused.
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

/* What a driver's word is worth. */
typedef enum {
    DRIVER_SMPP,                /* gives the SMSC's own status */
    DRIVER_PLAIN,               /* "rejected": by the SMSC, with no class;
                                 * "malformed": never written */
    DRIVER_PATTERNS,            /* HTTP with the operator's own patterns for
                                 * answers: "malformed" matched the one for
                                 * good, "temporarily" with a text the other */
    DRIVER_UNSURE               /* whatever it says of a failure: in doubt */
} Driver;

/* The driver of a link by the link's name ("HTTP:generic:0", "EMI2:..."). */
Driver classify_driver(const char *link_name);

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
 * The event that a driver's failure is. `reply` is its text or NULL; if an
 * SMPP link's begins with a status ("0x00000058/...") that decides and
 * *status is set, otherwise the reason does and *status is -1.
 */
GroupEvent classify_failure(Driver driver, DriverReason reason,
                            const char *reply,
                            const StatusOverrides *overrides,
                            int64_t *status);

/*
 * When the phone got the message, by a receipt's text ("done date:", SMPP 3.4
 * appendix B): seconds since 2000 by the SMSC's clock; negative if it tells
 * the minute only, and then the first second of it; -1 if it does not tell.
 * Only differences of two of these mean something.
 */
int classify_receipt_done(const char *text);

/*
 * The event that a receipt is, by its text ("id:... stat:DELIVRD err:000
 * ...") or by the SMPP message_state (1 to 8). Whatever names no final state
 * is EVENT_RECEIPT_INFO: not final, never a failure.
 */
GroupEvent classify_receipt_text(const char *text);
GroupEvent classify_receipt_state(int message_state);

/* Does a receipt's text have a "stat:"? Some SMSCs say it in TLVs alone. */
bool classify_has_state(const char *text);

#endif
