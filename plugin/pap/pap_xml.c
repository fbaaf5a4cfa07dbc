/*
 * pap_xml.c - see pap_xml.h
 *
 * libxml2 builds its tree through a SAX handler of ours that ends the parse
 * at the first declaration and at the first element that is too deep; the
 * tree that remains is small and plain.
 */

#include "pap/pap_xml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>

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

void pap_fault(PapFault *fault, PapCode code, const char *format, ...)
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

    pap_fault(fault, PAP_CODE_BAD_REQUEST,
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

bool pap_attributes_are_few(const char *xml, size_t len)
{
    const char *end = xml + len, *value;
    int attributes = 0;

    for (; xml < end; ++xml) {
        if (*xml == '<')
            attributes = 0;
        if (*xml != '=')
            continue;
        for (value = xml + 1; value < end && (unsigned char)*value <= ' ';)
            ++value;
        if (value < end && (*value == '"' || *value == '\'') &&
            ++attributes > PAP_MAX_ATTRIBUTES)
            return false;
    }
    return true;
}

xmlDocPtr pap_xml_parse(const char *xml, size_t len, PapFault *fault)
{
    Guard guard = { 0, NULL };
    xmlParserCtxtPtr parser;
    xmlDocPtr doc;

    if (len > PAP_MAX_DOCUMENT) {
        pap_fault(fault, PAP_CODE_BAD_REQUEST, "the control entity is "
                  "longer than %d octets", PAP_MAX_DOCUMENT);
        return NULL;
    }
    if (len == 0 || memchr(xml, '\0', len) != NULL) {
        pap_fault(fault, PAP_CODE_BAD_REQUEST, "the control entity %s",
                  len == 0 ? "is empty" : "contains a NUL octet");
        return NULL;
    }
    if (!pap_attributes_are_few(xml, len)) {
        pap_fault(fault, PAP_CODE_BAD_REQUEST, "an element of the control "
                  "entity has more than %d attributes", PAP_MAX_ATTRIBUTES);
        return NULL;
    }
    parser = create_parser(&guard);
    if (parser == NULL) {
        pap_fault(fault, PAP_CODE_INTERNAL_ERROR, "out of memory");
        return NULL;
    }
    doc = xmlCtxtReadMemory(parser, xml, (int)len, NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR |
                            XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS);
    if (guard.refused != NULL)
        pap_fault(fault, PAP_CODE_BAD_REQUEST, "%s", guard.refused);
    else if (doc == NULL)
        set_syntax_fault(fault, parser);
    else if (!encoding_allowed(doc))
        pap_fault(fault, PAP_CODE_BAD_REQUEST, "the document's encoding must "
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

bool pap_xml_is(const xmlNode *node, const char *name)
{
    return strcmp((const char *)node->name, name) == 0;
}

xmlNodePtr pap_xml_element(xmlNodePtr node)
{
    while (node != NULL && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

xmlNodePtr pap_xml_message(xmlDocPtr doc)
{
    xmlNodePtr root = xmlDocGetRootElement(doc), child;

    if (root == NULL || !pap_xml_is(root, "pap"))
        return NULL;
    child = pap_xml_element(root->children);
    if (child == NULL || pap_xml_element(child->next) != NULL)
        return NULL;
    return child;
}

PapVersion pap_xml_version(const xmlDoc *doc)
{
    const char *id = doc->intSubset == NULL ? NULL
                   : (const char *)doc->intSubset->ExternalID;

    if (id != NULL && strcmp(id, "-//WAPFORUM//DTD PAP 2.0//EN") == 0)
        return PAP_2_0;
    if (id != NULL && strcmp(id, "-//WAPFORUM//DTD PAP 2.1//EN") == 0)
        return PAP_2_1;
    return PAP_1_0;
}

char *pap_xml_value(const xmlAttr *attribute)
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

/* --- addresses ---------------------------------------------------------- */

bool pap_xml_address(xmlNodePtr node, char ***addresses, int *count,
                     PapFault *fault)
{
    xmlAttrPtr attribute = node->properties;
    char **more, *value;

    if (attribute == NULL || attribute->next != NULL ||
        strcmp((const char *)attribute->name, "address-value") != 0 ||
        pap_xml_element(node->children) != NULL) {
        pap_fault(fault, PAP_CODE_BAD_REQUEST,
                  "address must have an address-value and nothing else");
        return false;
    }
    value = pap_xml_value(attribute);
    more = realloc(*addresses, sizeof(*more) * (size_t)(*count + 1));
    if (more != NULL)
        *addresses = more;
    if (value == NULL || more == NULL) {
        free(value);
        pap_fault(fault, PAP_CODE_ADDRESS_ERROR, "the address is too long");
        return false;
    }
    (*addresses)[(*count)++] = value;
    return true;
}

void pap_xml_free_addresses(char **addresses, int count)
{
    int i;

    for (i = 0; i < count; ++i)
        free(addresses[i]);
    free(addresses);
}

void pap_read_init(void)
{
    xmlInitParser();
}
