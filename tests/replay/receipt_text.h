/*
 * receipt_text.h - what a receipt says (SMPP 3.4, 5.2.12 and appendix B).
 */
#ifndef RECEIPT_TEXT_H
#define RECEIPT_TEXT_H

#include <stdbool.h>

#include "../smsc/smpp_pdu.h"

enum { RECEIPT_ID_SIZE = 65 };

struct receipt {
    char message_id[RECEIPT_ID_SIZE];   /* "": none, or one too long */
    const char *state;                  /* "DELIVRD", ..., "NOSTAT" */
    bool interim;                       /* an intermediate notification */
};

/* False if the message is no receipt but from a phone. `beside` are its
 * optional parameters; they count for more than the text as to the message
 * id, and for less as to the state. */
bool receipt_read(struct receipt *receipt, const struct smpp_submit *sms,
                  const struct smpp_receipt *beside);

#endif
