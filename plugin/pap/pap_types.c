/*
 * pap_types.c - the vocabulary of the Push Access Protocol
 *
 * Tables, and the few rules that belong to one value: what a time looks
 * like, what a quality-of-service attribute may be, what is a character.
 */

#include "pap/pap_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const struct {
    int code;
    const char *text;
} codes[] = {
    { PAP_CODE_OK, "The request succeeded" },
    { PAP_CODE_ACCEPTED, "The request has been accepted for processing" },
    { PAP_CODE_BAD_REQUEST, "Not understood due to malformed syntax" },
    { PAP_CODE_FORBIDDEN, "The request was refused" },
    { PAP_CODE_ADDRESS_ERROR, "The client specified was not recognised" },
    { PAP_CODE_ADDRESS_NOT_FOUND, "The address specified was not found" },
    { PAP_CODE_PUSH_ID_NOT_FOUND, "The push-id specified was not found" },
    { PAP_CODE_DUPLICATE_PUSH_ID, "The push-id supplied was not unique" },
    { PAP_CODE_CANCEL_NOT_POSSIBLE, "The message cannot be cancelled" },
    { PAP_CODE_INTERNAL_ERROR, "An internal error occurred" },
    { PAP_CODE_NOT_IMPLEMENTED, "The operation is not implemented" },
    { PAP_CODE_VERSION_NOT_SUPPORTED, "The version is not supported" },
    { PAP_CODE_NOT_POSSIBLE, "The operation is not possible" },
    { PAP_CODE_MULTIPLE_ADDRESSES,
      "Multiple addresses are not supported" },
    { PAP_CODE_TRANSFORMATION_FAILURE,
      "The message could not be transformed" },
    { PAP_CODE_DELIVERY_METHOD, "The delivery method is not possible" },
    { PAP_CODE_NETWORK_NOT_AVAILABLE,
      "The required network is not available" },
    { PAP_CODE_BEARER_NOT_AVAILABLE,
      "The required bearer is not available" },
    { PAP_CODE_REPLACEMENT, "Replacement is not supported" },
    { PAP_CODE_SERVICE_FAILURE,
      "The service failed; the request may be repeated" },
    { PAP_CODE_SERVICE_UNAVAILABLE,
      "The service is temporarily unavailable" },
    { 5000, "The client aborted the operation" }
};

const char *pap_code_text(int code)
{
    const size_t n = sizeof(codes) / sizeof(codes[0]);
    int wanted[2];
    size_t i;
    int k;

    wanted[0] = code;
    wanted[1] = code - code % 1000;
    for (k = 0; k < 2; ++k)
        for (i = 0; i < n; ++i)
            if (codes[i].code == wanted[k])
                return codes[i].text;
    return "Unknown status code";
}

const char *pap_state_name(PapState state)
{
    switch (state) {
    case PAP_STATE_REJECTED: return "rejected";
    case PAP_STATE_PENDING: return "pending";
    case PAP_STATE_DELIVERED: return "delivered";
    case PAP_STATE_UNDELIVERABLE: return "undeliverable";
    case PAP_STATE_EXPIRED: return "expired";
    case PAP_STATE_ABORTED: return "aborted";
    case PAP_STATE_TIMEOUT: return "timeout";
    case PAP_STATE_CANCELLED: return "cancelled";
    case PAP_STATE_UNKNOWN: return "unknown";
    }
    return "unknown";
}

/* --- time --------------------------------------------------------------- */

static int digits(const char *text, int n)
{
    int value = 0;

    while (n-- > 0)
        value = 10 * value + (*text++ - '0');
    return value;
}

bool pap_time_parse(const char *text, int64_t *epoch_s)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    struct tm tm = { 0 }, back;
    time_t when;
    size_t i;

    if (strlen(text) != sizeof(form) - 1)
        return false;
    for (i = 0; i < sizeof(form) - 1; ++i)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9'
                           : text[i] != form[i])
            return false;
    tm.tm_year = digits(text, 4) - 1900;
    tm.tm_mon = digits(text + 5, 2) - 1;
    tm.tm_mday = digits(text + 8, 2);
    tm.tm_hour = digits(text + 11, 2);
    tm.tm_min = digits(text + 14, 2);
    tm.tm_sec = digits(text + 17, 2);
    back = tm;
    when = timegm(&back);
    /* timegm() turns 31 February into 3 March: a date that changed was
     * none. */
    if (back.tm_year != tm.tm_year || back.tm_mon != tm.tm_mon ||
        back.tm_mday != tm.tm_mday || back.tm_hour != tm.tm_hour ||
        back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
        return false;
    *epoch_s = when;
    return true;
}

