/*
 * pap_text.c - the values inside PAP documents
 *
 * The input is one text; it is taken for an address, a time and a quality of
 * service as the database keeps it, and for text to be quoted or stored.
 */

#include "fuzz.h"

#include <ctype.h>
#include <strings.h>

#include "pap/pap_address.h"
#include "pap/pap_types.h"
#include "store/utf8.h"

/* What is accepted goes into the ledger and to the host's own reader. */
static void check_address(const char *text)
{
    const char *wrong = pap_address_check(text);

    REQUIRE(wrong == NULL || wrong[0] != '\0');
    if (wrong != NULL)
        return;
    REQUIRE(strlen(text) <= PAP_MAX_ADDRESS);
    REQUIRE(strcasestr(text, "WAPPUSH=") != NULL);
    REQUIRE(strcasestr(text, "/TYPE=") != NULL);
    for (; *text != '\0'; text++)
        REQUIRE(isgraph((unsigned char) *text) && strchr("<>&\"'", *text)
                == NULL);
}

static void check_time(const char *text)
{
    char again[PAP_TIME_SIZE];
    int64_t epoch_s;

    if (pap_time_parse(text, &epoch_s))
        REQUIRE(strcmp(pap_time_format(epoch_s, again), text) == 0);
}

/* What it understood it must write so that it understands the same. */
static void check_qos(const char *text)
{
    PapQos qos, again;
    char *written;

    pap_qos_parse(&qos, text);
    written = pap_qos_format(&qos);
    pap_qos_parse(&again, written);
    REQUIRE(again.present == qos.present && again.version == qos.version);
    for (int i = 0; i < PAP_QOS_COUNT; i++)
        REQUIRE(strcmp(qos.value[i], again.value[i]) == 0);
    pap_text_free(written);
}

/* The store's idea of UTF-8 is XML's, but for what XML alone forbids. */
static void check_utf8(const char *text)
{
    size_t len = strlen(text), valid = utf8_valid_prefix(text, len), escaped;
    char *to = malloc(len * UTF8_ESCAPED_MAX + 1);

    REQUIRE(!pap_text_valid(text, len) || valid == len);
    escaped = utf8_escape(to, text, len);
    REQUIRE(escaped <= len * UTF8_ESCAPED_MAX);
    REQUIRE(utf8_valid_prefix(to, escaped) == escaped);
    REQUIRE(memcmp(to, text, valid) == 0);
    free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    check_address(text);
    check_time(text);
    check_qos(text);
    check_utf8(text);
    free(text);
    return 0;
}
