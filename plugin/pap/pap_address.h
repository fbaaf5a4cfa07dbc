/*
 * pap_address.h - is this a client address the gateway can serve?
 *
 * The grammar is WAP-151 section 7: WAPPUSH=value/TYPE=type@ppg.host, in any
 * case, with an optional leading slash and an optional @host. The host's own
 * compiler reads it from the back, and an address without WAPPUSH= or TYPE=
 * makes it loop for ever; so an address is checked here before it gets there.
 */

#ifndef CONVOY_PAP_ADDRESS_H
#define CONVOY_PAP_ADDRESS_H

#include <stdbool.h>

#define PAP_MAX_ADDRESS 256     /* octets */

/*
 * Returns NULL if `address` is a phone number or an IP address in that
 * grammar, else a static text that says what is wrong with it.
 */
const char *pap_address_check(const char *address);

/*
 * Writes to `key` what two spellings of one address have in common: without
 * case, leading slash, host, and the dashes and dots of a number. Returns
 * what pap_address_check() says of it; `key` is set only if that is NULL.
 */
const char *pap_address_key(const char *address,
                            char key[PAP_MAX_ADDRESS + 1]);

/* The phone number, as it was written, + and all; false for an address that
 * is not one of TYPE=PLMN. `address` must be a good one. */
bool pap_address_number(const char *address, char number[PAP_MAX_ADDRESS + 1]);

#endif
