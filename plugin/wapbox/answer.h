/*
 * answer.h - PAP answers to a held HTTP client
 *
 * PAP has its own codes, so HTTP says 202 whatever they are. Each function
 * uses the client up: exactly one of them, once, for each client. Any thread
 * of the host's (gwthread).
 */

#ifndef CONVOY_ANSWER_H
#define CONVOY_ANSWER_H

#include "gwlib/gwlib.h"

#include "pap/pap_write.h"
#include "wapbox/inquiry.h"
#include "wapbox/push.h"

/* The sender-name of everything the module writes. */
#define ANSWER_SENDER_NAME "Convoy"

/* push-response about `push`, whose client it takes. `desc` NULL: the
 * code's own text. */
void answer_push(Push *push, int code, const char *desc);

/* statusquery-response or cancel-response to `inquiry`, whose client it
 * takes; see pap_write_inquiry_response(). */
void answer_inquiry(Inquiry *inquiry, const PapFinding *findings, int n,
                    const PapQos *qos);

/* badmessage-response, for a request that names no push-id. */
void answer_badmessage(HTTPClient *client, PapVersion version, int code,
                       const char *desc, const Octstr *body);

#endif
