/*
 * store_text.c - texts and connection strings on their way to the database
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libpq-fe.h>

#include "store/args.h"
#include "store/conninfo.h"
#include "store/utf8.h"

static void test_utf8(void **state)
{
    static const struct {
        const char *text, *escaped;
    } CASES[] = {
        { "", "" },
        { "plain", "plain" },
        { "\xc3\xa5\xe2\x82\xac\xf0\x9f\x98\x80",
          "\xc3\xa5\xe2\x82\xac\xf0\x9f\x98\x80" },
        { "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
          "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf" },
        { "Latin \xe5", "Latin \\xE5" },
        { "cut \xe2\x82", "cut \\xE2\\x82" },
        { "\xe2\x82g", "\\xE2\\x82g" },
        { "\xc0\xaf", "\\xC0\\xAF" },                   /* overlong */
        { "\xe0\x9f\xbf", "\\xE0\\x9F\\xBF" },
        { "\xf0\x8f\xbf\xbf", "\\xF0\\x8F\\xBF\\xBF" },
        { "\xed\xa0\x80", "\\xED\\xA0\\x80" },          /* surrogate */
        { "\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80" }, /* too high */
        { "\xf5\x80\x80\x80", "\\xF5\\x80\\x80\\x80" },
        { "\x80\xff", "\\x80\\xFF" }
    };
    char out[64];
    size_t i, len;

    (void) state;
    for (i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
        len = strlen(CASES[i].text);
        out[utf8_escape(out, CASES[i].text, len)] = '\0';
        assert_string_equal(out, CASES[i].escaped);
        assert_int_equal(utf8_valid_prefix(CASES[i].text, len) == len,
                         strcmp(CASES[i].text, CASES[i].escaped) == 0);
    }
}

/* What an empty array and one with a NULL look like on the wire. */
static void test_arrays(void **state)
{
    typedef struct {
        int number;
    } Item;
    static const PgField FIELDS[] = {
        PG_FIELD_NULL(Item, number, INT2, PG_NULL_MINUS)
    };
    static const PgRecord RECORD = PG_RECORD(FIELDS, Item);
    static const Item ITEMS[] = { { 258 }, { -1 }, { -2 } };
    static const unsigned char EMPTY[] = {
        0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 21
    };
    static const unsigned char THREE[] = {
        0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 21, 0, 0, 0, 3, 0, 0, 0, 1,
        0, 0, 0, 2, 1, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 0xff, 0xfe
    };
    const char *values[ARGS_MAX];
    Args args = { .n = 0 };

    (void) state;
    args_text(&args, NULL);
    args_records(&args, &RECORD, NULL, 0);
    args_records(&args, &RECORD, ITEMS, 3);
    args_values(&args, values);
    assert_int_equal(args.n, 3);
    assert_null(values[0]);
    assert_int_equal(args.lengths[1], sizeof(EMPTY));
    assert_memory_equal(values[1], EMPTY, sizeof(EMPTY));
    assert_int_equal(args.lengths[2], sizeof(THREE));
    assert_memory_equal(values[2], THREE, sizeof(THREE));
    args_free(&args);
}

static const char *value_of(const Conninfo *conninfo, const char *keyword)
{
    const char *const *keywords = conninfo_keywords(conninfo);
    int i;

    for (i = 0; keywords[i] != NULL; i++) {
        if (strcmp(keywords[i], keyword) == 0)
            return conninfo_values(conninfo)[i];
    }
    return NULL;
}

static void test_conninfo_defaults(void **state)
{
    Conninfo *conninfo = conninfo_parse("host=h password='a b' "
                                        "tcp_user_timeout=7", "me", NULL);

    (void) state;
    assert_non_null(conninfo);
    assert_string_equal(value_of(conninfo, "password"), "a b");
    assert_string_equal(value_of(conninfo, "tcp_user_timeout"), "7");
    assert_string_equal(value_of(conninfo, "keepalives_idle"), "10");
    assert_string_equal(value_of(conninfo, "application_name"), "me");
    assert_string_equal(value_of(conninfo, "client_encoding"), "UTF8");
    assert_string_equal(value_of(conninfo, "target_session_attrs"),
                        "read-write");
    assert_int_equal(conninfo_timeout_s(conninfo), 3);
    conninfo_free(conninfo);

    conninfo = conninfo_parse("connect_timeout=0 target_session_attrs=any",
                              "me", NULL);
    assert_int_equal(conninfo_timeout_s(conninfo), 3);
    assert_string_equal(value_of(conninfo, "target_session_attrs"), "any");
    conninfo_free(conninfo);
}

static void test_conninfo_hosts(void **state)
{
    Conninfo *conninfo = conninfo_parse("host=a,bb,c port=1,2,3", "me",
                                        NULL);

    (void) state;
    conninfo_next_host(conninfo);
    assert_string_equal(value_of(conninfo, "host"), "bb,c,a");
    assert_string_equal(value_of(conninfo, "port"), "2,3,1");
    conninfo_next_host(conninfo);
    conninfo_next_host(conninfo);
    assert_string_equal(value_of(conninfo, "host"), "a,bb,c");
    conninfo_free(conninfo);

    conninfo = conninfo_parse("host=a,b port=5", "me", NULL);
    conninfo_next_host(conninfo);
    assert_string_equal(value_of(conninfo, "host"), "b,a");
    assert_string_equal(value_of(conninfo, "port"), "5");
    conninfo_free(conninfo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_conninfo_defaults),
        cmocka_unit_test(test_conninfo_hosts)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
