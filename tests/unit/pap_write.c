/*
 * pap_write.c - the documents that are sent, and the vocabulary
 *
 * What is written is parsed again by libxml2 as a PI would, so that the test
 * does not depend on spacing; hostile text must come back as it went in.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include "pap/pap_write.h"

static xmlDocPtr reparse(char *text)
{
    xmlDocPtr doc;

    assert_non_null(text);
    doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL,
                        XML_PARSE_NONET | XML_PARSE_NOBLANKS);
    assert_non_null(doc);
    free(text);
    return doc;
}

static void assert_attribute(xmlNodePtr node, const char *name,
                             const char *expected)
{
    xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);

    if (expected == NULL)
        assert_null(value);
    else {
        assert_non_null(value);
        assert_string_equal((const char *)value, expected);
    }
    xmlFree(value);
}

static xmlNodePtr child(xmlNodePtr node, const char *name)
{
    assert_non_null(node->children);
    assert_string_equal((const char *)node->children->name, name);
    return node->children;
}

static const char *const hostile[] = {
    "plain", "a<b>&\"c'", "]]>", "<!ENTITY x 'y'>", "tab\tnew\nline\r",
    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "&amp;", "%s%n"
};

static void writes_push_responses(void **state)
{
    static const char *const ids[] = {
        [PAP_1_0] = "-//WAPFORUM//DTD PAP 1.0//EN",
        [PAP_2_0] = "-//WAPFORUM//DTD PAP 2.0//EN",
        [PAP_2_1] = "-//WAPFORUM//DTD PAP 2.1//EN"
    };
    PapPushResponse response = { 0 };
    xmlNodePtr node;
    xmlDocPtr doc;
    size_t i;
    int version;

    (void)state;
    for (version = PAP_1_0; version <= PAP_2_1; ++version)
        for (i = 0; i < sizeof(hostile) / sizeof(hostile[0]); ++i) {
            response.version = version;
            response.push_id = hostile[i];
            response.sender_address = i % 2 ? hostile[i] : NULL;
            response.sender_name = "Convoy";
            response.reply_time_s = 0;
            response.code = PAP_CODE_ACCEPTED;
            response.desc = i % 2 ? hostile[i] : NULL;
            doc = reparse(pap_write_push_response(&response));
            assert_string_equal((const char *)doc->intSubset->ExternalID,
                                ids[version]);
            node = child(xmlDocGetRootElement(doc), "push-response");
            assert_attribute(node, "push-id", hostile[i]);
            assert_attribute(node, "sender-address",
                             response.sender_address);
            assert_attribute(node, "sender-name", "Convoy");
            assert_attribute(node, "reply-time", "1970-01-01T00:00:00Z");
            node = child(node, "response-result");
            assert_attribute(node, "code", "1001");
            assert_attribute(node, "desc", i % 2 ? hostile[i] :
                             "The request has been accepted for processing");
            xmlFreeDoc(doc);
        }
}

static void writes_progress_notes(void **state)
{
    static const PapProgress progress[] = {
        { .stage = "read", .note = "a & b", .time_s = 1 },
        { .stage = "stored", .time_s = 2 }
    };
    const PapPushResponse response = {
        .push_id = "1@pi", .code = PAP_CODE_ACCEPTED,
        .progress = progress, .progress_count = 2
    };
    xmlNodePtr node;
    xmlDocPtr doc;

    (void)state;
    doc = reparse(pap_write_push_response(&response));
    node = child(child(xmlDocGetRootElement(doc), "push-response"),
                 "progress-note");
    assert_attribute(node, "stage", "read");
    assert_attribute(node, "note", "a & b");
    assert_attribute(node, "time", "1970-01-01T00:00:01Z");
    node = node->next;
    assert_string_equal((const char *)node->name, "progress-note");
    assert_attribute(node, "stage", "stored");
    assert_attribute(node, "note", NULL);
    assert_attribute(node, "time", "1970-01-01T00:00:02Z");
    assert_string_equal((const char *)node->next->name, "response-result");
    assert_null(node->next->next);
    xmlFreeDoc(doc);
}

static void writes_badmessage_responses(void **state)
{
    static const char fragment[] = "<a b=\"c\0d\">\x01\xff\xc3";
    char big[4096];
    xmlChar *quoted;
    xmlNodePtr node;
    xmlDocPtr doc;

    (void)state;
    doc = reparse(pap_write_badmessage_response(
        PAP_1_0, PAP_CODE_BAD_REQUEST, "so <bad>", fragment,
        sizeof(fragment) - 1));
    node = child(xmlDocGetRootElement(doc), "badmessage-response");
    assert_attribute(node, "code", "2000");
    assert_attribute(node, "desc", "so <bad>");
    assert_attribute(node, "bad-message-fragment", "<a b=\"c?d\">???");
    xmlFreeDoc(doc);

    memset(big, 'x', sizeof(big));
    doc = reparse(pap_write_badmessage_response(PAP_2_1, 2000, NULL, big,
                                                sizeof(big)));
    node = child(xmlDocGetRootElement(doc), "badmessage-response");
    quoted = xmlGetNoNsProp(node,
                            (const xmlChar *)"bad-message-fragment");
    assert_int_equal(strlen((const char *)quoted), 128);
    xmlFree(quoted);
    xmlFreeDoc(doc);
}

static void writes_notifications(void **state)
{
    PapNotification note = {
        .push_id = "1@pi", .address = "WAPPUSH=+1/TYPE=PLMN@x",
        .sender_name = "Convoy", .received_time_s = 1798135200,
        .event_time_s = 1798135261, .state = PAP_STATE_UNDELIVERABLE,
        .code = PAP_CODE_SERVICE_FAILURE, .desc = "segment 2 <refused>"
    };
    xmlNodePtr node, address;
    xmlDocPtr doc;

    (void)state;
    doc = reparse(pap_write_notification(&note));
    node = child(xmlDocGetRootElement(doc), "resultnotification-message");
    assert_attribute(node, "push-id", "1@pi");
    assert_attribute(node, "received-time", "2026-12-24T18:00:00Z");
    assert_attribute(node, "event-time", "2026-12-24T18:01:01Z");
    assert_attribute(node, "message-state", "undeliverable");
    assert_attribute(node, "code", "4000");
    assert_attribute(node, "desc", "segment 2 <refused>");
    address = child(node, "address");
    assert_attribute(address, "address-value", "WAPPUSH=+1/TYPE=PLMN@x");
    assert_null(address->next);
    xmlFreeDoc(doc);

    pap_qos_parse(&note.qos, "priority=high;delivery-method=notspecified");
    doc = reparse(pap_write_notification(&note));
    node = child(xmlDocGetRootElement(doc), "resultnotification-message");
    node = child(node, "address")->next;
    assert_string_equal((const char *)node->name, "quality-of-service");
    assert_attribute(node, "priority", "high");
    assert_attribute(node, "delivery-method", "unconfirmed");
    assert_attribute(node, "bearer", NULL);
    xmlFreeDoc(doc);

    pap_qos_parse(&note.qos, "pap=2.1");
    doc = reparse(pap_write_notification(&note));
    assert_string_equal((const char *)doc->intSubset->ExternalID,
                        "-//WAPFORUM//DTD PAP 2.1//EN");
    xmlFreeDoc(doc);
}

static void times_go_there_and_back(void **state)
{
    static const int64_t times[] = {
        -62135596800 /* year 1 */, 0, 1, 951782400 /* 29 February 2000 */,
        1798135200, 4102444799
    };
    static const char *const wrong[] = {
        "", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00z",
        "2026-01-01t00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z", "2026-01-01T00:00:00Z ",
        " 2026-01-01T00:00:00Z", "+026-01-01T00:00:00Z",
        "2026-01-01T00:00:00,0Z"
    };
    char text[PAP_TIME_SIZE];
    int64_t back;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(times) / sizeof(times[0]); ++i) {
        pap_time_format(times[i], text);
        assert_int_equal(strlen(text), PAP_TIME_SIZE - 1);
        assert_true(pap_time_parse(text, &back));
        assert_int_equal(back, times[i]);
    }
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i)
        if (pap_time_parse(wrong[i], &back))
            fail_msg("taken: %s", wrong[i]);
    pap_time_format(INT64_MAX, text);
    assert_true(pap_time_parse(text, &back));
}

