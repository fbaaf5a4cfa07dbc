/*
 * pap_multipart.c - splitting a push, and judging its address
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pap/pap_address.h"
#include "pap/pap_multipart.h"

#define TYPE "multipart/related; boundary=b1; type=\"application/xml\""
#define CONTROL "Content-Type: application/xml; charset=utf-8\r\n\r\n<pap/>"
#define CONTENT "Content-Type: text/vnd.wap.si\r\nX-Wap-Application-Id: 2" \
                "\r\n\r\n<si/>"
#define GOOD "--b1\r\n" CONTROL "\r\n--b1\r\n" CONTENT "\r\n--b1--"

static void assert_part(const PapPart *part, const char *type,
                        const char *body)
{
    assert_string_equal(part->type, type);
    assert_int_equal(part->len, strlen(body));
    assert_memory_equal(part->body, body, part->len);
}

static void splits(void **state)
{
    static const struct {
        const char *type, *body;
    } cases[] = {
        { TYPE, GOOD },
        { TYPE, "\r\n" GOOD "\r\n" },
        { TYPE, "a preamble\r\n" GOOD " \r\nand an epilogue" },
        { "multipart/related;BOUNDARY=\"b1\"", GOOD },
        { "multipart/related; type=\"application/xml\"; boundary=b1", GOOD },
        { TYPE, "--b1 \t\r\n" CONTROL "\r\n--b1 \r\n" CONTENT "\r\n--b1--" },
        { TYPE, "--b1\r\n" CONTROL "\r\n--b1\r\n" CONTENT "\r\n--b1\r\n"
          "Content-Type: application/xml\r\n\r\n<rdf/>\r\n--b1--\r\n" }
    };
    PapMultipart parts;
    const char *wrong;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        wrong = pap_multipart_split(cases[i].type, cases[i].body,
                                    strlen(cases[i].body), &parts);
        if (wrong != NULL)
            fail_msg("case %zu: %s", i, wrong);
        assert_part(&parts.control, "application/xml; charset=utf-8",
                    "<pap/>");
        assert_part(&parts.content, "text/vnd.wap.si", "<si/>");
    }
}

static void refuses(void **state)
{
    static const struct {
        const char *type, *body, *words;
    } cases[] = {
        { "multipart/related", GOOD, "names no boundary" },
        { "multipart/related; boundary=", GOOD, "empty" },
        { "multipart/related; boundary=\"b1", GOOD, "quotes" },
        { "multipart/related; boundary=\"b 1\"", GOOD, "illegal" },
        { "multipart/related; boundary=b\001", GOOD, "illegal" },
        { "multipart/related; boundary="
          "0123456789012345678901234567890123456789"
          "0123456789012345678901234567890", GOOD, "too long" },
        { "multipart/related; boundary=other", GOOD, "does not occur" },
        { TYPE, "", "does not occur" },
        { TYPE, "--b1", "end its line" },
        { TYPE, "--b1\r\n", "no closing" },
        { TYPE, "--b1\n" CONTROL, "end its line" },
        { TYPE, "--b1\r\n" CONTROL "\r\n--b1\r\n" CONTENT, "no closing" },
        { TYPE, "--b1\r\n" CONTROL "\r\n--b1--", "no content entity" },
        { TYPE, "--b1\r\n\r\n<pap/>\r\n--b1--", "no headers" },
        { TYPE, "--b1\r\nX-Foo: Content-Type: x\r\n\r\n<pap/>\r\n--b1--",
          "no Content-Type" },
        { TYPE, "--b1\r\nContent-Type:\r\n\r\n<pap/>\r\n--b1--",
          "no Content-Type" },
        { TYPE, "--b1\r\n" CONTROL "\r\n--b1x\r\n" CONTENT "\r\n--b1--",
          "end its line" },
        { TYPE, "--b1\r\n" CONTROL "\r\n--b1\r\n" CONTENT "\r\n--b1\r\n"
          CONTENT "\r\n--b1\r\n" CONTENT "\r\n--b1--", "more than three" }
    };
    PapMultipart parts;
    const char *wrong;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        wrong = pap_multipart_split(cases[i].type, cases[i].body,
                                    strlen(cases[i].body), &parts);
        if (wrong == NULL || strstr(wrong, cases[i].words) == NULL)
            fail_msg("case %zu: %s", i, wrong ? wrong : "was taken");
    }
}

static void bounds_headers(void **state)
{
    char body[20000];
    PapMultipart parts;
    size_t used;

    (void)state;
    used = (size_t)sprintf(body, "--b1\r\nContent-Type: ");
    memset(body + used, 'x', 500);
    used += 500;
    used += (size_t)sprintf(body + used, "\r\n\r\n<pap/>\r\n--b1\r\n"
                            CONTENT "\r\n--b1--");
    assert_null(pap_multipart_split(TYPE, body, used, &parts));
    assert_int_equal(strlen(parts.control.type), PAP_MAX_TYPE);

    used = (size_t)sprintf(body, "--b1\r\nX: ");
    memset(body + used, 'x', 10000);
    used += 10000;
    used += (size_t)sprintf(body + used, "\r\n" CONTROL "\r\n--b1\r\n"
                            CONTENT "\r\n--b1--");
    assert_non_null(pap_multipart_split(TYPE, body, used, &parts));
}

/* A part that is found lies inside the body, whatever happened to it. */
static void survives_damage(void **state)
{
    unsigned seed = 7, rounds, flips;
    const size_t whole = strlen(GOOD);
    PapMultipart parts;
    size_t len;
    char *body;

    (void)state;
    for (rounds = 0; rounds < 20000; ++rounds) {
        len = rounds % (whole + 1);
        body = malloc(len + 1);
        memcpy(body, GOOD, len);
        for (flips = 0; len > 0 && flips < rounds % 3; ++flips) {
            seed = seed * 1103515245u + 12345u;
            body[(seed >> 8) % len] ^= (char)(1 << ((seed >> 4) % 8));
        }
        if (pap_multipart_split(TYPE, body, len, &parts) == NULL) {
            assert_true(parts.control.body >= body);
            assert_true(parts.control.body + parts.control.len
                        <= body + len);
            assert_true(parts.content.body + parts.content.len
                        <= body + len);
            assert_true(strlen(parts.control.type) <= PAP_MAX_TYPE);
        }
        free(body);
    }
}

