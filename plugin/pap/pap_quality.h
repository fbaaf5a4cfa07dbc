/*
 * pap_quality.h - what of a quality of service SMS can give
 *
 * A push to a phone number goes over SMS in a GSM network, without a session:
 * nothing on the phone confirms it to the PPG. Any thread.
 */

#ifndef CONVOY_PAP_QUALITY_H
#define CONVOY_PAP_QUALITY_H

#include "pap/pap_types.h"

/*
 * 0 if SMS can give what is asked for, else the code of the refusal with
 * *desc, a static text. A method or a bearer that is only preferred is never
 * a reason to refuse.
 */
int pap_quality_refusal(const PapQos *qos, const char **desc);

/* True if it asks for nothing that the host reads in a way of its own: it
 * would open a session for a push that prefers to be confirmed. */
bool pap_quality_is_plain(const PapQos *qos);

#endif
