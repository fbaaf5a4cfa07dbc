/*
 * standins.c - see standins.h.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../smsc/buffer.h"
#include "../smsc/table.h"
#include "octets.h"
#include "standins.h"

enum {
    ROUNDS = 10,
    PIECE = 64,                 /* characters permuted together, at most */
    DIGEST = 32,                /* half of them take an octet each */
    PHONE_DIGITS = 7, COUNTRY_DIGITS = 2,
    CACHE_PLACES = 16384, CACHE_WORD = 30
};

/* What changes within a character: its value is (*at - base) % radix. */
struct symbol {
    uint8_t *at, base, radix;
};

/* A word and its stand-in, so that the usual ones are worked out once. */
struct cached {
    uint8_t size, charset, word[CACHE_WORD], standin[CACHE_WORD];
};

struct standins {
    EVP_MAC *mac;
    EVP_MAC_CTX *context;
    char fingerprint[STANDINS_FINGERPRINT + 1];
    struct cached *cache;
};

static void require(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "%s: ", what);
        ERR_print_errors_fp(stderr);
        exit(1);
    }
}

static void digest(struct standins *standins, const uint8_t *bytes,
                   size_t size, uint8_t out[DIGEST])
{
    size_t length;

    /* no key: the same again */
    require(EVP_MAC_init(standins->context, NULL, 0, NULL) == 1
            && EVP_MAC_update(standins->context, bytes, size) == 1
            && EVP_MAC_final(standins->context, out, &length, DIGEST) == 1
            && length == DIGEST, "HMAC-SHA256");
}

struct standins *standins_new(const void *key, size_t size)
{
    static char hash_name[] = "SHA256";
    static const uint8_t purpose[] = "convoy-trace fingerprint";
    struct standins *standins = mem_new(sizeof(*standins));
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash_name, 0),
        OSSL_PARAM_construct_end()
    };
    uint8_t out[DIGEST];

    standins->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    require(standins->mac != NULL, "HMAC");
    standins->context = EVP_MAC_CTX_new(standins->mac);
    require(standins->context != NULL
            && EVP_MAC_init(standins->context, key, size, parameters) == 1,
            "HMAC-SHA256");
    standins->cache = mem_new(CACHE_PLACES * sizeof(*standins->cache));
    digest(standins, purpose, sizeof(purpose) - 1, out);
    octets_to_hex(standins->fingerprint, out, STANDINS_FINGERPRINT / 2);
    return standins;
}

void standins_free(struct standins *standins)
{
    if (standins == NULL)
        return;
    EVP_MAC_CTX_free(standins->context);
    EVP_MAC_free(standins->mac);
    OPENSSL_cleanse(standins->cache,
                    CACHE_PLACES * sizeof(*standins->cache));
    free(standins->cache);
    free(standins);
}

const char *standins_fingerprint(const struct standins *standins)
{
    return standins->fingerprint;
}

/* --- characters -------------------------------------------------------- */

static bool is_ascii_word(uint8_t octet)
{
    return (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'z')
           || (octet >= 'A' && octet <= 'Z');
}

/* The length of the character if it belongs to a word, else 0. */
static size_t word_character(const uint8_t *bytes, size_t size,
                             enum standins_charset charset)
{
    if (size == 0 || bytes[0] < 0x80)
        return size > 0 && is_ascii_word(bytes[0]);
    return charset == STANDINS_LATIN ? bytes[0] >= 0xc0
                                     : octets_character(bytes, size);
}

/* The symbols of one character; at most two. What an octet behind the first
 * may be depends on the first (RFC 3629); U+FFFE and U+FFFF, which XML does
 * not allow, are out of reach. */
static size_t character_symbols(uint8_t *at, size_t length,
                                enum standins_charset charset,
                                struct symbol *symbols)
{
    uint8_t lead = at[0];
    size_t count = 0;

    if (lead >= '0' && lead <= '9') {
        symbols[count++] = (struct symbol) { at, '0', 10 };
    } else if (lead >= 'a' && lead <= 'z') {
        symbols[count++] = (struct symbol) { at, 'a', 26 };
    } else if (lead >= 'A' && lead <= 'Z') {
        symbols[count++] = (struct symbol) { at, 'A', 26 };
    } else if (charset == STANDINS_LATIN) {
        symbols[count++] = (struct symbol) { at, 0xc0, 64 };
    } else if (lead != 0xef) {
        if (length == 3 && lead != 0xe0 && lead != 0xed)
            symbols[count++] = (struct symbol) { at + 1, 0x80, 64 };
        else if (lead == 0xe0)
            symbols[count++] = (struct symbol) { at + 1, 0xa0, 32 };
        else if (length == 4)
            symbols[count++] = (struct symbol) { at + 2, 0x80, 64 };
        symbols[count++] = (struct symbol) { at + length - 1, 0x80, 64 };
    }
    return count;
}

/* --- the permutation --------------------------------------------------- */

/* Adds to the symbols [to, to + count) what follows from [from, ...). The
 * octets before `count` tell rounds, shapes and prefixes apart. */
