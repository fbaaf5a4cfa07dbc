/*
 * replay_pseudonyms.c - stand-ins, and what gets one
 */

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../replay/octets.h"
#include "../replay/pseudonyms.h"
#include "../replay/pseudonyms_body.h"
#include "../replay/standins.h"

#define KEY "0123456789abcdef"

static struct standins *standins;

static int setup(void **state)
{
    (void) state;
    standins = standins_new(KEY, strlen(KEY));
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    standins_free(standins);
    return 0;
}

/* --- words ------------------------------------------------------------- */

/* All words of so many characters from `first`, each of `radix`: their
 * stand-ins are all of them, in another order. */
static void permutes(char first, unsigned radix, size_t length)
{
    unsigned words = 1, number, rest, same = 0;
    bool *seen;
    char word[8];
    size_t i;

    for (i = 0; i < length; i++)
        words *= radix;
    seen = calloc(words, sizeof(*seen));
    for (number = 0; number < words; number++) {
        unsigned standin = 0;
        for (i = 0, rest = number; i < length; i++, rest /= radix)
            word[i] = (char) (first + (int) (rest % radix));
        standins_word(standins, (uint8_t *) word, length, STANDINS_UTF8);
        for (i = length; i-- > 0; ) {
            assert_in_range(word[i], first, first + (int) radix - 1);
            standin = standin * radix + (unsigned) (word[i] - first);
        }
        assert_false(seen[standin]);
        seen[standin] = true;
        same += standin == number;
    }
    /* of a random permutation one stays, on average */
    assert_in_range(same, 0, 12);
    free(seen);
}

static void are_permutations(void **state)
{
    (void) state;
    permutes('0', 10, 1);
    permutes('0', 10, 2);
    permutes('0', 10, 4);
    permutes('a', 26, 1);
    permutes('A', 26, 2);
    permutes('a', 26, 3);
}

static void depend_on_the_key(void **state)
{
    struct standins *other = standins_new("another key, also long", 22);
    char first[] = "Hello", second[] = "Hello", again[] = "Hello";

    (void) state;
    standins_word(standins, (uint8_t *) first, 5, STANDINS_UTF8);
    standins_word(other, (uint8_t *) second, 5, STANDINS_UTF8);
    standins_word(standins, (uint8_t *) again, 5, STANDINS_UTF8);
    assert_string_equal(first, again);
    assert_string_not_equal(first, second);
    assert_string_not_equal(standins_fingerprint(standins),
                            standins_fingerprint(other));
    standins_free(other);
}

static void keep_what_becomes_shorter(void **state)
{
    char text[] = "https://www.com.net/edu?ORG=http";

    (void) state;
    standins_text(standins, (uint8_t *) text, strlen(text), STANDINS_UTF8);
    assert_string_equal(text, "https://www.com.net/edu?ORG=http");
}

/* Every character stays one, of as many octets, that XML allows. */
static void stay_characters(void **state)
{
    static const uint8_t leads[] = {
        0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4
    };
    uint8_t word[5], in[5];
    size_t i, length;
    int second, third;

    (void) state;
    for (i = 0; i < sizeof(leads); i++)
        for (second = 0x80; second < 0xc0; second++)
            for (third = 0x80; third < 0xc0; third += 9) {
                memcpy(in, (uint8_t[]) { leads[i], (uint8_t) second,
                                         (uint8_t) third, 0x80, 'a' }, 5);
                memcpy(word, in, 5);
                length = octets_character(in, 4);
                if (length == 0)
                    continue;
                word[length] = 'a';
                standins_word(standins, word, length + 1, STANDINS_UTF8);
                assert_int_equal(octets_character(word, 4), length);
                assert_true(islower(word[length]));
                if (leads[i] == 0xef)
                    assert_memory_equal(word, in, length);
            }
}

