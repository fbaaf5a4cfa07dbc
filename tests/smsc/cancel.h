/*
 * cancel.h - cancel_sm and query_sm.
 */
#ifndef SMSC_CANCEL_H
#define SMSC_CANCEL_H

#include "smpp_pdu.h"
#include "smsc.h"

struct link;

void cancel_handle(struct link *link, const struct smpp_header *header,
                   const uint8_t *body, size_t size);
void query_handle(struct link *link, const struct smpp_header *header,
                  const uint8_t *body, size_t size);

#endif
