/*
 * standins.h - keyed stand-ins for words and numbers, of the same length.
 *
 * A stand-in is a permutation of all words of one shape, chosen by a secret
 * key: digits become digits, letters letters of the same case, a character of
 * several octets one of as many octets. So two words never share a stand-in,
 * a word has the same one wherever it stands, and who has the key, and only
 * he, can find it out. The permutation is a Feistel network of ten rounds
 * over the characters, as format-preserving encryption has it (NIST SP
 * 800-38G), with HMAC-SHA256 as its round function.
 *
 * What remains to be seen: lengths, which words are equal, and a few words
 * and digits that are kept (see below).
 */
#ifndef STANDINS_H
#define STANDINS_H

#include <stddef.h>
#include <stdint.h>

struct standins;

enum standins_charset {
    STANDINS_UTF8,
    STANDINS_LATIN              /* ISO-8859-x: one octet a character */
};

enum { STANDINS_KEY_MIN = 16, STANDINS_FINGERPRINT = 16 };

/* Never NULL. The key is not needed any more afterwards. */
struct standins *standins_new(const void *key, size_t size);
void standins_free(struct standins *standins);

/* Tells keys apart, and nothing else of them. Lives as long as `standins`. */
const char *standins_fingerprint(const struct standins *standins);

/* The length of the word that begins here: a run of ASCII letters and digits
 * and of characters beyond ASCII. 0: none does. */
size_t standins_word_length(const uint8_t *bytes, size_t size,
                            enum standins_charset charset);

/* Puts the stand-in in place of a word. A word of digits alone is a number,
 * as below. Kept are http, https, www, com, edu, net and org, in any case,
 * which WBXML makes shorter; no stand-in is one of them. */
void standins_word(struct standins *standins, uint8_t *word, size_t size,
                   enum standins_charset charset);

/* The same for the number that all digits among the octets make together,
 * whatever stands between them. Of seven digits or more the first two are
 * kept, as it may be a phone number, and they its country; two zeros before
 * seven digits or more are no part of the number. */
void standins_number(struct standins *standins, uint8_t *bytes, size_t size);

/* Every word of a text. */
void standins_text(struct standins *standins, uint8_t *text, size_t size,
                   enum standins_charset charset);

#endif
