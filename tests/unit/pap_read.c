/*
 * pap_read.c - what the reader makes of good and hostile documents
 *
 * A case is a row: a document and the code and words of its refusal, or
 * none. The last tests feed documents that are damaged at every octet.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pap/pap_read.h"

#define XML "<?xml version=\"1.0\"?>"
#define DOCTYPE(id) "<!DOCTYPE pap PUBLIC \"" id "\" \"pap.dtd\">"
#define PAP10 DOCTYPE("-//WAPFORUM//DTD PAP 1.0//EN")
#define ADDRESS "<address address-value=\"WAPPUSH=+1/TYPE=PLMN@a.b\"/>"
#define PUSH(attributes, children) \
    XML PAP10 "<pap><push-message push-id=\"a@b\" " attributes ">" \
    children "</push-message></pap>"

static const char full[] =
    XML PAP10
    "<pap product-name=\"x\">\n<!-- a note -->"
    "<push-message push-id=\"id&amp;&lt;1&gt;@pi\"\n"
    " deliver-before-timestamp=\"2026-12-24T18:00:00Z\"\n"
    " deliver-after-timestamp=\"2026-12-24T06:30:01Z\"\n"
    " source-reference=\"r&#233;f\"\n"
    " progress-notes-requested=\"True\"\n"
    " ppg-notify-requested-to=\"http://pi.example/n?a=1&amp;b=2\">\n"
    "<address address-value=\"WAPPUSH=+358401/TYPE=PLMN@ppg.example\">"
    "</address>\n"
    "<quality-of-service priority=\"high\" delivery-method=\"unconfirmed\""
    " network-required=\"true\" network=\"GSM\" bearer-required=\"TRUE\""
    " bearer=\"SMS\"/>\n"
    "</push-message></pap>\n";

static void reads_everything(void **state)
{
    PapFault fault;
    PapPush push;
    char *qos;

    (void)state;
    assert_true(pap_read_push(full, strlen(full), &push, &fault));
    assert_int_equal(push.version, PAP_1_0);
    assert_string_equal(push.push_id, "id&<1>@pi");
    assert_string_equal(push.source_reference, "r\xc3\xa9" "f");
    assert_string_equal(push.notify_url, "http://pi.example/n?a=1&b=2");
    assert_true(push.progress_notes);
    assert_true(push.has_before);
    assert_true(push.has_after);
    assert_int_equal(push.deliver_before_s, 1798135200);
    assert_int_equal(push.deliver_after_s, 1798135200 - 41399);
    assert_int_equal(push.address_count, 1);
    assert_string_equal(push.addresses[0],
                        "WAPPUSH=+358401/TYPE=PLMN@ppg.example");
    assert_int_equal(pap_qos_priority(&push.qos), PAP_PRIORITY_HIGH);
    qos = pap_qos_format(&push.qos);
    assert_string_equal(qos, "priority=high;delivery-method=unconfirmed;"
                        "network=GSM;network-required=true;bearer=SMS;"
                        "bearer-required=true");
    free(qos);
    pap_push_clear(&push);
}

static void reads_the_least(void **state)
{
    static const char xml[] = "<pap><push-message push-id='1'>"
        ADDRESS ADDRESS "</push-message></pap>";
    PapFault fault;
    PapPush push;

    (void)state;
    assert_true(pap_read_push(xml, strlen(xml), &push, &fault));
    assert_null(push.notify_url);
    assert_null(push.source_reference);
    assert_false(push.has_before);
    assert_false(push.has_after);
    assert_false(push.qos.present);
    assert_int_equal(push.address_count, 2);
    assert_int_equal(pap_qos_priority(&push.qos), PAP_PRIORITY_MEDIUM);
    pap_push_clear(&push);
}

static void knows_versions(void **state)
{
    static const struct {
        const char *doctype;
        PapVersion version;
    } cases[] = {
        { "", PAP_1_0 },
        { DOCTYPE("-//WAPFORUM//DTD PAP//EN"), PAP_1_0 },
        { DOCTYPE("-//WAPFORUM//DTD PAP 1.0//EN"), PAP_1_0 },
        { DOCTYPE("-//WAPFORUM//DTD PAP 2.1//EN"), PAP_2_1 },
        { "<!DOCTYPE pap PUBLIC \"-//WAPFORUM//DTD PAP 2.0//EN\" "
          "\"http://www.wapforum.org/DTD/pap_2.0.dtd\" "
          "[<?wap-pap-ver supported-versions=\"2.0,1.*\"?>]>", PAP_2_0 },
        { DOCTYPE("-//WAPFORUM//DTD PAP 9.9//EN"), PAP_1_0 }
    };
    char xml[1024];
    PapFault fault;
    PapPush push;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        snprintf(xml, sizeof(xml), "%s%s<pap><push-message push-id='1'>"
                 ADDRESS "</push-message></pap>", XML, cases[i].doctype);
        assert_true(pap_read_push(xml, strlen(xml), &push, &fault));
        assert_int_equal(push.version, cases[i].version);
        pap_push_clear(&push);
    }
}

typedef struct {
    const char *name, *xml;
    PapCode code;
    const char *words;              /* in the desc */
    bool has_id;                    /* can be answered by push-response */
} Refusal;

