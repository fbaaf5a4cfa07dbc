/*
 * pap_read.c - reading PAP documents
 *
 * Holds the small plain tree that pap_xml.c lets through against the DTD's
 * content model and attribute lists.
 */

#include "pap/pap_read.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pap/pap_xml.h"

/* --- push-message ------------------------------------------------------- */

/* Stores `value` (whose ownership passes) unless it is empty. */
static void keep(char **field, char *value)
{
    if (*value == '\0') {
        free(value);
        return;
    }
    free(*field);
    *field = value;
}

static bool read_time(const char *name, char *value, bool *has, int64_t *s,
                      PapFault *fault)
{
    *has = pap_time_parse(value, s);
    free(value);
    if (!*has)
        pap_fault(fault, PAP_CODE_BAD_REQUEST,
                  "%s must be YYYY-MM-DDThh:mm:ssZ", name);
    return *has;
}

/* One of two words. */
static bool read_choice(const char *name, const char *value,
                        const char *no, const char *yes, bool *chosen,
                        PapFault *fault)
{
    *chosen = strcasecmp(value, yes) == 0;
    if (*chosen || strcasecmp(value, no) == 0)
        return true;
    pap_fault(fault, PAP_CODE_BAD_REQUEST, "%s must be %s or %s", name, no,
              yes);
    return false;
}

/* An attribute of push-message that is neither text nor a time. */
static bool read_other(const char *name, const char *value, PapPush *push,
                       PapFault *fault)
{
    if (strcmp(name, "replace-method") == 0)
        return read_choice(name, value, "all", "pending-only",
                           &push->pending_only, fault);
    if (strcmp(name, "progress-notes-requested") == 0)
        return read_choice(name, value, "false", "true",
                           &push->progress_notes, fault);
    pap_fault(fault, PAP_CODE_BAD_REQUEST,
              "push-message has an unknown attribute: %.40s", name);
    return false;
}

/* One attribute of push-message; the value's ownership passes. */
static bool read_push_attribute(const char *name, char *value, PapPush *push,
                                PapFault *fault)
{
    if (strcmp(name, "push-id") == 0)
        keep(&push->push_id, value);
    else if (strcmp(name, "source-reference") == 0)
        keep(&push->source_reference, value);
    else if (strcmp(name, "ppg-notify-requested-to") == 0)
        keep(&push->notify_url, value);
    else if (strcmp(name, "replace-push-id") == 0)
        keep(&push->replaces, value);
    else if (strcmp(name, "deliver-before-timestamp") == 0)
        return read_time(name, value, &push->has_before,
                         &push->deliver_before_s, fault);
    else if (strcmp(name, "deliver-after-timestamp") == 0)
        return read_time(name, value, &push->has_after,
                         &push->deliver_after_s, fault);
    else {
        const bool good = read_other(name, value, push, fault);

        free(value);
        return good;
    }
    return true;
}

/* The attributes of push-message; push-id first, so that every later fault
 * can be answered under it. */
static bool read_push_attributes(xmlNodePtr node, PapPush *push,
                                 PapFault *fault)
{
    xmlAttrPtr attribute;
    char *value;
    int pass;

    for (pass = 0; pass < 2; ++pass) {
        for (attribute = node->properties; attribute != NULL;
             attribute = attribute->next) {
            const char *name = (const char *)attribute->name;

            if ((strcmp(name, "push-id") == 0) != (pass == 0))
                continue;
            value = pap_xml_value(attribute);
            if (value == NULL) {
                pap_fault(fault, PAP_CODE_BAD_REQUEST, "attribute %.40s is "
                          "longer than %d octets", name, PAP_MAX_VALUE);
                return false;
            }
            if (!read_push_attribute(name, value, push, fault))
                return false;
        }
        if (push->push_id == NULL) {
            pap_fault(fault, PAP_CODE_BAD_REQUEST,
                      "push-message has no push-id");
            return false;
        }
    }
    return true;
}

