/*
 * pap.c - see pap.h.
 */
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../smsc/buffer.h"
#include "pap.h"

enum { DOCUMENT_MAX = 256 * 1024, BOUNDARY_MAX = 70 };

static char *attribute(xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *) name);
    char *copy = value == NULL ? NULL : mem_string((char *) value);

    xmlFree(value);
    return copy;
}

static void take_first(char **place, char *value)
{
    if (*place == NULL)
        *place = value;
    else
        free(value);
}

/* "WAPPUSH=+4670.../TYPE=PLMN@ppg.example.com": what is between. */
static void take_address(struct pap *pap, const char *value)
{
    const char *number, *end;

    number = value == NULL ? NULL : strchr(value, '=');
    end = number == NULL ? NULL : strchr(number, '/');
    if (end == NULL || strncasecmp(end, "/TYPE=PLMN", 10) != 0
        || end == number + 1 || end - number > PAP_NUMBER_SIZE
        || pap->count == PAP_ADDRESSES_MAX)
        return;
    pap->numbers = mem_resize(pap->numbers,
                              (pap->count + 1) * sizeof(*pap->numbers));
    memcpy(pap->numbers[pap->count], number + 1, (size_t) (end - number - 1));
    pap->numbers[pap->count++][end - number - 1] = '\0';
}

static void take_element(struct pap *pap, xmlNode *node)
{
    char *code = attribute(node, "code");
    char *address;

    take_first(&pap->push_id, attribute(node, "push-id"));
    take_first(&pap->state, attribute(node, "message-state"));
    if (code != NULL && pap->code < 0 && strlen(code) == 4
        && code[strspn(code, "0123456789")] == '\0')
        pap->code = atoi(code);
    free(code);
    if (xmlStrcmp(node->name, (const xmlChar *) "address") == 0) {
        address = attribute(node, "address-value");
        take_address(pap, address);
        free(address);
    }
}

/* The node behind this one in the document, below `root`; NULL: none is. */
static xmlNode *next_node(xmlNode *root, xmlNode *node)
{
    if (node->type == XML_ELEMENT_NODE && node->children != NULL)
        return node->children;
    while (node != root && node->next == NULL)
        node = node->parent;
    return node == root ? NULL : node->next;
}

bool pap_read(struct pap *pap, const uint8_t *document, size_t size)
{
    xmlDoc *xml;
    xmlNode *root, *message;

    *pap = (struct pap) { .code = -1 };
    if (size == 0 || size > DOCUMENT_MAX)
        return false;
    xml = xmlReadMemory((const char *) document, (int) size, NULL, NULL,
                        XML_PARSE_NONET | XML_PARSE_NOERROR
                        | XML_PARSE_NOWARNING);
    root = xml == NULL ? NULL : xmlDocGetRootElement(xml);
    message = root == NULL ? NULL : xmlFirstElementChild(root);
    if (message != NULL
        && xmlStrcmp(root->name, (const xmlChar *) "pap") == 0) {
        pap->message = mem_string((const char *) message->name);
        for (; message != NULL; message = next_node(root, message))
            if (message->type == XML_ELEMENT_NODE)
                take_element(pap, message);
    }
    xmlFreeDoc(xml);
    return pap->message != NULL;
}

void pap_free(struct pap *pap)
{
    free(pap->message);
    free(pap->push_id);
    free(pap->state);
    free(pap->numbers);
    *pap = (struct pap) { .code = -1 };
}

/* The parameter `boundary` of a Content-Type, behind "--". */
static bool find_boundary(const char *content_type,
                          char boundary[BOUNDARY_MAX + 3])
{
    const char *at = strcasestr(content_type, "boundary=");
    size_t length;

    if (at == NULL)
        return false;
    at += strlen("boundary=");
    length = *at == '"' ? strcspn(++at, "\"") : strcspn(at, "; \t");
    if (length == 0 || length > BOUNDARY_MAX)
        return false;
    memcpy(boundary, "--", 2);
    memcpy(boundary + 2, at, length);
    boundary[2 + length] = '\0';
    return true;
}

/* Behind the empty line that ends the headers of a part. */
static const uint8_t *behind_headers(const uint8_t *at, const uint8_t *end)
{
    while ((at = memchr(at, '\n', (size_t) (end - at))) != NULL) {
        at++;
        if (at < end && *at == '\n')
            return at + 1;
        if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
            return at + 2;
    }
    return NULL;
}

bool pap_control(const char *content_type, const uint8_t *body, size_t size,
                 const uint8_t **control, size_t *control_size)
{
    char boundary[BOUNDARY_MAX + 3];
    const uint8_t *end = body + size, *at, *next;

    *control = body;
    *control_size = size;
    if (content_type == NULL
        || strncasecmp(content_type, "multipart/", 10) != 0)
        return true;
    if (!find_boundary(content_type, boundary))
        return false;
    at = memmem(body, size, boundary, strlen(boundary));
    at = at == NULL ? NULL : behind_headers(at, end);
    next = at == NULL ? NULL : memmem(at, (size_t) (end - at), boundary,
                                      strlen(boundary));
    if (next == NULL)
        return false;
    *control = at;
    *control_size = (size_t) (next - at);
    return true;
}

const char *pap_digits(const char *number)
{
    if (*number == '+')
        return number + 1;
    return strncmp(number, "00", 2) == 0 ? number + 2 : number;
}