static void numbers_are_the_same_everywhere(void **state)
{
    char plain[] = "46701234567", plus[] = "+46701234567";
    char zeros[] = "0046701234567", dashes[] = "+46-70.123 45-67";
    char text[] = "call 46701234567!", shorter[] = "123456";
    char country[] = "4670123";

    (void) state;
    standins_number(standins, (uint8_t *) plain, strlen(plain));
    standins_number(standins, (uint8_t *) plus, strlen(plus));
    standins_number(standins, (uint8_t *) zeros, strlen(zeros));
    standins_number(standins, (uint8_t *) dashes, strlen(dashes));
    standins_text(standins, (uint8_t *) text, strlen(text), STANDINS_UTF8);
    assert_memory_equal(plain, "46", 2);
    assert_string_not_equal(plain, "46701234567");
    assert_string_equal(plus + 1, plain);
    assert_memory_equal(zeros, "00", 2);
    assert_string_equal(zeros + 2, plain);
    assert_memory_equal(text + 5, plain, 11);
    assert_int_equal(text[16], '!');
    assert_int_equal(dashes[3], '-');
    assert_int_equal(dashes[15], plain[10]);
    standins_number(standins, (uint8_t *) shorter, 6);
    assert_memory_not_equal(shorter, "12", 2);
    standins_number(standins, (uint8_t *) country, 7);
    assert_memory_equal(country, "46", 2);
}

static void long_words_have_pieces(void **state)
{
    static char word[100001], in[100001];

    (void) state;
    memset(in, 'x', 100000);
    memcpy(word, in, sizeof(in));
    standins_word(standins, (uint8_t *) word, 100000, STANDINS_UTF8);
    assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz"), 100000);
    memset(word, '7', 100000);
    standins_word(standins, (uint8_t *) word, 100000, STANDINS_UTF8);
    assert_int_equal(strspn(word, "0123456789"), 100000);
}

/* --- documents --------------------------------------------------------- */

/* Of a text, where what stands between { and } is people's: all of it gets
 * a stand-in, and nothing else changes. */
static void check(const char *marked, const char *content_type)
{
    size_t room = strlen(marked) + 1, size = 0, i;
    char *in = calloc(room, 1), *out = calloc(room, 1);
    char *theirs = calloc(room, 1);
    bool inside = false;

    for (; *marked != '\0'; marked++) {
        if (*marked == '{' || *marked == '}') {
            inside = *marked == '{';
            continue;
        }
        theirs[size] = inside && isalnum((unsigned char) *marked);
        in[size++] = *marked;
    }
    memcpy(out, in, size);
    assert_true(pseudonyms_body(standins, content_type, (uint8_t *) out,
                                size));
    for (i = 0; i < size; i++) {
        char before = in[i], after = out[i];
        if (theirs[i] ? !isalnum((unsigned char) after)
                        || isdigit((unsigned char) before)
                           != isdigit((unsigned char) after)
                        || isupper((unsigned char) before)
                           != isupper((unsigned char) after)
                      : before != after)
            fail_msg("octet %zu of '%s' became '%s'", i, in, out);
        /* a word as a whole has another stand-in than itself */
        if (theirs[i] && (i == 0 || !theirs[i - 1])) {
            size_t length = 1;
            while (i + length < size && theirs[i + length])
                length++;
            if (length > 4 && memcmp(in + i, out + i, length) == 0)
                fail_msg("'%.*s' stayed in '%s'", (int) length, in + i, out);
        }
    }
    free(in);
    free(out);
    free(theirs);
}

