/*
 * pap_inquiry.c - reading status queries and cancels
 */

#include "pap/pap_inquiry.h"

#include <stdlib.h>
#include <string.h>

#include "pap/pap_xml.h"

static const char *kind_name(PapInquiryKind kind)
{
    return kind == PAP_CANCEL ? "cancel-message" : "statusquery-message";
}

static bool read_kind(xmlNodePtr node, PapInquiry *inquiry, PapFault *fault)
{
    if (node != NULL && pap_xml_is(node, kind_name(PAP_CANCEL)))
        inquiry->kind = PAP_CANCEL;
    else if (node != NULL && pap_xml_is(node, kind_name(PAP_STATUS_QUERY)))
        inquiry->kind = PAP_STATUS_QUERY;
    else {
        pap_fault(fault, PAP_CODE_BAD_REQUEST, "the document is not a pap "
                  "with one statusquery-message or cancel-message; a push "
                  "is multipart/related");
        return false;
    }
    return true;
}

/* push-id, and nothing else. */
static bool read_attributes(xmlNodePtr node, PapInquiry *inquiry,
                            PapFault *fault)
{
    xmlAttrPtr attribute = node->properties;

    if (attribute == NULL || attribute->next != NULL ||
        strcmp((const char *)attribute->name, "push-id") != 0) {
        pap_fault(fault, PAP_CODE_BAD_REQUEST,
                  "%s must have a push-id and no other attribute",
                  kind_name(inquiry->kind));
        return false;
    }
    inquiry->push_id = pap_xml_value(attribute);
    if (inquiry->push_id == NULL || *inquiry->push_id == '\0') {
        pap_fault(fault, PAP_CODE_BAD_REQUEST, "push-id %s",
                  inquiry->push_id == NULL ? "is too long" : "is empty");
        return false;
    }
    return true;
}

static bool read_addresses(xmlNodePtr node, PapInquiry *inquiry,
                           PapFault *fault)
{
    xmlNodePtr child = pap_xml_element(node->children);

    for (; child != NULL; child = pap_xml_element(child->next)) {
        if (!pap_xml_is(child, "address")) {
            pap_fault(fault, PAP_CODE_BAD_REQUEST,
                      "%s has a misplaced element: %.40s",
                      kind_name(inquiry->kind), (const char *)child->name);
            return false;
        }
        if (!pap_xml_address(child, &inquiry->addresses,
                             &inquiry->address_count, fault))
            return false;
    }
    return true;
}

bool pap_read_inquiry(const char *xml, size_t len, PapInquiry *inquiry,
                      PapFault *fault)
{
    xmlNodePtr node;
    xmlDocPtr doc;
    bool good;

    memset(inquiry, 0, sizeof(*inquiry));
    doc = pap_xml_parse(xml, len, fault);
    if (doc == NULL)
        return false;
    inquiry->version = pap_xml_version(doc);
    node = pap_xml_message(doc);
    good = read_kind(node, inquiry, fault) &&
           read_attributes(node, inquiry, fault) &&
           read_addresses(node, inquiry, fault);
    xmlFreeDoc(doc);
    return good;
}

void pap_inquiry_clear(PapInquiry *inquiry)
{
    free(inquiry->push_id);
    pap_xml_free_addresses(inquiry->addresses, inquiry->address_count);
    memset(inquiry, 0, sizeof(*inquiry));
}