char *pap_time_format(int64_t epoch_s, char out[PAP_TIME_SIZE])
{
    time_t when = (time_t)epoch_s;
    struct tm tm;

    if (gmtime_r(&when, &tm) == NULL || tm.tm_year < -1900 ||
        tm.tm_year > 8099 ||
        strftime(out, PAP_TIME_SIZE, "%04Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        memcpy(out, "1970-01-01T00:00:00Z", PAP_TIME_SIZE);
    return out;
}

/* --- quality of service ------------------------------------------------- */

static const char *const flags[] = { "true", "false", NULL };
static const char *const priorities[] = { "low", "medium", "high", NULL };
static const char *const methods[] = {
    "confirmed", "preferconfirmed", "unconfirmed", "notspecified", NULL
};

static const struct {
    const char *name;
    const char *const *values;      /* NULL: any text of QOS_CHARACTERS */
    const char *wrong;
} qos_attributes[PAP_QOS_COUNT] = {
    [PAP_QOS_PRIORITY] =
        { "priority", priorities, "priority must be high, medium or low" },
    [PAP_QOS_DELIVERY_METHOD] =
        { "delivery-method", methods, "delivery-method must be confirmed, "
          "preferconfirmed, unconfirmed or notspecified" },
    [PAP_QOS_NETWORK] = { "network", NULL, "network is not a known name" },
    [PAP_QOS_NETWORK_REQUIRED] =
        { "network-required", flags, "network-required must be true or "
          "false" },
    [PAP_QOS_BEARER] = { "bearer", NULL, "bearer is not a known name" },
    [PAP_QOS_BEARER_REQUIRED] =
        { "bearer-required", flags, "bearer-required must be true or false" }
};

/* Of all network and bearer names in WDP appendix C; never one that means
 * something in the compact text. */
#define QOS_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
                       "abcdefghijklmnopqrstuvwxyz0123456789 /_.-"

const char *pap_qos_name(PapQosAttribute attribute)
{
    return qos_attributes[attribute].name;
}

const char *pap_qos_set(PapQos *qos, const char *name, const char *value)
{
    const char *const *allowed;
    int i;

    for (i = 0; i < PAP_QOS_COUNT; ++i)
        if (strcmp(name, qos_attributes[i].name) == 0)
            break;
    if (i == PAP_QOS_COUNT)
        return "quality-of-service has an unknown attribute";
    allowed = qos_attributes[i].values;
    /* The host compares without case; the echo is in the DTD's own. */
    while (allowed != NULL && *allowed != NULL &&
           strcasecmp(*allowed, value) != 0)
        ++allowed;
    if (allowed != NULL)
        value = *allowed;
    if (value == NULL || *value == '\0' ||
        strlen(value) >= PAP_QOS_VALUE_SIZE ||
        value[strspn(value, QOS_CHARACTERS)] != '\0')
        return qos_attributes[i].wrong;
    strcpy(qos->value[i], value);
    qos->present = true;
    return NULL;
}

PapPriority pap_qos_priority(const PapQos *qos)
{
    const char *value = qos->value[PAP_QOS_PRIORITY];

    if (strcmp(value, "high") == 0)
        return PAP_PRIORITY_HIGH;
    if (strcmp(value, "low") == 0)
        return PAP_PRIORITY_LOW;
    return PAP_PRIORITY_MEDIUM;
}

static const char *const versions[] = {
    [PAP_1_0] = "1.0", [PAP_2_0] = "2.0", [PAP_2_1] = "2.1"
};

char *pap_qos_format(const PapQos *qos)
{
    char text[(PAP_QOS_COUNT + 1) * (PAP_QOS_VALUE_SIZE + 20)] = "";
    size_t used = 0;
    int i;

    if (!qos->present && qos->version == PAP_1_0)
        return NULL;
    for (i = 0; i < PAP_QOS_COUNT; ++i)
        if (qos->value[i][0] != '\0')
            used += (size_t)snprintf(text + used, sizeof(text) - used,
                                     "%s%s=%s", used > 0 ? ";" : "",
                                     qos_attributes[i].name, qos->value[i]);
    if (qos->version != PAP_1_0)
        snprintf(text + used, sizeof(text) - used, "%spap=%s",
                 qos->present ? ";" : "", versions[qos->version]);
    return strdup(text);
}

static bool parse_version(PapQos *qos, const char *name, const char *value)
{
    int i;

    if (strcmp(name, "pap") != 0)
        return false;
    for (i = PAP_1_0; i <= PAP_2_1; ++i)
        if (strcmp(value, versions[i]) == 0)
            qos->version = (PapVersion)i;
    return true;
}

void pap_qos_parse(PapQos *qos, const char *text)
{
    char item[PAP_QOS_VALUE_SIZE + 20], *equals;
    size_t len;

    memset(qos, 0, sizeof(*qos));
    if (text == NULL)
        return;
    qos->present = strncmp(text, "pap=", 4) != 0;
    for (; *text != '\0'; text += len + (text[len] == ';')) {
        len = strcspn(text, ";");
        if (len >= sizeof(item))
            continue;
        memcpy(item, text, len);
        item[len] = '\0';
        equals = strchr(item, '=');
        if (equals == NULL)
            continue;
        *equals = '\0';
        if (!parse_version(qos, item, equals + 1))
            pap_qos_set(qos, item, equals + 1);
    }
}

void pap_text_free(char *text)
{
    free(text);
}

/* --- characters --------------------------------------------------------- */

/* The length of the sequence that `lead` begins, 0 if it begins none. */
static size_t sequence_length(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    if (lead >= 0xF0 && lead <= 0xF4)
        return 4;
    return 0;
}

int pap_text_next(const char *text, size_t len, size_t *pos)
{
    static const int smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *p = (const unsigned char *)text + *pos;
    size_t n = sequence_length(p[0]), i;
    int c;

    if (n == 0 || n > len - *pos) {
        ++*pos;
        return -1;
    }
    c = n == 1 ? p[0] : p[0] & (0xFF >> (n + 1));
    for (i = 1; i < n; ++i) {
        if ((p[i] & 0xC0) != 0x80) {
            ++*pos;
            return -1;
        }
        c = c << 6 | (p[i] & 0x3F);
    }
    if (c < smallest[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ||
        c == 0xFFFE || c == 0xFFFF ||
        (c < 0x20 && c != '\t' && c != '\n' && c != '\r')) {
        ++*pos;
        return -1;
    }
    *pos += n;
    return c;
}

bool pap_text_valid(const char *text, size_t len)
{
    size_t pos = 0;

    while (pos < len)
        if (pap_text_next(text, len, &pos) < 0)
            return false;
    return true;
}