#define BAD PAP_CODE_BAD_REQUEST

static const Refusal refusals[] = {
    { "empty", "", BAD, "empty", false },
    { "not xml", "hello", BAD, "well-formed", false },
    { "truncated", XML "<pap><push-message push-id='1'>", BAD, "well-formed",
      false },
    { "two roots", "<pap/><pap/>", BAD, "well-formed", false },
    { "twice the same attribute", "<pap><push-message push-id='1' "
      "push-id='2'/></pap>", BAD, "redefined", false },
    { "another root", "<wml/>", BAD, "one push-message", false },
    { "empty pap", "<pap/>", BAD, "one push-message", false },
    { "two messages", "<pap><push-message push-id='1'>" ADDRESS
      "</push-message><push-message push-id='2'>" ADDRESS
      "</push-message></pap>", BAD, "one push-message", false },
    { "another message", "<pap><cancel-message push-id='1'/></pap>", BAD,
      "one push-message", false },
    { "no push-id", "<pap><push-message>" ADDRESS "</push-message></pap>",
      BAD, "no push-id", false },
    { "empty push-id", "<pap><push-message push-id=''>" ADDRESS
      "</push-message></pap>", BAD, "no push-id", false },
    { "no address", PUSH("", ""), PAP_CODE_ADDRESS_ERROR, "no address",
      true },
    { "address without value", PUSH("", "<address/>"), BAD, "address-value",
      true },
    { "address with more", PUSH("", "<address address-value='x' y='z'/>"),
      BAD, "nothing else", true },
    { "address with a child", PUSH("", "<address address-value='x'><b/>"
      "</address>"), BAD, "nothing else", true },
    { "qos first", PUSH("", "<quality-of-service/>" ADDRESS),
      PAP_CODE_ADDRESS_ERROR, "no address", true },
    { "qos twice", PUSH("", ADDRESS "<quality-of-service/>"
      "<quality-of-service/>"), BAD, "misplaced", true },
    { "unknown element", PUSH("", ADDRESS "<foo/>"), BAD, "misplaced", true },
    { "unknown priority", PUSH("", ADDRESS "<quality-of-service "
      "priority='urgent'/>"), BAD, "priority", true },
    { "unknown qos attribute", PUSH("", ADDRESS "<quality-of-service "
      "colour='red'/>"), BAD, "unknown attribute", true },
    { "strange bearer", PUSH("", ADDRESS "<quality-of-service "
      "bearer='a;b'/>"), BAD, "bearer", true },
    { "unknown attribute", PUSH("foo='1'", ADDRESS), BAD, "foo", true },
    { "wrong flag", PUSH("progress-notes-requested='maybe'", ADDRESS), BAD,
      "progress-notes-requested", true },
    { "wrong method", PUSH("replace-push-id='z' replace-method='some'",
      ADDRESS), BAD, "replace-method must be all or pending-only", true },
    { "fraction of a second", PUSH("deliver-before-timestamp="
      "'2026-01-01T00:00:00.5Z'", ADDRESS), BAD, "deliver-before", true },
    { "offset", PUSH("deliver-after-timestamp='2026-01-01T00:00:00+01:00'",
      ADDRESS), BAD, "deliver-after", true },
    { "31 February", PUSH("deliver-before-timestamp='2026-02-31T00:00:00Z'",
      ADDRESS), BAD, "deliver-before", true },
    { "entity declared", XML "<!DOCTYPE pap [<!ENTITY a 'b'>]><pap>"
      "<push-message push-id='&a;'>" ADDRESS "</push-message></pap>", BAD,
      "declares an entity", false },
    { "external entity", XML "<!DOCTYPE pap [<!ENTITY a SYSTEM "
      "'file:///etc/passwd'>]><pap>&a;</pap>", BAD, "declares an entity",
      false },
    { "parameter entity", XML "<!DOCTYPE pap [<!ENTITY % a SYSTEM "
      "'http://127.0.0.1:1/'> %a;]><pap/>", BAD, "declares an entity",
      false },
    { "billion laughs", XML "<!DOCTYPE pap [<!ENTITY a 'aaaaaaaaaa'>"
      "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
      "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>"
      "<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>]><pap><push-message "
      "push-id='&d;&d;&d;&d;'/></pap>", BAD, "declares an entity", false },
    { "undeclared entity", XML PAP10 "<pap><push-message push-id='&foo;'>"
      ADDRESS "</push-message></pap>", BAD, "undeclared entity", false },
    { "default attribute", XML "<!DOCTYPE pap [<!ATTLIST push-message "
      "push-id CDATA 'x'>]><pap><push-message>" ADDRESS
      "</push-message></pap>", BAD, "declares", false },
    { "element declared", XML "<!DOCTYPE pap [<!ELEMENT pap ANY>]><pap/>",
      BAD, "declares", false },
    { "deep", "<pap><a><b><c><d/></c></b></a></pap>", BAD, "deep", false },
    { "namespace", "<pap xmlns='urn:x'/>", BAD, "namespaces", false },
    { "prefix", "<pap><push-message xml:push-id='1'/></pap>", BAD,
      "namespaces", false },
    { "latin-1 said to be utf-8", "<?xml version='1.0' encoding='UTF-8'?>"
      "<pap><push-message push-id='\xe9'/></pap>", BAD, "well-formed",
      false },
    { "koi8", "<?xml version='1.0' encoding='KOI8-R'?><pap/>", BAD,
      "encoding", false },
    { "no such encoding", "<?xml version='1.0' encoding='FOO-8'?><pap/>",
      BAD, "well-formed", false },
    { "control character", "<pap><push-message push-id='&#1;'/></pap>", BAD,
      "well-formed", false }
};