static void documents(void **state)
{
    static const char *const cases[] = {
        "<si><indication href=\"http://www.{example}.com/{mail}\" "
        "si-id='{a17}' created=\"2026-01-31T10:00:00Z\" action="
        "\"signal-high\">{You} {have} {1}&amp;{mail}&#229;</indication></si>",
        "<?xml version=\"1.0\"?>\n<!DOCTYPE pap PUBLIC \"-//WAPFORUM//DTD "
        "PAP 2.0//EN\" \"http://www.wapforum.org/DTD/pap_2.0.dtd\" "
        "[<?wap-pap-ver supported-versions=\"2.0,1.*\"?>]><pap "
        "product-name=\"it\"><push-message push-id=\"{message1}@{host}\" "
        "deliver-before-timestamp=\"2026-01-31T10:00:00Z\" "
        "ppg-notify-requested-to=\"http://{initiator}:{80}/{inbox}\" "
        "source-reference=\"{someone}\">"
        "<address address-value=\"WAPPUSH=+46{701234567}/TYPE=PLMN@"
        "{gateway}.{operator}.com\"/><quality-of-service priority=\"high\" "
        "delivery-method=\"unconfirmed\"/></push-message></pap>",
        "<a b = '{secret}' c={secret} {checked} /><!-- {secret} -->",
        "<a><![CDATA[{secret}]]></a><b>{secret}</b>",
        "<a b=\"{unfinished}", "<a {unfinished}", "<!-- {unfinished}",
        "{text} <{1234567890123}> &{broken}; &{broken}", "&{alone}",
        "  \r\n<a>{text}</a>", "\xef\xbb\xbf<a>{text}</a>",
        /* what has no end is text */
        "<?xml version=\"1.0\"><pap a=\"http://{initiator}/\">{text}</pap>"
        "<?other {secret}?>",
        "<?xml version=\"{1}.{0}><{a}>{letter} {hello}\" {there}",
        "<?xml version='{1}.{0}><{a}>{letter} {hello}",
        "<!DOCTYPE si [<!ENTITY a \"{secret}\"> <!ENTITY b SYSTEM "
        "'http://{initiator}/'> ] ><si b=\"{secret}\">{text}</si>",
        "<!DOCTYPE si [<si b=\"{secret}\">{text}</si>",
        "<!DOCTYPE si SYSTEM \"{letter}> <{si}>{hello}",
        "<!DOCTYPE si {letter} {hello}<si {there}>",
        "<!{letter} {46701234567}>",
        /* no names */
        "<b>{call} <+{46701234567}> <{anna}@{example}.com/> {or}</b>",
        "<{tel}:{46701234567}/><a:b2/><a {46701234567}=\"{x}\" {1}=\"{y}\"/>",
        "<?xml-stylesheet href=\"http://{initiator}/{mail}\"?><a>{text}</a>",
        "{plain} {text}, <{not} {xml}>: {x1}", "<", "<>", "</a>", "<a/>",
        "<a b=\"\"/>", "&", "<?xml", "<!DOCTYPE", "<![CDATA["
    };
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check(cases[i], NULL);
}

static void parts(void **state)
{
    static const char type[] = "multipart/related; boundary=\"b1\"";

    (void) state;
    check("{preamble}\r\n--b1\r\nContent-Type: application/xml; "
          "charset=utf-8\r\nX-Wap: {secret}\r\n\r\n<a>{secret}</a>\r\n"
          "--b1\r\nContent-Type: text/plain;\r\n name=kept\r\nSubject: "
          "{letter}\r\n {goes} {on}\r\n\r\n{secret} {text}\r\n--b1--\r\n"
          "{epilogue}", type);
    check("--b1\r\nContent-Type: multipart/mixed;\r\n boundary=b2\r\n\r\n"
          "--b2\r\nContent-Type: a/b\r\n\r\n{secret}\r\n--b2--\r\n"
          "--b1--", type);
    /* without an empty line there are no headers */
    check("--b1\r\nX-Wap: {secret}\r\n<{pap} {x}='{secret}'>{letter} "
          "{46701234567}:{hello}</{pap}>\r\n--b1--", type);
}

