/*
 * pap_read.c - reading PAP documents
 *
 * libxml2 builds its tree through a SAX handler of ours that ends the parse
 * at the first declaration and at the first element that is too deep; the
 * tree that remains is small and plain, and is then held against the DTD's
 * content model and attribute lists.
 */

#include "pap/pap_read.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

/* pap, push-message, address: no document of PAP goes deeper. */
#define MAX_DEPTH 4

/* --- a guarded parse ---------------------------------------------------- */

/* Hangs at the parser context's _private. */
typedef struct {
    int depth;
    const char *refused;            /* why the parse was stopped, or NULL */
} Guard;

static void refuse(void *context, const char *why)
{
    xmlParserCtxtPtr parser = context;
    Guard *guard = parser->_private;

    if (guard->refused == NULL)
        guard->refused = why;
    xmlStopParser(parser);
}

#define DECLARATION "the document declares something of its own"

static void on_entity(void *context, const xmlChar *name, int type,
                      const xmlChar *public_id, const xmlChar *system_id,
                      xmlChar *content)
{
    (void)name, (void)type, (void)public_id, (void)system_id, (void)content;
    refuse(context, "the document declares an entity");
}

static void on_unparsed_entity(void *context, const xmlChar *name,
                               const xmlChar *public_id,
                               const xmlChar *system_id,
                               const xmlChar *notation)
{
    (void)name, (void)public_id, (void)system_id, (void)notation;
    refuse(context, "the document declares an entity");
}

static void on_notation(void *context, const xmlChar *name,
                        const xmlChar *public_id, const xmlChar *system_id)
{
    (void)name, (void)public_id, (void)system_id;
    refuse(context, DECLARATION);
}

static void on_attribute(void *context, const xmlChar *element,
                         const xmlChar *name, int type, int def,
                         const xmlChar *value, xmlEnumerationPtr tree)
{
    (void)element, (void)name, (void)type, (void)def, (void)value;
    xmlFreeEnumeration(tree);
    refuse(context, DECLARATION);
}

static void on_element(void *context, const xmlChar *name, int type,
                       xmlElementContentPtr content)
{
    (void)name, (void)type, (void)content;
    refuse(context, DECLARATION);
}

/* The five predefined entities do not come here. */
static xmlEntityPtr on_entity_use(void *context, const xmlChar *name)
{
    (void)name;
    refuse(context, "the document uses an undeclared entity");
    return NULL;
}

static void on_start(void *context, const xmlChar *name,
                     const xmlChar *prefix, const xmlChar *uri,
                     int namespace_count, const xmlChar **namespaces,
                     int attribute_count, int defaulted_count,
                     const xmlChar **attributes)
{
    xmlParserCtxtPtr parser = context;
    Guard *guard = parser->_private;
    bool prefixed = prefix != NULL || namespace_count > 0;
    int i;

    /* Five pointers for each: name, prefix, URI, value and its end. */
    for (i = 0; i < attribute_count; ++i)
        prefixed = prefixed || attributes[5 * i + 1] != NULL;
    if (++guard->depth > MAX_DEPTH)
        refuse(context, "the document is nested too deep");
    else if (prefixed)
        refuse(context, "PAP knows no namespaces");
    else
        xmlSAX2StartElementNs(context, name, prefix, uri, namespace_count,
                              namespaces, attribute_count, defaulted_count,
                              attributes);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix,
                   const xmlChar *uri)
{
    xmlParserCtxtPtr parser = context;
    Guard *guard = parser->_private;

    --guard->depth;
    xmlSAX2EndElementNs(context, name, prefix, uri);
}

static xmlParserCtxtPtr create_parser(Guard *guard)
{
    xmlParserCtxtPtr parser = xmlNewParserCtxt();

    if (parser == NULL)
        return NULL;
    parser->_private = guard;
    parser->sax->entityDecl = on_entity;
    parser->sax->unparsedEntityDecl = on_unparsed_entity;
    parser->sax->notationDecl = on_notation;
    parser->sax->attributeDecl = on_attribute;
    parser->sax->elementDecl = on_element;
    parser->sax->getEntity = on_entity_use;
    parser->sax->getParameterEntity = on_entity_use;
    parser->sax->startElementNs = on_start;
    parser->sax->endElementNs = on_end;
    return parser;
}

