/*
 * pap_inquiry.c - status queries and cancels, and their answers
 *
 * Readers by a table of documents, writers by what libxml2 reads again.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include "pap/pap_address.h"
#include "pap/pap_inquiry.h"
#include "pap/pap_write.h"

#define DOCTYPE(id) "<!DOCTYPE pap PUBLIC \"" id "\" \"pap.dtd\">"
#define QUERY(attributes, children) "<pap><statusquery-message " attributes \
    ">" children "</statusquery-message></pap>"
#define ADDRESS(value) "<address address-value=\"" value "\"/>"

/* --- reading ------------------------------------------------------------ */

static void reads_both_kinds(void **state)
{
    static const char query[] = DOCTYPE("-//WAPFORUM//DTD PAP 2.0//EN")
        QUERY("push-id='a&amp;b'", "<!-- two -->" ADDRESS("x")
              ADDRESS("WAPPUSH=+1/TYPE=PLMN"));
    static const char cancel[] = DOCTYPE("-//WAPFORUM//DTD PAP 2.1//EN")
        "<pap product-name='x'><cancel-message push-id='1'/></pap>";
    PapInquiry inquiry;
    PapFault fault;

    (void)state;
    assert_true(pap_read_inquiry(query, strlen(query), &inquiry, &fault));
    assert_int_equal(inquiry.kind, PAP_STATUS_QUERY);
    assert_int_equal(inquiry.version, PAP_2_0);
    assert_string_equal(inquiry.push_id, "a&b");
    assert_int_equal(inquiry.address_count, 2);
    assert_string_equal(inquiry.addresses[0], "x");
    assert_string_equal(inquiry.addresses[1], "WAPPUSH=+1/TYPE=PLMN");
    pap_inquiry_clear(&inquiry);

    assert_true(pap_read_inquiry(cancel, strlen(cancel), &inquiry, &fault));
    assert_int_equal(inquiry.kind, PAP_CANCEL);
    assert_int_equal(inquiry.version, PAP_2_1);
    assert_string_equal(inquiry.push_id, "1");
    assert_int_equal(inquiry.address_count, 0);
    pap_inquiry_clear(&inquiry);
}

static void refuses(void **state)
{
    static const struct {
        const char *xml, *words;
    } cases[] = {
        { "", "empty" },
        { "no xml", "well-formed" },
        { "<pap/>", "one statusquery-message" },
        { "<pap><push-message push-id='1'/></pap>", "multipart/related" },
        { "<pap><cancel-message push-id='1'/><cancel-message push-id='1'/>"
          "</pap>", "one statusquery-message" },
        { "<pap><statusquery-response push-id='1'/></pap>",
          "one statusquery-message" },
        { QUERY("", ""), "must have a push-id" },
        { QUERY("push-no='1'", ""), "must have a push-id" },
        { QUERY("push-id='1' code='1000'", ""), "no other attribute" },
        { QUERY("push-id=''", ""), "push-id is empty" },
        { QUERY("push-id='1'", "<quality-of-service/>"), "misplaced" },
        { QUERY("push-id='1'", "<address/>"), "address-value" },
        { QUERY("push-id='1'", "<address address-value='x' y='z'/>"),
          "nothing else" },
        { QUERY("push-id='1'", "<address address-value='x'><a/></address>"),
          "nothing else" },
        { "<!DOCTYPE pap [<!ENTITY a 'b'>]>" QUERY("push-id='&a;'", ""),
          "entity" },
        { QUERY("push-id='1'", "<address address-value='x'><a><b/></a>"
          "</address>"), "deep" }
    };
    PapInquiry inquiry;
    PapFault fault;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        if (pap_read_inquiry(cases[i].xml, strlen(cases[i].xml), &inquiry,
                             &fault))
            fail_msg("taken: %s", cases[i].xml);
        if (fault.code != PAP_CODE_BAD_REQUEST ||
            strstr(fault.desc, cases[i].words) == NULL)
            fail_msg("%s: %d %s", cases[i].xml, (int)fault.code, fault.desc);
        pap_inquiry_clear(&inquiry);
    }
}

static void bounds_values(void **state)
{
    char xml[PAP_MAX_VALUE + 200];
    PapInquiry inquiry;
    PapFault fault;
    int more;

    (void)state;
    for (more = 0; more <= 1; ++more) {
        snprintf(xml, sizeof(xml), "<pap><cancel-message push-id='%0*d'/>"
                 "</pap>", PAP_MAX_VALUE + more, 1);
        assert_int_equal(pap_read_inquiry(xml, strlen(xml), &inquiry,
                                          &fault), !more);
        pap_inquiry_clear(&inquiry);
    }
    assert_non_null(strstr(fault.desc, "too long"));
}

/* Every prefix of a good document is refused, none is read beyond. */
static void survives_truncation(void **state)
{
    static const char whole[] = DOCTYPE("-//WAPFORUM//DTD PAP 2.0//EN")
        QUERY("push-id='1'", ADDRESS("a") ADDRESS("b"));
    PapInquiry inquiry;
    PapFault fault;
    size_t len;
    char *copy;

    (void)state;
    for (len = 0; len < strlen(whole); ++len) {
        copy = malloc(len + 1);
        memcpy(copy, whole, len);
        assert_false(pap_read_inquiry(copy, len, &inquiry, &fault));
        pap_inquiry_clear(&inquiry);
        free(copy);
    }
}

/* --- addresses ---------------------------------------------------------- */