static void finds_parameters(void **state)
{
    static const struct {
        const char *type, *value;
        int found;
    } cases[] = {
        { "application/xml", "", 0 },
        { "application/xml; charset=utf-8", "utf-8", 1 },
        { "application/xml;Charset=\"UTF-8\" ; x=y", "UTF-8", 1 },
        { "application/xml; mycharset=x", "", 0 },
        { "application/xml; charset=\"x", "", -1 },
        { "application/xml; charset=01234567890123456789", "", -1 }
    };
    char value[16];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        value[0] = '\0';
        assert_int_equal(pap_multipart_parameter(cases[i].type, "charset",
                                                 value, sizeof(value)),
                         cases[i].found);
        assert_string_equal(value, cases[i].value);
    }
}

static void judges_addresses(void **state)
{
    static const struct {
        const char *address, *words;    /* words NULL: good */
    } cases[] = {
        { "WAPPUSH=+358401234567/TYPE=PLMN@ppg.carrier.com", NULL },
        { "wappush=+358401234567/type=plmn", NULL },
        { "/WAPPUSH=+1/TYPE=PLMN@localhost", NULL },
        { "WAPPUSH=+358-40.123/TYPE=PLMN@a-b.c1", NULL },
        { "WAPPUSH=10.0.0.1/TYPE=IPv4@ppg.carrier.com", NULL },
        { "WAPPUSH=fe80::1/TYPE=IPv6@ppg.carrier.com", NULL },
        { "", "WAPPUSH=" },
        { "+358401234567", "WAPPUSH=" },
        { "358401234567", "WAPPUSH=" },
        { "TYPE=PLMN", "WAPPUSH=" },
        { "WAPPUSH", "WAPPUSH=" },
        { "WAPPUSH=", "/TYPE=" },
        { "WAPPUSH=+358401234567", "/TYPE=" },
        { "WAPPUSH=+358401234567/PLMN", "/TYPE=" },
        { "WAPPUSH=+358401234567/TYPE=", "must be PLMN" },
        { "WAPPUSH=+1/TYPE=SMS", "must be PLMN" },
        { "WAPPUSH=+1/TYPE=PLMN/TYPE=PLMN", "must be PLMN" },
        { "WAPPUSH=john/TYPE=USER@x.y", "USER" },
        { "WAPPUSH=358401234567/TYPE=PLMN@x.y", "begin with +" },
        { "WAPPUSH=%2B358401234567/TYPE=PLMN@x.y", "%2B" },
        { "WAPPUSH=+/TYPE=PLMN@x.y", "no digits" },
        { "WAPPUSH=+12a/TYPE=PLMN@x.y", "digits" },
        { "WAPPUSH=+1 2/TYPE=PLMN@x.y", "digits" },
        { "WAPPUSH=+123456789012345678901/TYPE=PLMN", "too many" },
        { "WAPPUSH=+1/TYPE=PLMN@", "host" },
        { "WAPPUSH=+1/TYPE=PLMN@a_b", "host" },
        { "WAPPUSH=+1/TYPE=PLMN@a..b", "host" },
        { "WAPPUSH=+1/TYPE=PLMN@.a", "host" },
        { "WAPPUSH=+1/TYPE=PLMN@a.", "host" },
        { "WAPPUSH=+1/TYPE=PLMN@a@b", "host" },
        { "WAPPUSH=/TYPE=IPv4@x.y", "IP address" },
        { "WAPPUSH=host.name/TYPE=IPv4@x.y", "IP address" }
    };
    char longest[PAP_MAX_ADDRESS + 2];
    const char *wrong;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        wrong = pap_address_check(cases[i].address);
        if (cases[i].words == NULL ? wrong != NULL
            : wrong == NULL || strstr(wrong, cases[i].words) == NULL)
            fail_msg("%s: %s", cases[i].address, wrong ? wrong : "taken");
    }
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_non_null(strstr(pap_address_check(longest), "too long"));
}

static void finds_numbers(void **state)
{
    char number[PAP_MAX_ADDRESS + 1];

    (void)state;
    assert_true(pap_address_number("/wappush=+358-40.1/Type=plmn@a.b",
                                   number));
    assert_string_equal(number, "+358-40.1");
    assert_true(pap_address_number("WAPPUSH=+1/TYPE=PLMN", number));
    assert_string_equal(number, "+1");
    assert_false(pap_address_number("WAPPUSH=10.0.0.1/TYPE=IPv4@a", number));
    assert_false(pap_address_number("WAPPUSH=fe80::1/TYPE=IPv6", number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),
        cmocka_unit_test(refuses),
        cmocka_unit_test(bounds_headers),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(finds_parameters),
        cmocka_unit_test(judges_addresses),
        cmocka_unit_test(finds_numbers)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
