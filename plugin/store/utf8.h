/*
 * utf8.h - text from outside as text that the database takes
 *
 * An SMSC's message id or a PI's header may hold any octets. PostgreSQL
 * refuses a whole batch for one that is not UTF-8, so each octet that is not
 * is written as \xHH. The same octets always give the same text: a message
 * id is still found by its receipt.
 */

#ifndef CONVOY_STORE_UTF8_H
#define CONVOY_STORE_UTF8_H

#include <stddef.h>

enum { UTF8_ESCAPED_MAX = 4 };      /* octets that one octet may become */

/* How many octets from the start are valid UTF-8 (len: all are). */
size_t utf8_valid_prefix(const char *text, size_t len);

/* Writes `text` with its invalid octets escaped to `to`, which has room for
 * len * UTF8_ESCAPED_MAX octets. Returns the number of octets written. */
size_t utf8_escape(char *to, const char *text, size_t len);

#endif