static void qos_survives_any_text(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "", "" }, { ";;;", "" }, { "priority", "" },
        { "priority=LOW;x=y;bearer=", "priority=low" },
        { "bearer=0123456789012345678901234567890123456789", "" },
        { "network=Paging network;bearer=GUTS/R-Data",
          "network=Paging network;bearer=GUTS/R-Data" },
        { "priority=low;pap=2.0", "priority=low;pap=2.0" },
        { "pap=2.1;priority=low", "priority=low;pap=2.1" },
        { ";pap=2.1", ";pap=2.1" }, { "pap=2.1", "pap=2.1" },
        { "priority=low;pap=9.9", "priority=low" }
    };
    PapQos qos;
    char *text;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        pap_qos_parse(&qos, cases[i].in);
        text = pap_qos_format(&qos);
        assert_string_equal(text, cases[i].out);
        free(text);
    }
    pap_qos_parse(&qos, NULL);
    assert_null(pap_qos_format(&qos));
    pap_qos_parse(&qos, "pap=2.1");
    assert_int_equal(qos.version, PAP_2_1);
    assert_false(qos.present);
}

static void codes_have_texts(void **state)
{
    (void)state;
    assert_string_equal(pap_code_text(2007),
                        "The push-id supplied was not unique");
    assert_string_equal(pap_code_text(2999), pap_code_text(2000));
    assert_string_equal(pap_code_text(4555), pap_code_text(4000));
    assert_string_equal(pap_code_text(-7), "Unknown status code");
    assert_string_equal(pap_state_name(PAP_STATE_EXPIRED), "expired");
}

static void tells_characters(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        { "", true }, { "a\t\r\n", true }, { "\x01", false },
        { "\xc3\xa9", true }, { "\xc3", false }, { "\xa9", false },
        { "\xc0\x80", false }, { "\xe0\x80\x80", false },
        { "\xed\xa0\x80", false }, { "\xef\xbf\xbf", false },
        { "\xf4\x8f\xbf\xbf", true }, { "\xf4\x90\x80\x80", false },
        { "\xff", false }
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        assert_int_equal(pap_text_valid(cases[i].text,
                                        strlen(cases[i].text)),
                         cases[i].valid);
    assert_false(pap_text_valid("a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_push_responses),
        cmocka_unit_test(writes_progress_notes),
        cmocka_unit_test(writes_badmessage_responses),
        cmocka_unit_test(writes_notifications),
        cmocka_unit_test(times_go_there_and_back),
        cmocka_unit_test(qos_survives_any_text),
        cmocka_unit_test(codes_have_texts),
        cmocka_unit_test(tells_characters)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