static void feistel_round(struct standins *standins,
                          const struct symbol *from, size_t from_count,
                          const struct symbol *to, size_t to_count,
                          uint8_t *input, size_t used)
{
    uint8_t out[DIGEST];
    size_t i;

    for (i = 0; i < from_count; i++)
        input[used++] = *from[i].at;
    digest(standins, input, used, out);
    for (i = 0; i < to_count; i++)
        *to[i].at = (uint8_t) (to[i].base + (*to[i].at - to[i].base + out[i])
                               % to[i].radix);
}

/* Permutes the symbols of one piece. `tweak` is a number that tells pieces
 * apart which are to have permutations of their own. */
static void permute(struct standins *standins, const struct symbol *symbols,
                    size_t count, unsigned tweak)
{
    uint8_t input[8 + 2 * PIECE + PIECE];
    size_t half = count / 2, used = 0, i;
    int round;

    input[used++] = 0;                  /* the round */
    input[used++] = (uint8_t) count;
    input[used++] = (uint8_t) (tweak >> 8);
    input[used++] = (uint8_t) tweak;
    for (i = 0; i < count; i++) {
        input[used++] = symbols[i].base;
        input[used++] = symbols[i].radix;
    }
    for (round = 0; round < ROUNDS; round++) {
        input[0] = (uint8_t) round;
        if (round % 2 == 0)
            feistel_round(standins, symbols, half, symbols + half,
                          count - half, input, used);
        else
            feistel_round(standins, symbols + half, count - half, symbols,
                          half, input, used);
    }
}

/* --- words and numbers ------------------------------------------------- */

static bool is_kept_word(const uint8_t *word, size_t size)
{
    static const char *const kept[] = {
        "http", "https", "www", "com", "edu", "net", "org"
    };
    size_t i;

    for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (strlen(kept[i]) == size
            && strncasecmp(kept[i], (const char *) word, size) == 0)
            return true;
    return false;
}

static bool is_number(const uint8_t *word, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++)
        if (word[i] < '0' || word[i] > '9')
            return false;
    return true;
}

/* Where the number begins among so many digits: two zeros may precede it. */
static size_t international(const struct symbol *digits, size_t count)
{
    return count >= PHONE_DIGITS + 2 && *digits[0].at == '0'
           && *digits[1].at == '0' ? 2 : 0;
}

static void permute_number(struct standins *standins,
                           const struct symbol *digits, size_t count)
{
    size_t first = international(digits, count);
    unsigned country = 0;

    if (count - first >= PHONE_DIGITS) {
        country = (unsigned) (*digits[first].at - '0') * 10
                  + (unsigned) (*digits[first + 1].at - '0') + 1;
        first += COUNTRY_DIGITS;
    }
    permute(standins, digits + first, count - first, country);
}

void standins_number(struct standins *standins, uint8_t *bytes, size_t size)
{
    struct symbol digits[PIECE];
    size_t count = 0, i;

    for (i = 0; i < size; i++) {
        if (bytes[i] >= '0' && bytes[i] <= '9')
            character_symbols(bytes + i, 1, STANDINS_UTF8, &digits[count++]);
        if (count > 0 && (count == PIECE || i + 1 == size)) {
            permute_number(standins, digits, count);
            count = 0;
        }
    }
}

/* One piece after the other. */
static void permute_word(struct standins *standins, uint8_t *word,
                         size_t size, enum standins_charset charset)
{
    struct symbol symbols[PIECE];
    size_t count = 0, at, length;
    unsigned piece = 0;

    for (at = 0; at < size; at += length) {
        length = word_character(word + at, size - at, charset);
        count += character_symbols(word + at, length, charset,
                                   symbols + count);
        if (count > 0 && (count > PIECE - 2 || at + length == size)) {
            permute(standins, symbols, count, piece++ & 0xffff);
            count = 0;
        }
    }
}

static void work_out(struct standins *standins, uint8_t *word, size_t size,
                     enum standins_charset charset)
{
    if (is_kept_word(word, size))
        return;
    if (is_number(word, size))
        standins_number(standins, word, size);
    else
        do          /* this walk along a cycle is a permutation, too */
            permute_word(standins, word, size, charset);
        while (is_kept_word(word, size));
}

void standins_word(struct standins *standins, uint8_t *word, size_t size,
                   enum standins_charset charset)
{
    struct cached *cached;

    if (size > CACHE_WORD) {
        work_out(standins, word, size, charset);
        return;
    }
    cached = &standins->cache[hash_finish(hash_bytes(HASH_START, word, size))
                              % CACHE_PLACES];
    if (cached->size != size || cached->charset != charset
        || memcmp(cached->word, word, size) != 0) {
        cached->size = (uint8_t) size;
        cached->charset = (uint8_t) charset;
        memcpy(cached->word, word, size);
        work_out(standins, word, size, charset);
        memcpy(cached->standin, word, size);
    }
    memcpy(word, cached->standin, size);
}

size_t standins_word_length(const uint8_t *bytes, size_t size,
                            enum standins_charset charset)
{
    size_t at = 0, length;

    while ((length = word_character(bytes + at, size - at, charset)) > 0)
        at += length;
    return at;
}

void standins_text(struct standins *standins, uint8_t *text, size_t size,
                   enum standins_charset charset)
{
    size_t at, length;

    for (at = 0; at < size; at += length > 0 ? length : 1) {
        length = standins_word_length(text + at, size - at, charset);
        if (length > 0)
            standins_word(standins, text + at, length, charset);
    }
}
