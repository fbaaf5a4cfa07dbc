/*
 * pap_types.h - the vocabulary of the Push Access Protocol
 *
 * Codes, message states, times and quality of service as PAP (WAP-164,
 * WAP-247) names them, shared by the reader and the writer of documents.
 * Plain C: nothing here knows Kannel or libxml2.
 */

#ifndef CONVOY_PAP_TYPES_H
#define CONVOY_PAP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of a document, by its DOCTYPE. */
typedef enum {
    PAP_1_0,                    /* also what names no version we know */
    PAP_2_0,
    PAP_2_1
} PapVersion;

/* Named unlike the host's own PAP_* values, which some files see too. */
typedef enum {
    PAP_CODE_OK = 1000,
    PAP_CODE_ACCEPTED = 1001,
    PAP_CODE_BAD_REQUEST = 2000,
    PAP_CODE_FORBIDDEN = 2001,
    PAP_CODE_ADDRESS_ERROR = 2002,
    PAP_CODE_ADDRESS_NOT_FOUND = 2003,
    PAP_CODE_PUSH_ID_NOT_FOUND = 2004,
    PAP_CODE_DUPLICATE_PUSH_ID = 2007,
    PAP_CODE_CANCEL_NOT_POSSIBLE = 2008,
    PAP_CODE_INTERNAL_ERROR = 3000,
    PAP_CODE_NOT_IMPLEMENTED = 3001,
    PAP_CODE_VERSION_NOT_SUPPORTED = 3002,
    PAP_CODE_NOT_POSSIBLE = 3003,
    PAP_CODE_MULTIPLE_ADDRESSES = 3005,
    PAP_CODE_TRANSFORMATION_FAILURE = 3006,
    PAP_CODE_DELIVERY_METHOD = 3007,
    PAP_CODE_NETWORK_NOT_AVAILABLE = 3009,
    PAP_CODE_BEARER_NOT_AVAILABLE = 3010,
    PAP_CODE_REPLACEMENT = 3011,
    PAP_CODE_SERVICE_FAILURE = 4000,
    PAP_CODE_SERVICE_UNAVAILABLE = 4001
} PapCode;

/* What `code` means, for the desc attribute; one that is not in the list
 * above counts as its x000. Never NULL. */
const char *pap_code_text(int code);

typedef enum {
    PAP_STATE_REJECTED,
    PAP_STATE_PENDING,
    PAP_STATE_DELIVERED,
    PAP_STATE_UNDELIVERABLE,
    PAP_STATE_EXPIRED,
    PAP_STATE_ABORTED,
    PAP_STATE_TIMEOUT,
    PAP_STATE_CANCELLED,
    PAP_STATE_UNKNOWN
} PapState;

/* The value of the message-state attribute. */
const char *pap_state_name(PapState state);

/*
 * Times are YYYY-MM-DDThh:mm:ssZ, always UTC; here they are seconds since
 * the epoch. pap_time_parse() takes that form and no other (no fraction, no
 * offset) and returns false for anything else, impossible dates included.
 * pap_time_format() needs PAP_TIME_SIZE octets and returns `out`.
 */
#define PAP_TIME_SIZE 21

bool pap_time_parse(const char *text, int64_t *epoch_s);
char *pap_time_format(int64_t epoch_s, char out[PAP_TIME_SIZE]);

typedef enum {
    PAP_PRIORITY_LOW,
    PAP_PRIORITY_MEDIUM,
    PAP_PRIORITY_HIGH
} PapPriority;

/* The names of the attributes of quality-of-service, in DTD order. */
typedef enum {
    PAP_QOS_PRIORITY,
    PAP_QOS_DELIVERY_METHOD,
    PAP_QOS_NETWORK,
    PAP_QOS_NETWORK_REQUIRED,
    PAP_QOS_BEARER,
    PAP_QOS_BEARER_REQUIRED,
    PAP_QOS_COUNT
} PapQosAttribute;

#define PAP_QOS_VALUE_SIZE 32

/* A quality-of-service element, and the version of the document that it was
 * in, or was not; "" is an attribute that was not given. */
typedef struct {
    PapVersion version;
    bool present;
    char value[PAP_QOS_COUNT][PAP_QOS_VALUE_SIZE];
} PapQos;

const char *pap_qos_name(PapQosAttribute attribute);

/* Sets one attribute by its name. Returns NULL, or a static text that says
 * what is wrong with it. */
const char *pap_qos_set(PapQos *qos, const char *name, const char *value);

PapPriority pap_qos_priority(const PapQos *qos);

/*
 * The compact text in which a quality of service waits in the database
 * until the notification echoes it: name=value;name=value. A version that is
 * not 1.0 is one more item, pap=2.0, the last; with nothing but a ; before it
 * the element had no attributes. format returns NULL if the element was absent
 * in a document of version 1.0, else a string for pap_text_free(). parse leaves
 * out what it cannot understand; NULL gives an absent one.
 */
char *pap_qos_format(const PapQos *qos);
void pap_qos_parse(PapQos *qos, const char *text);

/* free() for the strings that the pap functions return: files that see the
 * host's gwlib cannot call free() itself. NULL is allowed. */
void pap_text_free(char *text);

/*
 * Decodes the character at text[*pos] of UTF-8 and moves *pos behind it.
 * Returns -1 for what is not a character that XML 1.0 and PostgreSQL both
 * take (malformed, a surrogate, a control other than tab, CR and LF); *pos
 * then moves by one octet.
 */
int pap_text_next(const char *text, size_t len, size_t *pos);

/* True if all of `text` is such characters. */
bool pap_text_valid(const char *text, size_t len);

#endif