static void keys_of_addresses(void **state)
{
    static const struct {
        const char *address, *key;      /* NULL: none */
    } cases[] = {
        { "WAPPUSH=+4670/TYPE=PLMN@ppg", "WAPPUSH=+4670/TYPE=PLMN" },
        { "/wappush=+46-7.0/type=plmn", "WAPPUSH=+4670/TYPE=PLMN" },
        { "WAPPUSH=1.2.3.4/TYPE=IPv4@a", "WAPPUSH=1.2.3.4/TYPE=IPV4" },
        { "WAPPUSH=4670/TYPE=PLMN", NULL },
        { "+4670", NULL }, { "", NULL }
    };
    char key[PAP_MAX_ADDRESS + 1];
    const char *wrong;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        wrong = pap_address_key(cases[i].address, key);
        assert_int_equal(wrong == NULL, cases[i].key != NULL);
        if (wrong == NULL)
            assert_string_equal(key, cases[i].key);
        else
            assert_ptr_equal(wrong, pap_address_check(cases[i].address));
    }
}

/* --- writing ------------------------------------------------------------ */

/* The document as a line: element(attributes) of all elements in order. */
static void describe(xmlNodePtr node, char *line, size_t size)
{
    for (; node != NULL; node = node->next) {
        size_t used = strlen(line);
        const xmlAttr *attribute;

        if (node->type != XML_ELEMENT_NODE)
            continue;
        used += (size_t)snprintf(line + used, size - used, "%s%s",
                                 used > 0 ? " " : "", (const char *)node->name);
        for (attribute = node->properties; attribute != NULL;
             attribute = attribute->next)
            used += (size_t)snprintf(line + used, size - used, ",%s=%s",
                                     (const char *)attribute->name,
                                     (const char *)attribute->children->content);
        describe(node->children, line, size);
    }
}

static void assert_written(PapInquiry *inquiry, const PapFinding *findings,
                           int n, const char *qos, const char *expected)
{
    char line[1000] = "";
    PapQos quality;
    xmlDocPtr doc;
    char *text;

    pap_qos_parse(&quality, qos);
    text = pap_write_inquiry_response(inquiry, findings, n, &quality);
    doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL,
                        XML_PARSE_NONET | XML_PARSE_NOBLANKS);
    assert_non_null(doc);
    describe(xmlDocGetRootElement(doc), line, sizeof(line));
    assert_string_equal(line, expected);
    xmlFreeDoc(doc);
    pap_text_free(text);
}

static void writes_alike_together(void **state)
{
    static const PapFinding findings[] = {
        { "a", PAP_STATE_PENDING, 1000, "waits", 60 },
        { "b", PAP_STATE_DELIVERED, 1000, "there", 61 },
        { "c", PAP_STATE_PENDING, 1000, "waits", 60 },
        { "d", PAP_STATE_DELIVERED, 1000, "there", 62 },
        { "e", PAP_STATE_UNKNOWN, 2003, NULL, 0 }
    };
    static char id[] = "1";
    PapInquiry inquiry = { .kind = PAP_STATUS_QUERY, .push_id = id };

    (void)state;
    assert_written(&inquiry, findings, 5, NULL,
        "pap statusquery-response,push-id=1 "
        "statusquery-result,event-time=1970-01-01T00:01:00Z,"
        "message-state=pending,code=1000,desc=waits "
        "address,address-value=a address,address-value=c "
        "statusquery-result,event-time=1970-01-01T00:01:01Z,"
        "message-state=delivered,code=1000,desc=there "
        "address,address-value=b "
        "statusquery-result,event-time=1970-01-01T00:01:02Z,"
        "message-state=delivered,code=1000,desc=there "
        "address,address-value=d "
        "statusquery-result,message-state=unknown,code=2003,"
        "desc=The address specified was not found "
        "address,address-value=e");
    assert_written(&inquiry, findings, 1, "priority=high",
        "pap statusquery-response,push-id=1 "
        "statusquery-result,event-time=1970-01-01T00:01:00Z,"
        "message-state=pending,code=1000,desc=waits "
        "address,address-value=a quality-of-service,priority=high,"
        "delivery-method=unconfirmed");
    inquiry.kind = PAP_CANCEL;
    assert_written(&inquiry, findings, 5, "priority=high",
        "pap cancel-response,push-id=1 "
        "cancel-result,code=1000,desc=waits "
        "address,address-value=a address,address-value=c "
        "cancel-result,code=1000,desc=there address,address-value=b "
        "cancel-result,code=1000,desc=there address,address-value=d "
        "cancel-result,code=2003,desc=The address specified was not found "
        "address,address-value=e");
}

static void writes_what_has_no_address(void **state)
{
    static const PapFinding finding = {
        .state = PAP_STATE_UNKNOWN, .code = 2004
    };
    static char id[] = "<&\"";
    PapInquiry inquiry = { .kind = PAP_CANCEL, .push_id = id };
    char *text;

    (void)state;
    assert_written(&inquiry, &finding, 1, NULL,
        "pap cancel-response,push-id=<&\" cancel-result,code=2004,"
        "desc=The push-id specified was not found");
    inquiry.version = PAP_2_0;
    text = pap_write_inquiry_response(&inquiry, &finding, 1, NULL);
    assert_non_null(strstr(text, "DTD PAP 2.0//"));
    pap_text_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_kinds),
        cmocka_unit_test(refuses),
        cmocka_unit_test(bounds_values),
        cmocka_unit_test(survives_truncation),
        cmocka_unit_test(keys_of_addresses),
        cmocka_unit_test(writes_alike_together),
        cmocka_unit_test(writes_what_has_no_address)
    };

    pap_read_init();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
