/*
 * replay_rewrite.c - what a replay changes in a recorded push, and what it
 * does not send at all
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../replay/rewrite.h"

#define HERE "http://127.0.0.1:9/7"
#define DAY 86400

static const struct {
    const char *body, *sent;    /* NULL: not at all */
} cases[] = {
    { "<pap><push-message push-id=\"a\"/></pap>",
      "<pap><push-message push-id=\"a\"/></pap>" },
    { "<pap><push-message ppg-notify-requested-to=\"http://pi/\" x=\"1\"/>",
      "<pap><push-message ppg-notify-requested-to=\"" HERE "\" x=\"1\"/>" },
    { "<pap><p ppg-notify-requested-to\r\n = 'http://pi/?a=\"b\"'/></pap>",
      "<pap><p ppg-notify-requested-to\r\n = '" HERE "'/></pap>" },
    { "<pap><p ppg-notify-requested-to=\"\" ppg-notify-requested-to='x'/>",
      "<pap><p ppg-notify-requested-to=\"" HERE
      "\" ppg-notify-requested-to='" HERE "'/>" },
    { "<pap><p deliver-before-timestamp=\"2026-02-28T23:59:59Z\"/>",
      "<pap><p deliver-before-timestamp=\"2026-03-01T23:59:59Z\"/>" },
    { "<pap><p deliver-after-timestamp = '2026-12-31T00:00:00Z'/>",
      "<pap><p deliver-after-timestamp = '2027-01-01T00:00:00Z'/>" },
    /* no dates: the PPG refuses them as it did */
    { "<pap><p deliver-before-timestamp=\"tomorrow\"/>",
      "<pap><p deliver-before-timestamp=\"tomorrow\"/>" },
    { "<pap><p deliver-before-timestamp=\"2026-02-30T23:59:59+\"/>",
      "<pap><p deliver-before-timestamp=\"2026-02-30T23:59:59+\"/>" },
    /* obscure */
    { "", NULL },
    { "ppg", NULL },
    { "<!ATTLIST push-message ppg-notify-requested-to CDATA \"http://pi/\">"
      "<pap/>", NULL },
    { "<pap><p ppg-notify-requested-to=http://pi/></pap>", NULL },
    { "<pap><p ppg-notify-requested-to=\"http://pi/></pap>", NULL },
    { "<pap><p ppg-notify-requested-to", NULL },
    { "<?xml version=\"1.0\" encoding='UTF-8'?><pap/>",
      "<?xml version=\"1.0\" encoding='UTF-8'?><pap/>" },
    { "Content-Type: application/xml; charset=iso-8859-1\r\n\r\n<pap/>",
      "Content-Type: application/xml; charset=iso-8859-1\r\n\r\n<pap/>" },
    { "Content-Transfer-Encoding: binary\r\n\r\n<pap/>",
      "Content-Transfer-Encoding: binary\r\n\r\n<pap/>" },
    { "<pap/>\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==",
      "<pap/>\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==" },
    { "<?xml version=\"1.0\" encoding=\"UTF-7\"?><pap/>", NULL },
    { "Content-Type: application/xml; charset = \"UTF-16\"\r\n\r\n<pap/>",
      NULL },
    { "Content-Transfer-Encoding: Quoted-Printable\r\n\r\n<pap>", NULL },
    { "<!DOCTYPE pap [<!ENTITY a \"b\">]><pap>&a;</pap>", NULL },
    { "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nPHBhcD4=\r\n", NULL }
};

static void rewrites(void **state)
{
    const struct rewrite rewrite = { .notify_url = HERE, .later_s = DAY };
    struct buffer out = { .data = NULL };
    size_t i;
    bool sent;

    (void) state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sent = rewrite_body(&out, &rewrite,
                            (const uint8_t *) cases[i].body,
                            strlen(cases[i].body));
        assert_int_equal(sent, cases[i].sent != NULL);
        assert_int_equal(buffer_length(&out),
                         sent ? strlen(cases[i].sent) : 0);
        if (sent)
            assert_memory_equal(buffer_bytes(&out), cases[i].sent,
                                buffer_length(&out));
        buffer_free(&out);
    }
}

static void knows_headers(void **state)
{
    (void) state;
    assert_true(rewrite_drops_header("Content-LENGTH"));
    assert_true(rewrite_drops_header("host"));
    assert_false(rewrite_drops_header("Content-Type"));
    assert_false(rewrite_drops_header("X-Wap-Application-Id"));
    assert_true(rewrite_is_route_header("x-kannel-smsc"));
    assert_true(rewrite_is_route_header("X-Kannel-Smsbox-Id"));
    assert_false(rewrite_is_route_header("X-Kannel-DLR-Mask"));
    assert_true(rewrite_is_report_header("x-kannel-dlr-url"));
    assert_false(rewrite_is_report_header("x-kannel-dlr-mask"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rewrites),
        cmocka_unit_test(knows_headers)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
