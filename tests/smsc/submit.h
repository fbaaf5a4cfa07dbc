/*
 * submit.h - submit_sm.
 */
#ifndef SMSC_SUBMIT_H
#define SMSC_SUBMIT_H

#include "smpp_pdu.h"
#include "smsc.h"

struct link;

void submit_handle(struct link *link, const struct smpp_header *header,
                   const uint8_t *body, size_t size);

/* Write the answers that fell due while the link was paused. */
void submit_link_resumed(struct link *link);

/* Answers that were still to come on this link never will. */
void submit_link_lost(struct link *link);

#endif
