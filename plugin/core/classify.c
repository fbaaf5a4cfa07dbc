/*
 * classify.c - what an SMSC's answer or receipt means to a group
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "classify.h"

/* SMPP 3.4, 5.1.3, as live SMSCs use it. The first range that fits counts. */
static const struct {
    uint32_t from;
    uint32_t to;
    GroupEvent event;
} defaults[] = {
    { 0x00, 0x00, EVENT_ACCEPTED },
    { 0x14, 0x14, EVENT_REFUSED_THROTTLED },    /* message queue full */
    { 0x58, 0x58, EVENT_REFUSED_THROTTLED },
    { 0x08, 0x08, EVENT_REFUSED_TEMPORARY },    /* system error */
    { 0x64, 0x64, EVENT_REFUSED_TEMPORARY },    /* ESME temporary error */
    { 0x102, 0x102, EVENT_REFUSED_TEMPORARY },  /* service type unavailable */
    { 0x03, 0x05, EVENT_REFUSED_CONFIG },       /* command, bind status */
    { 0x0D, 0x0F, EVENT_REFUSED_CONFIG },       /* bind, password, id */
    { 0x53, 0x53, EVENT_REFUSED_CONFIG },       /* system type */
    { 0x45, 0x45, EVENT_REFUSED_AMBIGUOUS },    /* submit_sm failed */
    { 0xFE, 0xFF, EVENT_REFUSED_AMBIGUOUS },    /* unknown error */
    { 0x400, 0x4FF, EVENT_REFUSED_AMBIGUOUS },  /* vendors' own */
    { 0x01, 0x02, EVENT_REFUSED_PERMANENT },    /* message, command length */
    { 0x06, 0x07, EVENT_REFUSED_PERMANENT },    /* priority, registered */
    { 0x0A, 0x0B, EVENT_REFUSED_PERMANENT },    /* source, destination */
    { 0x15, 0x15, EVENT_REFUSED_PERMANENT },    /* service type */
    { 0x42, 0x43, EVENT_REFUSED_PERMANENT },    /* flags, esm_class */
    { 0x48, 0x51, EVENT_REFUSED_PERMANENT },    /* ton, npi */
    { 0x54, 0x54, EVENT_REFUSED_PERMANENT },    /* replace_if_present */
    { 0x61, 0x63, EVENT_REFUSED_PERMANENT },    /* schedule, expiry, id */
    { 0x65, 0x66, EVENT_REFUSED_PERMANENT },    /* ESME permanent, reject */
    { 0xC0, 0xC4, EVENT_REFUSED_PERMANENT },    /* optional parameters */
    { 0x100, 0x101, EVENT_REFUSED_PERMANENT },
    { 0x103, 0x106, EVENT_REFUSED_PERMANENT },
};

static bool is_listed(const StatusList *list, uint32_t status)
{
    for (int i = 0; i < list->len; i++)
        if (status >= list->ranges[i].from && status <= list->ranges[i].to)
            return true;
    return false;
}

GroupEvent classify_status(uint32_t status, const StatusOverrides *overrides)
{
    if (is_listed(&overrides->retryable, status))
        return EVENT_REFUSED_TEMPORARY;
    if (is_listed(&overrides->permanent, status))
        return EVENT_REFUSED_PERMANENT;
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        if (status >= defaults[i].from && status <= defaults[i].to)
            return defaults[i].event;
    return EVENT_REFUSED_AMBIGUOUS;
}

/* ---- lists of codes ---- */

static const char *skip_spaces(const char *text)
{
    while (isspace((unsigned char) *text))
        text++;
    return text;
}

/* One code at *text, which moves on behind it. */
static bool parse_code(const char **text, uint32_t *code)
{
    const char *start = skip_spaces(*text);
    bool hex = start[0] == '0' && (start[1] == 'x' || start[1] == 'X');
    unsigned long long value;
    char *end;

    if (!(hex ? isxdigit((unsigned char) start[2])
              : isdigit((unsigned char) start[0])))
        return false;
    errno = 0;
    value = strtoull(start, &end, hex ? 16 : 10);
    if (errno != 0 || value > UINT32_MAX)
        return false;
    *code = (uint32_t) value;
    *text = end;
    return true;
}

const char *classify_parse_list(StatusList *list, const char *text)
{
    list->len = 0;
    text = skip_spaces(text);
    while (*text != '\0') {
        uint32_t from, to;

        if (!parse_code(&text, &from))
            return "not a status code (0 to 0xffffffff, hexadecimal with 0x)";
        to = from;
        text = skip_spaces(text);
        if (*text == '-') {
            text++;
            if (!parse_code(&text, &to))
                return "a range needs a status code on both sides of '-'";
            text = skip_spaces(text);
        }
        if (from == 0)
            return "status 0 is no error";
        if (to < from)
            return "a range must rise";
        if (list->len == CLASSIFY_MAX_RANGES)
            return "too many codes: join some into ranges";
        list->ranges[list->len].from = from;
        list->ranges[list->len++].to = to;
        if (*text == ',') {
            text = skip_spaces(text + 1);
            if (*text == '\0')
                return "a status code must follow ','";
        } else if (*text != '\0') {
            return "status codes are separated by ','";
        }
    }
    return NULL;
}

bool classify_lists_overlap(const StatusOverrides *overrides)
{
    const StatusList *a = &overrides->retryable;
    const StatusList *b = &overrides->permanent;

    for (int i = 0; i < a->len; i++)
        for (int k = 0; k < b->len; k++)
            if (a->ranges[i].from <= b->ranges[k].to
                && b->ranges[k].from <= a->ranges[i].to)
                return true;
    return false;
}

/* ---- failures that a driver reports ---- */

