/*
 * pap_read.h - reading PAP documents
 *
 * Every document comes from outside and is taken for hostile (pap_xml.h);
 * what does not fit the DTD is refused with words for the one who wrote it.
 * Any thread, after one call of pap_read_init().
 */

#ifndef CONVOY_PAP_READ_H
#define CONVOY_PAP_READ_H

#include "pap/pap_types.h"

/* Addresses of one push. */
#define PAP_MAX_ADDRESSES 1000

/* Octets of one document: 128 for each of so many addresses, and the rest. */
#define PAP_MAX_DOCUMENT 147456

/* Attributes of one element; PAP has twelve at most. What libxml2 does is in
 * the square of their number. */
#define PAP_MAX_ATTRIBUTES 100

/* Octets of the longest attribute value that is taken. */
#define PAP_MAX_VALUE 2048

/* Why a document was refused: the code and the desc of the answer. */
typedef struct {
    PapCode code;
    char desc[200];
} PapFault;

/* The control entity of a push. Strings are never empty but NULL. */
typedef struct {
    PapVersion version;
    char *push_id;
    char *source_reference;
    char *notify_url;               /* ppg-notify-requested-to */
    char *replaces;                 /* replace-push-id */
    bool pending_only;              /* the replace-method, else all */
    bool has_before, has_after;
    int64_t deliver_before_s, deliver_after_s;      /* epoch */
    bool progress_notes;            /* progress-notes-requested */
    PapQos qos;
    char **addresses;               /* address-value, at least one */
    int address_count;
} PapPush;

/*
 * Whether no element has more than PAP_MAX_ATTRIBUTES, in any XML document
 * and without a parser; a text with so many =" counts as such an element.
 */
bool pap_attributes_are_few(const char *xml, size_t len);

/* Once, by the main thread, before any document is read. */
void pap_read_init(void);

/*
 * Reads the control entity of a push: exactly one push-message. Returns
 * true; or false with `fault` filled in, and then as much of `push` as could
 * be read: with a push_id the answer can be a push-response. In both cases
 * the caller frees what is in `push` with pap_push_clear().
 */
bool pap_read_push(const char *xml, size_t len, PapPush *push,
                   PapFault *fault);

void pap_push_clear(PapPush *push);

/* Gives `push` another push_id, a copy of `id`. */
void pap_push_set_id(PapPush *push, const char *id);

/*
 * Reads a resultnotification-response, what a PI answers to a notification.
 * Returns true and sets *code, or false if it is not one.
 */
bool pap_read_notification_response(const char *xml, size_t len, int *code);

#endif