static void refuses(void **state)
{
    const Refusal *c;
    PapFault fault;
    PapPush push;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); ++i) {
        c = &refusals[i];
        memset(&fault, 0, sizeof(fault));
        if (pap_read_push(c->xml, strlen(c->xml), &push, &fault))
            fail_msg("%s: was taken", c->name);
        if (fault.code != c->code || strstr(fault.desc, c->words) == NULL ||
            (push.push_id != NULL) != c->has_id)
            fail_msg("%s: %d %s (push-id %s)", c->name, (int)fault.code,
                     fault.desc, push.push_id ? push.push_id : "none");
        pap_push_clear(&push);
    }
}

static void refuses_octets(void **state)
{
    static const char nul[] = "<pap>\0</pap>";
    static const char utf16[] = "\xff\xfe<\0p\0a\0p\0/\0>\0";
    PapFault fault;
    PapPush push;

    (void)state;
    assert_false(pap_read_push(nul, sizeof(nul) - 1, &push, &fault));
    assert_non_null(strstr(fault.desc, "NUL"));
    assert_false(pap_read_push(utf16, sizeof(utf16) - 1, &push, &fault));
    assert_non_null(strstr(fault.desc, "NUL"));
}

static void takes_latin1(void **state)
{
    static const char xml[] = "<?xml version='1.0' encoding='ISO-8859-1'?>"
        "<pap><push-message push-id='\xe9'>" ADDRESS "</push-message></pap>";
    PapFault fault;
    PapPush push;

    (void)state;
    assert_true(pap_read_push(xml, strlen(xml), &push, &fault));
    assert_string_equal(push.push_id, "\xc3\xa9");
    pap_push_clear(&push);
}

