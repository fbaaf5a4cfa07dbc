/*
 * receipt.h - the deliver_sm that tells what became of a message.
 */
#ifndef SMSC_RECEIPT_H
#define SMSC_RECEIPT_H

#include "message.h"

/* Send a receipt for a message when `due_us` has come; `state` is a
 * message_state or PLAN_RECEIPT_NOSTAT. `interim` marks it as an
 * intermediate notification. The message need not live until then. */
void receipt_schedule(const struct message *message, uint32_t state,
                      int64_t due_us, bool interim);

/* "DELIVRD" and so on; "" for PLAN_RECEIPT_NOSTAT. */
const char *receipt_state_name(uint32_t state);
/* And back; PLAN_RECEIPT_NOSTAT for any other name. */
uint32_t receipt_state_named(const char *name);

#endif
