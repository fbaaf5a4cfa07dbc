/*
 * pap_xml.h - a parse that trusts nothing, for the readers of documents
 *
 * This file and the readers are the only ones that see libxml2. The size and
 * depth of a document are bounded, nothing is fetched, and one that declares
 * entities, or anything else in an internal subset, is refused before they
 * are used.
 */

#ifndef CONVOY_PAP_XML_H
#define CONVOY_PAP_XML_H

#include <libxml/tree.h>

#include "pap/pap_read.h"

void pap_fault(PapFault *fault, PapCode code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns the tree, for xmlFreeDoc(), or NULL with `fault` filled in. */
xmlDocPtr pap_xml_parse(const char *xml, size_t len, PapFault *fault);

/* The version that the DOCTYPE names. */
PapVersion pap_xml_version(const xmlDoc *doc);

/* The one child of the pap root, or NULL if the document is not such. */
xmlNodePtr pap_xml_message(xmlDocPtr doc);

/* The first element at or behind `node`, or NULL; comments, instructions
 * and text do not count. */
xmlNodePtr pap_xml_element(xmlNodePtr node);

bool pap_xml_is(const xmlNode *node, const char *name);

/* A copy of an attribute's value for free(); NULL if it is longer than
 * PAP_MAX_VALUE. */
char *pap_xml_value(const xmlAttr *attribute);

/* Reads an element address and appends its address-value to the list, which
 * is NULL and 0 when it is empty. False: `fault` is filled in. */
bool pap_xml_address(xmlNodePtr node, char ***addresses, int *count,
                     PapFault *fault);
void pap_xml_free_addresses(char **addresses, int count);

#endif
