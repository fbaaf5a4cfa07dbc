/*
 * octets.h - octets as text: hexadecimal and base64 (RFC 4648), strictly.
 */
#ifndef OCTETS_H
#define OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `out` has room for 2 * size + 1, or 4 * ((size + 2) / 3) + 1 characters;
 * they end with NUL. */
void octets_to_hex(char *out, const uint8_t *bytes, size_t size);
void octets_to_base64(char *out, const uint8_t *bytes, size_t size);

/* False if `text` is not what octets_to_...() writes (hexadecimal may be in
 * capitals). `out` has room for length / 2, or length / 4 * 3 octets; how
 * many there are goes to `size`. */
bool octets_from_hex(uint8_t *out, size_t *size, const char *text,
                     size_t length);
bool octets_from_base64(uint8_t *out, size_t *size, const char *text,
                        size_t length);

/* Whether the octets are UTF-8 without NUL. */
bool octets_are_text(const uint8_t *bytes, size_t size);

/* The length of the UTF-8 character that begins here; 0 if there is none. */
size_t octets_character(const uint8_t *bytes, size_t size);

#endif