static bool read_address(xmlNodePtr node, PapPush *push, PapFault *fault)
{
    if (push->address_count == PAP_MAX_ADDRESSES) {
        pap_fault(fault, PAP_CODE_MULTIPLE_ADDRESSES,
                  "a push may have %d addresses", PAP_MAX_ADDRESSES);
        return false;
    }
    return pap_xml_address(node, &push->addresses, &push->address_count,
                           fault);
}

static bool read_qos(xmlNodePtr node, PapPush *push, PapFault *fault)
{
    const char *wrong = NULL;
    xmlAttrPtr attribute;
    char *value;

    push->qos.present = true;
    for (attribute = node->properties; attribute != NULL && wrong == NULL;
         attribute = attribute->next) {
        value = pap_xml_value(attribute);
        wrong = value == NULL ? "quality-of-service has a too long value"
              : pap_qos_set(&push->qos, (const char *)attribute->name, value);
        free(value);
    }
    if (wrong == NULL && pap_xml_element(node->children) != NULL)
        wrong = "quality-of-service has no children";
    if (wrong != NULL)
        pap_fault(fault, PAP_CODE_BAD_REQUEST, "%s", wrong);
    return wrong == NULL;
}

/* push-message: address+, quality-of-service? */
static bool read_push_children(xmlNodePtr node, PapPush *push,
                               PapFault *fault)
{
    xmlNodePtr child = pap_xml_element(node->children);

    for (; child != NULL && pap_xml_is(child, "address");
         child = pap_xml_element(child->next))
        if (!read_address(child, push, fault))
            return false;
    if (push->address_count == 0) {
        pap_fault(fault, PAP_CODE_ADDRESS_ERROR,
                  "push-message has no address");
        return false;
    }
    if (child != NULL && pap_xml_is(child, "quality-of-service")) {
        if (!read_qos(child, push, fault))
            return false;
        child = pap_xml_element(child->next);
    }
    if (child != NULL) {
        pap_fault(fault, PAP_CODE_BAD_REQUEST, "push-message has a misplaced "
                  "element: %.40s", (const char *)child->name);
        return false;
    }
    return true;
}

bool pap_read_push(const char *xml, size_t len, PapPush *push,
                   PapFault *fault)
{
    xmlNodePtr node;
    xmlDocPtr doc;
    bool good;

    memset(push, 0, sizeof(*push));
    doc = pap_xml_parse(xml, len, fault);
    if (doc == NULL)
        return false;
    push->version = push->qos.version = pap_xml_version(doc);
    node = pap_xml_message(doc);
    if (node == NULL || !pap_xml_is(node, "push-message")) {
        pap_fault(fault, PAP_CODE_BAD_REQUEST,
                  "the document is not a pap with one push-message");
        good = false;
    } else
        good = read_push_attributes(node, push, fault) &&
               read_push_children(node, push, fault);
    xmlFreeDoc(doc);
    return good;
}

void pap_push_set_id(PapPush *push, const char *id)
{
    free(push->push_id);
    push->push_id = strdup(id);
}

void pap_push_clear(PapPush *push)
{
    free(push->push_id);
    free(push->source_reference);
    free(push->notify_url);
    free(push->replaces);
    pap_xml_free_addresses(push->addresses, push->address_count);
    memset(push, 0, sizeof(*push));
}

/* --- resultnotification-response ---------------------------------------- */

static bool read_code(const char *text, int *code)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end != '\0' || value < 1000 || value > 5999)
        return false;
    *code = (int)value;
    return true;
}

bool pap_read_notification_response(const char *xml, size_t len, int *code)
{
    xmlAttrPtr attribute;
    xmlNodePtr node;
    xmlDocPtr doc;
    PapFault fault;
    bool good = false;
    char *value;

    doc = pap_xml_parse(xml, len, &fault);
    if (doc == NULL)
        return false;
    node = pap_xml_message(doc);
    if (node != NULL && pap_xml_is(node, "resultnotification-response")) {
        attribute = xmlHasProp(node, (const xmlChar *)"code");
        value = attribute == NULL ? NULL : pap_xml_value(attribute);
        good = value != NULL && read_code(value, code);
        free(value);
    }
    xmlFreeDoc(doc);
    return good;
}
