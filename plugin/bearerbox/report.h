/*
 * report.h - the delivery report that a Push Initiator asked for
 *
 * With X-Kannel-DLR-Url and -Mask a push wants a report over an smsbox, the
 * way the gateway's own messages have one. A group gives a single one, when
 * it has ended and its result is committed. A result that is not known
 * makes none, since a report can only claim success or failure; and bits of
 * the mask that ask for news of single segments (buffered, accepted or
 * refused by the SMSC) are not looked at.
 */

#ifndef CONVOY_REPORT_H
#define CONVOY_REPORT_H

#include <stdbool.h>

#include "core/group.h"

/* Types of a report, and bits of a mask: Kannel's DLR_SUCCESS, DLR_FAIL. */
enum { REPORT_NONE = 0, REPORT_SUCCESS = 1, REPORT_FAIL = 2 };

/* What is asked for; texts "" where nothing is said. */
typedef struct {
    long mask;
    char *url, *boxc_id;
} ReportWish;

/* Reads the form-encoded `extra` of a group (intake writes it); NULL and
 * unknown names are fine. The texts are to be freed by report_wish_clear(). */
void report_wish_read(ReportWish *wish, const char *extra);
void report_wish_clear(ReportWish *wish);

/* The report that a group in this final state makes, or REPORT_NONE. */
int report_type(long mask, GroupState state);

#endif
