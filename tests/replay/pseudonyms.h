/*
 * pseudonyms.h - takes the people out of a record.
 *
 * Phone numbers, URLs and texts become stand-ins of the same length
 * (standins.h), wherever they stand: in the PAP document, in the content, in
 * headers, in what the SMSC saw. What machines need stays: markup, element
 * and attribute names, addresses' WAPPUSH= and TYPE=, dates, the words of
 * PAP, the headers that the PPG obeys. README.md lists it.
 */
#ifndef PSEUDONYMS_H
#define PSEUDONYMS_H

#include <stdbool.h>

#include "trace.h"

struct pseudonyms;

/* For --help: the key, and both options of everything that makes traces. */
#define PSEUDONYMS_KEY_HELP \
    "    --key FILE         the secret key of the stand-ins, 16 octets or" \
    " more:\n" \
    "                       traces made with one key have the same" \
    " stand-ins. Without\n" \
    "                       it a new key is made for this trace, and" \
    " forgotten\n"
#define PSEUDONYMS_HELP PSEUDONYMS_KEY_HELP \
    "    --no-pseudonyms    writes phone numbers, URLs and texts as they" \
    " are: whoever\n" \
    "                       reads the trace reads people's messages\n"

/* `key_path` is a file; NULL: a random key. NULL, and why in `error`, if it
 * cannot be read or is too short. */
struct pseudonyms *pseudonyms_new(const char *key_path,
                                  char error[TRACE_ERROR_SIZE]);
void pseudonyms_free(struct pseudonyms *pseudonyms);    /* NULL: nothing */

/* For the first line of the trace; lives as long as `pseudonyms`. */
const char *pseudonyms_fingerprint(const struct pseudonyms *pseudonyms);

/* Puts stand-ins into the record. What it points to then lives until the
 * next call, and no longer than what it pointed to before. False if the body
 * cannot be understood well enough and was made unknown instead. */
bool pseudonyms_apply(struct pseudonyms *pseudonyms,
                      struct trace_record *record);

#endif