/* A document of `octets` around a push-id as long. */
static char *padded(size_t octets)
{
    static const char head[] = "<pap><push-message push-id='";
    static const char tail[] = "'>" ADDRESS "</push-message></pap>";
    char *xml = malloc(sizeof(head) + octets + sizeof(tail));

    strcpy(xml, head);
    memset(xml + sizeof(head) - 1, 'x', octets);
    strcpy(xml + sizeof(head) - 1 + octets, tail);
    return xml;
}

static void bounds_sizes(void **state)
{
    static const struct {
        size_t octets;
        bool good;
    } cases[] = {
        { PAP_MAX_VALUE, true }, { PAP_MAX_VALUE + 1, false },
        { PAP_MAX_DOCUMENT - 500, false }, { PAP_MAX_DOCUMENT, false },
        { 10 << 20, false }
    };
    PapFault fault;
    PapPush push;
    size_t i;
    char *xml;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        xml = padded(cases[i].octets);
        assert_int_equal(pap_read_push(xml, strlen(xml), &push, &fault),
                         cases[i].good);
        pap_push_clear(&push);
        free(xml);
    }
}

/* 1,000 addresses of 64 octets more than one needs. */
static void reads_many_addresses(void **state)
{
    static char xml[PAP_MAX_DOCUMENT];
    char host[64];
    size_t used;
    PapFault fault;
    PapPush push;
    int i, n;

    (void)state;
    memset(host, 'h', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    for (n = PAP_MAX_ADDRESSES; n <= PAP_MAX_ADDRESSES + 1; ++n) {
        used = (size_t)sprintf(xml, "<pap><push-message push-id='1'>");
        for (i = 0; i < n; ++i)
            used += (size_t)sprintf(xml + used, "<address address-value="
                "'WAPPUSH=+4670%07d/TYPE=PLMN@%s'/>", i, host);
        used += (size_t)sprintf(xml + used, "</push-message></pap>");
        assert_int_equal(pap_read_push(xml, used, &push, &fault),
                         n == PAP_MAX_ADDRESSES);
        assert_int_equal(push.address_count, PAP_MAX_ADDRESSES);
        pap_push_clear(&push);
    }
    assert_int_equal(fault.code, PAP_CODE_MULTIPLE_ADDRESSES);
}

static void reads_replacements(void **state)
{
    static const struct {
        const char *attributes, *replaces;
        bool pending_only;
    } cases[] = {
        { "", NULL, false },
        { "replace-push-id=''", NULL, false },
        { "replace-push-id='z@y'", "z@y", false },
        { "replace-method='all' replace-push-id='z@y'", "z@y", false },
        { "replace-push-id='z' replace-method='pending-only'", "z", true }
    };
    char xml[500];
    PapFault fault;
    PapPush push;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        snprintf(xml, sizeof(xml), "<pap><push-message push-id='1' %s>"
                 ADDRESS "</push-message></pap>", cases[i].attributes);
        assert_true(pap_read_push(xml, strlen(xml), &push, &fault));
        assert_int_equal(push.pending_only, cases[i].pending_only);
        if (cases[i].replaces == NULL)
            assert_null(push.replaces);
        else
            assert_string_equal(push.replaces, cases[i].replaces);
        pap_push_clear(&push);
    }
}