static void encoded_parts(void **state)
{
    static const char head[] = "--b1\r\nContent-Transfer-Encoding: ";
    static const char base64[] = "base64\r\n\r\nPGE+c2Vj\r\ncmV0PC9hPg==";
    static const char quoted[] = "Quoted-Printable\r\n\r\n<a b=3D'=C3=A5'"
                                 ">se=\r\ncr=65t</a>=";
    static const char wrong[] = "base64\r\n\r\nsecret";
    static const char *const cases[] = { base64, quoted, wrong };
    char in[200], out[200];
    uint8_t octets[30];
    size_t i, size;

    (void) state;
    for (i = 0; i < 3; i++) {
        snprintf(in, sizeof(in), "%s%s", head, cases[i]);
        memcpy(out, in, sizeof(out));
        assert_true(pseudonyms_body(standins, "multipart/related; "
                                    "boundary=b1", (uint8_t *) out,
                                    strlen(out)));
        assert_int_equal(strlen(out), strlen(in));
        assert_string_not_equal(out, in);
        size = strlen(head);
        if (i == 0) {
            assert_memory_equal(out, in, size + 10 + 4);
            memmove(out + size + 18, out + size + 20, 13);
            assert_true(octets_from_base64(octets, &size, out + size + 10,
                                           20));
            assert_int_equal(size, 13);
            assert_memory_equal(octets, "<a>", 3);
            assert_memory_not_equal(octets + 3, "secret", 6);
            assert_memory_equal(octets + 9, "</a>", 4);
        } else if (i == 1) {
            size += 20;
            assert_memory_equal(out, in, size + 11);
            assert_int_equal(out[size + 11], '=');
            assert_memory_not_equal(out + size + 12, "A5", 2);
            assert_memory_equal(out + size + 14, "'>", 2);
            assert_memory_equal(out + size + 18, "=\r\n", 3);
            assert_memory_equal(out + size + 27, "</a>=", 5);
        }
    }
}

static void finds_strings_in_octets(void **state)
{
    static const uint8_t sic[] = {
        0x02, 0x05, 0x6a, 0x00, 0x45, 0xc6, 0x0c, 0x03, 'm', 'a', 'i', 'l',
        '.', 'x', 0x00, 0x11, 0x03, 'h', 'i', 0x00, 0x01, 0x03, 'l', 'o',
        'n', 'g', 'w', 'o', 'r', 'd', 's', 0x80
    };
    uint8_t out[sizeof(sic)];
    size_t i;

    (void) state;
    memcpy(out, sic, sizeof(sic));
    assert_true(pseudonyms_content(standins, out, sizeof(out)));
    assert_memory_equal(out, sic, 8);
    assert_memory_not_equal(out + 8, sic + 8, 4);
    assert_memory_equal(out + 14, sic + 14, 8);
    assert_memory_not_equal(out + 22, sic + 22, 9);
    for (i = 0; i < sizeof(sic); i++)
        assert_int_equal(islower(out[i]) != 0, islower(sic[i]) != 0);
}

static void other_charsets(void **state)
{
    uint8_t latin[] = "<a b='M\xfcller'>K\xf6ln</a>", in[sizeof(latin)];
    uint8_t wide[] = "<\0a\0>\0", marked[] = "\xff\xfe" "a";

    (void) state;
    memcpy(in, latin, sizeof(in));
    assert_true(pseudonyms_content(standins, latin, sizeof(latin) - 1));
    assert_memory_equal(latin, "<a b='", 6);
    assert_memory_not_equal(latin + 6, in + 6, 6);
    assert_memory_equal(latin + 12, "'>", 2);
    assert_true(latin[7] >= 0xc0);
    assert_false(pseudonyms_content(standins, wide, sizeof(wide) - 1));
    assert_false(pseudonyms_content(standins, marked, sizeof(marked) - 1));
}

/* A body in a part of this type and encoding is not understood. */
static void is_wide(const char *headers, const char *text)
{
    char body[200];

    snprintf(body, sizeof(body), "--b1\r\nContent-Type: %s\r\n\r\n%s",
             headers, text);
    assert_false(pseudonyms_body(standins, "multipart/related; boundary=b1",
                                 (uint8_t *) body, strlen(body)));
}