Driver classify_driver(const char *link_name)
{
    static const struct {
        const char *begins;
        Driver driver;
    } names[] = {
        { "SMPP:", DRIVER_SMPP }, { "SSMPP:", DRIVER_SMPP },
        { "CIMD2:", DRIVER_PLAIN }, { "EMI2:", DRIVER_PLAIN },
        { "OISD:", DRIVER_PLAIN }, { "SMASI:", DRIVER_PLAIN },
        { "HTTP:generic:", DRIVER_PATTERNS },
        { "HTTPS:generic:", DRIVER_PATTERNS },
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strncmp(link_name, names[i].begins, strlen(names[i].begins)) == 0)
            return names[i].driver;
    return DRIVER_UNSURE;
}

/* A refusal whose class nobody told is ambiguous: it has few retries. */
static GroupEvent classify_rejected(Driver driver)
{
    switch (driver) {
        case DRIVER_SMPP:
            return EVENT_REFUSED_PERMANENT;
        case DRIVER_PLAIN:
            return EVENT_REFUSED_AMBIGUOUS;
        case DRIVER_PATTERNS:
        case DRIVER_UNSURE:
            break;
    }
    return EVENT_DOUBT;
}

static GroupEvent classify_reason(Driver driver, DriverReason reason,
                                  bool told_why)
{
    switch (reason) {
        case REASON_REJECTED:
            return classify_rejected(driver);
        case REASON_MALFORMED:
            return driver == DRIVER_UNSURE ? EVENT_DOUBT
                                           : EVENT_REFUSED_PERMANENT;
        case REASON_DISCARDED:      /* by bearerbox, before the driver */
            return EVENT_REFUSED_PERMANENT;
        case REASON_QUEUE_FULL:
        case REASON_EXPIRED:
            return EVENT_NOT_SENT;
        case REASON_TEMPORARILY:
            return driver == DRIVER_PATTERNS && told_why
                ? EVENT_REFUSED_TEMPORARY : EVENT_DOUBT;
        case REASON_SHUTDOWN:
            break;
    }
    return EVENT_DOUBT;
}

static bool parse_reply(const char *reply, uint32_t *status)
{
    return reply != NULL && strncmp(reply, "0x", 2) == 0
        && parse_code(&reply, status) && (*reply == '/' || *reply == '\0');
}

GroupEvent classify_failure(Driver driver, DriverReason reason,
                            const char *reply,
                            const StatusOverrides *overrides, int64_t *status)
{
    uint32_t code;

    if (driver == DRIVER_SMPP && parse_reply(reply, &code) && code != 0) {
        *status = code;
        return classify_status(code, overrides);
    }
    *status = -1;
    return classify_reason(driver, reason, reply != NULL);
}

/* ---- receipts ---- */

GroupEvent classify_receipt_state(int message_state)
{
    switch (message_state) {
        case 2:                 /* DELIVERED */
            return EVENT_RECEIPT_DELIVERED;
        case 3:                 /* EXPIRED: the phone was off or full */
            return EVENT_RECEIPT_FAILED_TEMPORARY;
        case 4:                 /* DELETED */
        case 5:                 /* UNDELIVERABLE */
        case 8:                 /* REJECTED */
            return EVENT_RECEIPT_FAILED_PERMANENT;
        default:                /* ENROUTE, ACCEPTED, UNKNOWN, others' own */
            return EVENT_RECEIPT_INFO;
    }
}

/* What follows "stat:", or NULL. */
static const char *state_in(const char *text)
{
    const char *stat = strcasestr(text, "stat:");

    if (stat == NULL || (stat != text && !isspace((unsigned char) stat[-1])))
        return NULL;
    return stat + strlen("stat:");
}

bool classify_has_state(const char *text)
{
    return state_in(text) != NULL;
}

GroupEvent classify_receipt_text(const char *text)
{
    static const struct {
        const char *stat;
        int message_state;
    } stats[] = {
        { "DELIVRD", 2 }, { "EXPIRED", 3 }, { "DELETED", 4 },
        { "UNDELIV", 5 }, { "REJECTD", 8 },
    };
    const char *stat = state_in(text);

    if (stat == NULL)
        return EVENT_RECEIPT_INFO;
    for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
        if (strncasecmp(stat, stats[i].stat, 7) == 0
            && !isalnum((unsigned char) stat[7]))
            return classify_receipt_state(stats[i].message_state);
    return EVENT_RECEIPT_INFO;
}

/* `n` digits as a number. */
static int digits(const char *text, int n)
{
    int value = 0;

    while (n-- > 0)
        value = 10 * value + (*text++ - '0');
    return value;
}

/* Days from 2000-01-01; the years 2000 to 2099. */
static int days(int year, int month, int day)
{
    static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
                                  273, 304, 334 };
    bool leap = year % 4 == 0;

    return 365 * year + (year + 3) / 4 + before[month - 1]
        + (leap && month > 2) + day - 1;
}

int classify_receipt_done(const char *text)
{
    const char *date = strcasestr(text, "done date:");
    size_t n;
    int month, day, hour, minute;
    int64_t at;

    if (date == NULL)
        return -1;
    date += strlen("done date:");
    n = strspn(date, "0123456789");
    if (n != 10 && n != 12)
        return -1;
    month = digits(date + 2, 2);
    day = digits(date + 4, 2);
    hour = digits(date + 6, 2);
    minute = digits(date + 8, 2);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23
        || minute > 59)
        return -1;
    at = ((int64_t) days(digits(date, 2), month, day) * 24 + hour) * 3600
        + minute * 60 + (n == 12 ? digits(date + 10, 2) : 0);
    if (at < 2 || at > INT32_MAX)
        return -1;
    return (int) (n == 12 ? at : -at);
}