/* However they are written; other elements may have as many again. */
static void bounds_attributes(void **state)
{
    static const char *const forms[][2] = {
        { " a", "='1'" }, { "\na", "\t=\n \"1\"" }, { " a", "='>'" },
        { " xmlns:n", "='u'" }
    };
    char xml[2 * 20 * (PAP_MAX_ATTRIBUTES + 1)];
    PapFault fault;
    PapPush push;
    size_t used, i;
    int count, n, k;

    (void)state;
    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); ++i)
        for (count = PAP_MAX_ATTRIBUTES; count <= PAP_MAX_ATTRIBUTES + 1;
             ++count) {
            used = (size_t)sprintf(xml, "<pap>");
            for (k = 0; k < 2; ++k) {
                used += (size_t)sprintf(xml + used, "<x");
                for (n = 0; n < count; ++n)
                    used += (size_t)snprintf(xml + used, 20, "%s%d%s",
                                             forms[i][0], n, forms[i][1]);
                used += (size_t)sprintf(xml + used, "/>");
            }
            used += (size_t)sprintf(xml + used, "</pap>");
            assert_false(pap_read_push(xml, used, &push, &fault));
            assert_int_equal(strstr(fault.desc, "more than 100") != NULL,
                             count > PAP_MAX_ATTRIBUTES);
            pap_push_clear(&push);
        }
}

static void reads_notification_responses(void **state)
{
    static const struct {
        const char *xml;
        int code;                   /* 0: refused */
    } cases[] = {
        { XML PAP10 "<pap><resultnotification-response push-id='1' "
          "code='1000' desc='ok'/></pap>", 1000 },
        { "<pap><resultnotification-response push-id='1' code='2000'>"
          ADDRESS "</resultnotification-response></pap>", 2000 },
        { "<pap><resultnotification-response push-id='1'/></pap>", 0 },
        { "<pap><resultnotification-response code='x'/></pap>", 0 },
        { "<pap><resultnotification-response code='10000'/></pap>", 0 },
        { "<pap><push-response code='1000'/></pap>", 0 },
        { "<html>thanks</html>", 0 },
        { "OK", 0 },
        { "", 0 }
    };
    size_t i;
    int code;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        code = 0;
        assert_int_equal(
            pap_read_notification_response(cases[i].xml,
                                           strlen(cases[i].xml), &code),
            cases[i].code != 0);
        assert_int_equal(code, cases[i].code);
    }
}

/* Every prefix of a good document is refused, none is read beyond. */
static void survives_truncation(void **state)
{
    const size_t whole = strlen(full) - 1;      /* the last is a newline */
    PapFault fault;
    PapPush push;
    size_t len;
    char *copy;

    (void)state;
    for (len = 0; len < whole; ++len) {
        copy = malloc(len + 1);
        memcpy(copy, full, len);
        assert_false(pap_read_push(copy, len, &push, &fault));
        pap_push_clear(&push);
        free(copy);
    }
}

/* Flips bits by a fixed seed; whatever comes out must be whole. */
static void survives_damage(void **state)
{
    const size_t len = strlen(full);
    unsigned seed = 20260101, rounds, flips;
    char copy[sizeof(full)];
    PapFault fault;
    PapPush push;
    int code;

    (void)state;
    for (rounds = 0; rounds < 5000; ++rounds) {
        memcpy(copy, full, sizeof(full));
        for (flips = 0; flips <= rounds % 4; ++flips) {
            seed = seed * 1103515245u + 12345u;
            copy[(seed >> 8) % len] ^= (char)(1 << ((seed >> 4) % 8));
        }
        memset(&fault, 0, sizeof(fault));
        if (pap_read_push(copy, len, &push, &fault)) {
            assert_non_null(push.push_id);
            assert_true(push.address_count > 0);
        } else {
            assert_true(fault.code >= 2000);
            assert_true(fault.desc[0] != '\0');
        }
        pap_push_clear(&push);
        pap_read_notification_response(copy, len, &code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything),
        cmocka_unit_test(reads_the_least),
        cmocka_unit_test(knows_versions),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_octets),
        cmocka_unit_test(takes_latin1),
        cmocka_unit_test(bounds_sizes),
        cmocka_unit_test(reads_many_addresses),
        cmocka_unit_test(reads_replacements),
        cmocka_unit_test(bounds_attributes),
        cmocka_unit_test(reads_notification_responses),
        cmocka_unit_test(survives_truncation),
        cmocka_unit_test(survives_damage)
    };

    pap_read_init();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