static void wide_charsets(void **state)
{
    uint8_t big[] = "\0H\0e\0l\0l\0o", little[] = "4\0" "6\0" "7\0";
    uint8_t zeros[] = "\0\0\0\0\0\0\r\n";
    uint8_t mixed[] = "\0H\0e\x4f\x60\0i", cjk[] = "`O}Y";

    (void) state;
    assert_false(pseudonyms_content(standins, big, sizeof(big) - 1));
    assert_false(pseudonyms_content(standins, little, sizeof(little) - 1));
    assert_false(pseudonyms_content(standins, mixed, sizeof(mixed) - 1));
    assert_true(pseudonyms_content(standins, zeros, sizeof(zeros) - 1));
    assert_false(pseudonyms_body(standins, "text/plain; charset=UTF-16LE",
                                 cjk, sizeof(cjk) - 1));
    is_wide("text/plain; charset=\"utf-32\"", "`O}Y");
    is_wide("text/plain; charset=iso-10646-ucs-2", "`O}Y");
    is_wide("text/plain; charset=utf-16\r\n"
            "Content-Transfer-Encoding: base64", "YE99WQ==");
}

/* --- records ----------------------------------------------------------- */

static void no_digit_of_a_number_is_lost(void **state)
{
    static const struct trace_header headers[] = {
        { "Content-Type", "text/plain" }, { "X-Kannel-SMSC", "route1" },
        { "X-Kannel-From", "46701234567" }
    };
    static const uint8_t body[] = "to 46701234567", octets[] = { 1, 2, 3 };
    char error[TRACE_ERROR_SIZE] = "";
    struct pseudonyms *pseudonyms = pseudonyms_new(NULL, error);
    struct trace_record record = trace_clear(TRACE_PUSH, 0);
    char standin[12];

    (void) state;
    assert_non_null(pseudonyms);
    record.push = 1;
    record.url = "/path/wappush?user=somebody&to=46701234567&46701234567&f=";
    record.headers = (struct trace_headers) { headers, 3 };
    record.body = (struct trace_octets) { body, sizeof(body) - 1 };
    assert_true(pseudonyms_apply(pseudonyms, &record));
    memcpy(standin, record.body.bytes + 3, 11);
    standin[11] = '\0';
    assert_string_not_equal(standin, "46701234567");
    assert_string_equal(record.headers.items[0].value, "text/plain");
    assert_string_equal(record.headers.items[1].value, "route1");
    assert_string_equal(record.headers.items[2].value, standin);
    assert_memory_equal(record.url, "/path/wappush?user=", 19);
    assert_memory_not_equal(record.url + 19, "somebody", 8);
    assert_memory_equal(record.url + 27, "&to=", 4);
    assert_memory_equal(record.url + 31, standin, 11);
    assert_int_equal(record.url[42], '&');
    assert_memory_equal(record.url + 43, standin, 11);
    assert_string_equal(record.url + 54, "&f=");

    record = trace_clear(TRACE_SUBMIT, 0);
    record.submit = 1;
    record.dst = "+46701234567";
    record.src = "MyBank";
    record.message = (struct trace_octets) { octets, 3 };
    assert_true(pseudonyms_apply(pseudonyms, &record));
    assert_string_equal(record.dst + 1, standin);
    assert_string_not_equal(record.src, "MyBank");
    assert_null(record.message.bytes);
    assert_int_equal(record.octets, 3);
    pseudonyms_free(pseudonyms);
}

static void refuses_bad_keys(void **state)
{
    char error[TRACE_ERROR_SIZE], path[] = "/tmp/convoy-key.XXXXXX";
    int fd = mkstemp(path);

    (void) state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, KEY, 15), 15);
    assert_null(pseudonyms_new(path, error));
    assert_non_null(strstr(error, "16 octets or more"));
    assert_null(pseudonyms_new("/no/such/file", error));
    assert_non_null(strstr(error, "/no/such/file: No such file"));
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_permutations),
        cmocka_unit_test(depend_on_the_key),
        cmocka_unit_test(keep_what_becomes_shorter),
        cmocka_unit_test(stay_characters),
        cmocka_unit_test(numbers_are_the_same_everywhere),
        cmocka_unit_test(long_words_have_pieces),
        cmocka_unit_test(documents),
        cmocka_unit_test(parts),
        cmocka_unit_test(encoded_parts),
        cmocka_unit_test(finds_strings_in_octets),
        cmocka_unit_test(other_charsets),
        cmocka_unit_test(wide_charsets),
        cmocka_unit_test(no_digit_of_a_number_is_lost),
        cmocka_unit_test(refuses_bad_keys)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
