/*
 * pap_inquiry.h - what a PI asks about a push that it has submitted
 *
 * A status query and a cancel are one kind of document: a push-id, and the
 * addresses that are meant, none standing for all. The answers are alike,
 * too: what was found of each address (pap_write.h).
 */

#ifndef CONVOY_PAP_INQUIRY_H
#define CONVOY_PAP_INQUIRY_H

#include "pap/pap_read.h"

typedef enum {
    PAP_STATUS_QUERY,
    PAP_CANCEL
} PapInquiryKind;

typedef struct {
    PapVersion version;
    PapInquiryKind kind;
    char *push_id;
    char **addresses;               /* address-value, as the PI wrote it */
    int address_count;              /* 0: all of the push */
} PapInquiry;

/*
 * Reads a statusquery-message or a cancel-message. Returns true; or false
 * with `fault` filled in, for a badmessage-response in inquiry->version. In
 * both cases the caller frees what is in `inquiry` with pap_inquiry_clear().
 * Any thread, after pap_read_init().
 */
bool pap_read_inquiry(const char *xml, size_t len, PapInquiry *inquiry,
                      PapFault *fault);

void pap_inquiry_clear(PapInquiry *inquiry);

#endif
