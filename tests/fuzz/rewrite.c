/*
 * rewrite.c - the bodies of recorded pushes, before they are replayed
 *
 * The input is a body. If it is to be sent, then whatever an XML parser finds
 * in it, with entities and defaults of its own DTD, nobody but the collector
 * is asked to be notified. A document of several parts is looked at from
 * each place where one could begin.
 */

#include "fuzz.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdbool.h>

#include "../replay/rewrite.h"

static const char notify_url[] = "http://127.0.0.1:9/1";

static void check_element(const xmlNode *node)
{
    xmlChar *url;

    for (; node != NULL; node = node->next) {
        if (node->type == XML_ELEMENT_NODE) {
            url = xmlGetProp((xmlNode *) (uintptr_t) node,
                             (const xmlChar *) "ppg-notify-requested-to");
            REQUIRE(url == NULL || strcmp((char *) url, notify_url) == 0);
            xmlFree(url);
        }
        if (node->type != XML_ENTITY_REF_NODE)
            check_element(node->children);
    }
}

static void check_document(const uint8_t *octets, size_t size)
{
    xmlDoc *doc = xmlReadMemory((const char *) octets, (int) size, NULL,
                                NULL, XML_PARSE_NONET | XML_PARSE_NOENT
                                | XML_PARSE_DTDATTR | XML_PARSE_NOERROR
                                | XML_PARSE_NOWARNING | XML_PARSE_RECOVER);

    if (doc == NULL)
        return;
    check_element(doc->children);
    xmlFreeDoc(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rewrite rewrite = { .notify_url = notify_url,
                                     .later_s = 86400 };
    struct buffer out = { .data = NULL };
    const uint8_t *at, *end;

    if (rewrite_body(&out, &rewrite, data, size)) {
        at = buffer_bytes(&out);
        end = at + buffer_length(&out);
        check_document(at, (size_t) (end - at));
        while ((at = memmem(at, (size_t) (end - at), "\r\n\r\n", 4)) != NULL) {
            at += 4;
            check_document(at, (size_t) (end - at));
        }
    } else {
        REQUIRE(buffer_length(&out) == 0);
    }
    buffer_free(&out);
    return 0;
}
