/*
 * pap_document.c - PAP documents from strangers
 *
 * The input is the control entity of a push, a status query or cancel, or
 * what a Push Initiator answers to a notification. What is read must be fit
 * for the database, and whatever is written about it must be well-formed and
 * say the same.
 */

#include "fuzz.h"

#include "pap/pap_address.h"
#include "pap/pap_inquiry.h"
#include "pap/pap_read.h"
#include "pap/pap_write.h"
#include "pap/pap_xml.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;
    pap_read_init();
    return 0;
}

static void require_text(const char *text)
{
    REQUIRE(text == NULL || text[0] != '\0');
    REQUIRE(text == NULL || pap_text_valid(text, strlen(text)));
}

/* Parses what the writer wrote. */
static xmlDocPtr reread(const char *xml)
{
    PapFault fault;
    xmlDocPtr doc;

    REQUIRE(xml != NULL);
    doc = pap_xml_parse(xml, strlen(xml), &fault);
    if (doc == NULL)
        fprintf(stderr, "%s\n%s\n", fault.desc, xml);
    REQUIRE(doc != NULL);
    return doc;
}

/* The attribute must have come through writer and parser as it was. */
static void require_attribute(xmlDocPtr doc, const char *name,
                              const char *value)
{
    xmlAttrPtr attribute = xmlHasProp(pap_xml_message(doc),
                                      (const xmlChar *) name);
    char *read;

    REQUIRE(attribute != NULL);
    read = pap_xml_value(attribute);
    REQUIRE(read != NULL && strcmp(read, value) == 0);
    free(read);
}

static void check_notification(const PapPush *push)
{
    const PapNotification notification = {
        .push_id = push->push_id, .address = push->addresses[0],
        .sender_name = "name",
        .state = PAP_STATE_DELIVERED, .code = PAP_CODE_OK,
        .qos = push->qos
    };
    char *xml = pap_write_notification(&notification);
    xmlDocPtr doc = reread(xml);

    require_attribute(doc, "push-id", push->push_id);
    xmlFreeDoc(doc);
    pap_text_free(xml);
}

/* The quality of service waits as text until the notification. */
static void check_qos(const PapQos *qos)
{
    char *text = pap_qos_format(qos);
    PapQos again;

    pap_qos_parse(&again, text);
    REQUIRE(again.present == qos->present && again.version == qos->version);
    for (int i = 0; i < PAP_QOS_COUNT; i++)
        REQUIRE(strcmp(qos->value[i], again.value[i]) == 0);
    pap_text_free(text);
}

static void check_push(const PapPush *push)
{
    REQUIRE(push->push_id != NULL);
    REQUIRE(push->address_count > 0);
    for (int i = 0; i < push->address_count; i++)
        REQUIRE(pap_text_valid(push->addresses[i],
                               strlen(push->addresses[i])));
    check_qos(&push->qos);
    check_notification(push);
}

static void check_push_response(const PapPush *push, const PapFault *fault)
{
    const PapPushResponse response = {
        .version = push->version, .push_id = push->push_id,
        .sender_name = "name", .code = fault->code, .desc = fault->desc
    };
    char *xml = pap_write_push_response(&response);
    xmlDocPtr doc = reread(xml);

    require_attribute(doc, "push-id", push->push_id);
    xmlFreeDoc(doc);
    pap_text_free(xml);
}

/* `xml` was refused. */
static void check_refusal(const PapPush *push, const PapFault *fault,
                          const char *xml, size_t size)
{
    char *answer;

    REQUIRE(fault->code >= PAP_CODE_BAD_REQUEST && fault->desc[0] != '\0');
    if (push->push_id != NULL)
        check_push_response(push, fault);
    answer = pap_write_badmessage_response(push->version, fault->code,
                                           fault->desc, xml, size);
    xmlFreeDoc(reread(answer));
    pap_text_free(answer);
}

/* Each address is found, by twos in one state. */
static void check_inquiry(const PapInquiry *inquiry)
{
    const int n = inquiry->address_count + 1;
    PapFinding *findings = calloc((size_t) n, sizeof(*findings));
    char key[PAP_MAX_ADDRESS + 1], *xml;
    xmlDocPtr doc;

    require_text(inquiry->push_id);
    REQUIRE(inquiry->push_id != NULL && findings != NULL);
    for (int i = 1; i < n; i++) {
        findings[i].address = inquiry->addresses[i - 1];
        findings[i].state = i % 2 == 0 ? PAP_STATE_PENDING
                                       : PAP_STATE_UNKNOWN;
        if (pap_address_key(findings[i].address, key) == NULL)
            REQUIRE(pap_address_check(key) == NULL);
    }
    xml = pap_write_inquiry_response(inquiry, findings, n, NULL);
    doc = reread(xml);
    require_attribute(doc, "push-id", inquiry->push_id);
    xmlFreeDoc(doc);
    pap_text_free(xml);
    free(findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *xml = (const char *) data;
    PapFault fault;
    PapInquiry inquiry;
    PapPush push;
    int code = 0;

    if (pap_read_inquiry(xml, size, &inquiry, &fault))
        check_inquiry(&inquiry);
    else
        REQUIRE(fault.code >= PAP_CODE_BAD_REQUEST &&
                fault.desc[0] != '\0');
    pap_inquiry_clear(&inquiry);
    if (pap_read_push(xml, size, &push, &fault))
        check_push(&push);
    else
        check_refusal(&push, &fault, xml, size);
    require_text(push.push_id);
    require_text(push.source_reference);
    require_text(push.notify_url);
    pap_push_clear(&push);
    if (pap_read_notification_response(xml, size, &code))
        REQUIRE(code >= 1000 && code <= 5999);
    return 0;
}
