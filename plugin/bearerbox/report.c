/*
 * report.c - see report.h
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bearerbox/report.h"
#include "bearerbox/scheduler_int.h"

static int digit_of(char c)
{
    return isdigit((unsigned char) c) ? c - '0'
                                      : tolower((unsigned char) c) - 'a' + 10;
}

/* A decoded copy of `len` form-encoded octets. */
static char *decode(const char *text, size_t len)
{
    char *made = malloc(len + 1), *to = made;
    size_t i;

    if (made == NULL)
        abort();
    for (i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len &&
            isxdigit((unsigned char) text[i + 1]) &&
            isxdigit((unsigned char) text[i + 2])) {
            *to++ = (char) (digit_of(text[i + 1]) * 16 +
                            digit_of(text[i + 2]));
            i += 2;
        } else {
            *to++ = text[i] == '+' ? ' ' : text[i];
        }
    }
    *to = '\0';
    return made;
}

/* The value of a name in form-encoded text; "" if it is not there. */
static char *value_of(const char *extra, const char *name)
{
    size_t len = strlen(name), end;

    while (extra != NULL && *extra != '\0') {
        end = strcspn(extra, "&");
        if (end > len && strncmp(extra, name, len) == 0 && extra[len] == '=')
            return decode(extra + len + 1, end - len - 1);
        extra += end + (extra[end] == '&');
    }
    return decode("", 0);
}

void report_wish_read(ReportWish *wish, const char *extra)
{
    char *mask = value_of(extra, "dlr-mask");

    wish->mask = strtol(mask, NULL, 10);
    wish->url = value_of(extra, "dlr-url");
    wish->boxc_id = value_of(extra, "boxc-id");
    free(mask);
}

void report_wish_clear(ReportWish *wish)
{
    free(wish->url);
    free(wish->boxc_id);
}

int report_type(long mask, GroupState state)
{
    switch (state) {
    case GROUP_DELIVERED:
        return mask & REPORT_SUCCESS;
    case GROUP_UNDELIVERABLE:
    case GROUP_EXPIRED:
    case GROUP_CANCELLED:
        return mask & REPORT_FAIL;
    case GROUP_UNKNOWN:
    case GROUP_QUEUED:
    case GROUP_DEFERRED:
    case GROUP_SENDING:
    case GROUP_AWAITING:
    case GROUP_ROLLBACK:
        break;
    }
    return REPORT_NONE;
}

static void report(Scheduler *s, const Active *active, const char *cause)
{
    ReportWish wish;
    WireReport made = {
        .sender = active->sender, .receiver = active->receiver,
        .smsc_id = active->smsc_id, .service = active->service,
        .text = cause
    };

    report_wish_read(&wish, active->extra);
    made.url = wish.url;
    made.boxc_id = wish.boxc_id;
    made.mask = wish.mask;
    made.type = report_type(wish.mask, active->stored.state);
    if (made.type != REPORT_NONE)
        s->setup.wire->report(&made);
    report_wish_clear(&wish);
}

/* Each has one committed result, so each that wants a report gets one. */
void report_ended(Scheduler *s, const Batch *batch)
{
    const char *cause;
    const Active *active;
    int at = 0;

    while ((active = batch_next_ended(batch, &at, &cause)) != NULL) {
        if (active->extra != NULL && !active->fenced)
            report(s, active, cause);
    }
}
