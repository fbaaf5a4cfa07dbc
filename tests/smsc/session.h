/*
 * session.h - the SMPP session of a link: which PDU goes where.
 */
#ifndef SMSC_SESSION_H
#define SMSC_SESSION_H

#include "smpp_pdu.h"
#include "smsc.h"

struct link;

/* A whole PDU has come; may close the link. */
void session_handle(struct link *link, const struct smpp_header *header,
                    const uint8_t *body, size_t size);

/* The length of a PDU cannot be right, so nothing behind it can be read:
 * nacks and closes the link. */
void session_bad_length(struct link *link, const struct smpp_header *header);

/* Journals "bad-pdu"; the caller answers it. */
void session_bad_pdu(struct link *link, const struct smpp_header *header,
                     uint32_t status);

#endif