static void set_fault(PapFault *fault, PapCode code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set_fault(PapFault *fault, PapCode code, const char *format, ...)
{
    va_list args;

    fault->code = code;
    va_start(args, format);
    vsnprintf(fault->desc, sizeof(fault->desc), format, args);
    va_end(args);
}

/* The parser's own message, for the one who wrote the document. */
static void set_syntax_fault(PapFault *fault, xmlParserCtxtPtr parser)
{
    const xmlError *error = &parser->lastError;
    const char *text = error->message != NULL ? error->message : "unreadable";

    set_fault(fault, PAP_CODE_BAD_REQUEST,
              "the control entity is not well-formed, line %d: %.*s",
              error->line, (int)strcspn(text, "\n"), text);
}

static bool encoding_allowed(const xmlDoc *doc)
{
    static const char *const names[] = {
        "UTF-8", "US-ASCII", "ASCII", "ISO-8859-1"
    };
    const char *encoding = (const char *)doc->encoding;
    size_t i;

    if (encoding == NULL)
        return true;                /* then it is UTF-8, and was checked */
    for (i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        if (strcasecmp(encoding, names[i]) == 0)
            return true;
    return false;
}

/* Returns the tree, for xmlFreeDoc(), or NULL with `fault` filled in. */
static xmlDocPtr parse(const char *xml, size_t len, PapFault *fault)
{
    Guard guard = { 0, NULL };
    xmlParserCtxtPtr parser;
    xmlDocPtr doc;

    if (len > PAP_MAX_DOCUMENT) {
        set_fault(fault, PAP_CODE_BAD_REQUEST, "the control entity is "
                  "longer than %d octets", PAP_MAX_DOCUMENT);
        return NULL;
    }
    if (len == 0 || memchr(xml, '\0', len) != NULL) {
        set_fault(fault, PAP_CODE_BAD_REQUEST, "the control entity %s",
                  len == 0 ? "is empty" : "contains a NUL octet");
        return NULL;
    }
    parser = create_parser(&guard);
    if (parser == NULL) {
        set_fault(fault, PAP_CODE_INTERNAL_ERROR, "out of memory");
        return NULL;
    }
    doc = xmlCtxtReadMemory(parser, xml, (int)len, NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR |
                            XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS);
    if (guard.refused != NULL)
        set_fault(fault, PAP_CODE_BAD_REQUEST, "%s", guard.refused);
    else if (doc == NULL)
        set_syntax_fault(fault, parser);
    else if (!encoding_allowed(doc))
        set_fault(fault, PAP_CODE_BAD_REQUEST, "the document's encoding must "
                  "be UTF-8, US-ASCII or ISO-8859-1");
    else {
        xmlFreeParserCtxt(parser);
        return doc;
    }
    xmlFreeDoc(doc);
    xmlFreeParserCtxt(parser);
    return NULL;
}

/* --- the tree ----------------------------------------------------------- */

static bool is_named(const xmlNode *node, const char *name)
{
    return strcmp((const char *)node->name, name) == 0;
}

/* The first element at or behind `node`; comments and instructions do not
 * count. */
static xmlNodePtr element_from(xmlNodePtr node)
{
    while (node != NULL && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

/* The one child of the pap root, or NULL. */
static xmlNodePtr only_child(xmlDocPtr doc)
{
    xmlNodePtr root = xmlDocGetRootElement(doc), child;

    if (root == NULL || !is_named(root, "pap"))
        return NULL;
    child = element_from(root->children);
    if (child == NULL || element_from(child->next) != NULL)
        return NULL;
    return child;
}

static PapVersion version_of(const xmlDoc *doc)
{
    const char *id = doc->intSubset == NULL ? NULL
                   : (const char *)doc->intSubset->ExternalID;

    if (id != NULL && strcmp(id, "-//WAPFORUM//DTD PAP 2.0//EN") == 0)
        return PAP_2_0;
    if (id != NULL && strcmp(id, "-//WAPFORUM//DTD PAP 2.1//EN") == 0)
        return PAP_2_1;
    return PAP_1_0;
}

/* A copy of an attribute's value for free(); NULL if it is too long. */
static char *value_of(const xmlAttr *attribute)
{
    xmlChar *value = xmlNodeListGetString(attribute->doc,
                                          attribute->children, 1);
    char *copy = NULL;

    if (value == NULL)
        return strdup("");
    if (strlen((const char *)value) <= PAP_MAX_VALUE)
        copy = strdup((const char *)value);
    xmlFree(value);
    return copy;
}

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
        set_fault(fault, PAP_CODE_BAD_REQUEST,
                  "%s must be YYYY-MM-DDThh:mm:ssZ", name);
    return *has;
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
    else if (strcmp(name, "deliver-before-timestamp") == 0)
        return read_time(name, value, &push->has_before,
                         &push->deliver_before_s, fault);
    else if (strcmp(name, "deliver-after-timestamp") == 0)
        return read_time(name, value, &push->has_after,
                         &push->deliver_after_s, fault);
    else {
        const bool flag = strcasecmp(value, "true") == 0 ||
                          strcasecmp(value, "false") == 0;

        free(value);
        if (strcmp(name, "progress-notes-requested") == 0 && flag)
            return true;
        if (strncmp(name, "replace-", 8) == 0)
            set_fault(fault, PAP_CODE_REPLACEMENT, "%s",
                      pap_code_text(PAP_CODE_REPLACEMENT));
        else
            set_fault(fault, PAP_CODE_BAD_REQUEST, "push-message has an "
                      "unknown attribute or a wrong value: %.40s", name);
        return false;
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
            value = value_of(attribute);
            if (value == NULL) {
                set_fault(fault, PAP_CODE_BAD_REQUEST, "attribute %.40s is "
                          "longer than %d octets", name, PAP_MAX_VALUE);
                return false;
            }
            if (!read_push_attribute(name, value, push, fault))
                return false;
        }
        if (push->push_id == NULL) {
            set_fault(fault, PAP_CODE_BAD_REQUEST,
                      "push-message has no push-id");
            return false;
        }
    }
    return true;
}

static bool read_address(xmlNodePtr node, PapPush *push, PapFault *fault)
{
    xmlAttrPtr attribute = node->properties;
    char **more, *value;

    if (attribute == NULL || attribute->next != NULL ||
        strcmp((const char *)attribute->name, "address-value") != 0 ||
        element_from(node->children) != NULL) {
        set_fault(fault, PAP_CODE_BAD_REQUEST,
                  "address must have an address-value and nothing else");
        return false;
    }
    value = value_of(attribute);
    more = realloc(push->addresses, sizeof(*more) *
                   (size_t)(push->address_count + 1));
    if (more != NULL)
        push->addresses = more;
    if (value == NULL || more == NULL) {
        free(value);
        set_fault(fault, PAP_CODE_ADDRESS_ERROR, "the address is too long");
        return false;
    }
    push->addresses[push->address_count++] = value;
    return true;
}

static bool read_qos(xmlNodePtr node, PapPush *push, PapFault *fault)
{
    const char *wrong = NULL;
    xmlAttrPtr attribute;
    char *value;

    push->qos.present = true;
    for (attribute = node->properties; attribute != NULL && wrong == NULL;
         attribute = attribute->next) {
        value = value_of(attribute);
        wrong = value == NULL ? "quality-of-service has a too long value"
              : pap_qos_set(&push->qos, (const char *)attribute->name, value);
        free(value);
    }
    if (wrong == NULL && element_from(node->children) != NULL)
        wrong = "quality-of-service has no children";
    if (wrong != NULL)
        set_fault(fault, PAP_CODE_BAD_REQUEST, "%s", wrong);
    return wrong == NULL;
}

/* push-message: address+, quality-of-service? */
static bool read_push_children(xmlNodePtr node, PapPush *push,
                               PapFault *fault)
{
    xmlNodePtr child = element_from(node->children);

    for (; child != NULL && is_named(child, "address");
         child = element_from(child->next))
        if (!read_address(child, push, fault))
            return false;
    if (push->address_count == 0) {
        set_fault(fault, PAP_CODE_ADDRESS_ERROR,
                  "push-message has no address");
        return false;
    }
    if (child != NULL && is_named(child, "quality-of-service")) {
        if (!read_qos(child, push, fault))
            return false;
        child = element_from(child->next);
    }
    if (child != NULL) {
        set_fault(fault, PAP_CODE_BAD_REQUEST, "push-message has a misplaced "
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
    doc = parse(xml, len, fault);
    if (doc == NULL)
        return false;
    push->version = version_of(doc);
    node = only_child(doc);
    if (node == NULL || !is_named(node, "push-message")) {
        set_fault(fault, PAP_CODE_BAD_REQUEST,
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
    int i;

    free(push->push_id);
    free(push->source_reference);
    free(push->notify_url);
    for (i = 0; i < push->address_count; ++i)
        free(push->addresses[i]);
    free(push->addresses);
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

    doc = parse(xml, len, &fault);
    if (doc == NULL)
        return false;
    node = only_child(doc);
    if (node != NULL && is_named(node, "resultnotification-response")) {
        attribute = xmlHasProp(node, (const xmlChar *)"code");
        value = attribute == NULL ? NULL : value_of(attribute);
        good = value != NULL && read_code(value, code);
        free(value);
    }
    xmlFreeDoc(doc);
    return good;
}

void pap_read_init(void)
{
    xmlInitParser();
}
