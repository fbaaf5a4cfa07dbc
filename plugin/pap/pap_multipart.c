/*
 * pap_multipart.c - the parts of a push: control entity and content
 *
 * One pass over the caller's buffer; nothing is copied but the types. Lines
 * end in CR LF, as RFC 2046 has it and the host insists.
 */

#include "pap/pap_multipart.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MAX_PARTS 3
#define MAX_HEADERS 8192

/* What is left of the body. */
typedef struct {
    const char *at, *end;
} Rest;

int pap_multipart_parameter(const char *type, const char *name, char *out,
                            size_t size)
{
    const size_t name_len = strlen(name);
    const char *p = type, *value;
    size_t len;

    while ((p = strchr(p, ';')) != NULL) {
        p += 1 + strspn(p + 1, " \t");
        if (strncasecmp(p, name, name_len) == 0 && p[name_len] == '=')
            break;
    }
    if (p == NULL)
        return 0;
    value = p + name_len + 1;
    if (*value == '"') {
        ++value;
        len = strcspn(value, "\"");
        if (value[len] == '\0')
            return -1;
    } else
        len = strcspn(value, "; \t");
    if (len >= size)
        return -1;
    memcpy(out, value, len);
    out[len] = '\0';
    return 1;
}

static const char *read_boundary(const char *content_type,
                                 char boundary[PAP_MAX_BOUNDARY + 1])
{
    /* RFC 2046 allows a space too, but the host ends there. */
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        "'()+_,-./:=?";

    switch (pap_multipart_parameter(content_type, "boundary", boundary,
                                    PAP_MAX_BOUNDARY + 1)) {
    case 0:
        return "the Content-Type names no boundary";
    case -1:
        return "the boundary is too long or its quotes do not end";
    }
    if (*boundary == '\0' || boundary[strspn(boundary, allowed)] != '\0')
        return "the boundary is empty or has illegal characters";
    return NULL;
}

/* Skips what may follow a delimiter: padding, then CR LF. */
static bool skip_line_end(Rest *rest)
{
    while (rest->at < rest->end && (*rest->at == ' ' || *rest->at == '\t'))
        ++rest->at;
    if (rest->end - rest->at < 2 || memcmp(rest->at, "\r\n", 2) != 0)
        return false;
    rest->at += 2;
    return true;
}

/*
 * Finds the Content-Type among the header lines [at, end); each line ends in
 * CR LF. Folded lines are not joined: a parameter there is not seen, which
 * the caller notices as a missing one.
 */
static bool find_type(const char *at, const char *end,
                      char type[PAP_MAX_TYPE + 1])
{
    static const char name[] = "Content-Type:";
    const char *line_end;
    size_t len;

    for (; at < end; at = line_end + 2) {
        line_end = memmem(at, (size_t)(end - at), "\r\n", 2);
        if (line_end == NULL)
            return false;
        len = (size_t)(line_end - at);
        if (len < sizeof(name) ||
            strncasecmp(at, name, sizeof(name) - 1) != 0)
            continue;
        at += sizeof(name) - 1;
        while (at < line_end && (*at == ' ' || *at == '\t'))
            ++at;
        len = (size_t)(line_end - at);
        if (len > PAP_MAX_TYPE)
            len = PAP_MAX_TYPE;
        if (len == 0 || memchr(at, '\0', len) != NULL)
            return false;
        memcpy(type, at, len);
        type[len] = '\0';
        return true;
    }
    return false;
}

/* Parts one entity [at, end) into headers and body. */
static const char *read_part(const char *at, const char *end, PapPart *part)
{
    const char *blank = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);

    if (blank == NULL || blank - at > MAX_HEADERS)
        return "a part has no headers, or too long ones";
    if (!find_type(at, blank + 2, part->type))
        return "a part has no Content-Type";
    part->body = blank + 4;
    part->len = (size_t)(end - part->body);
    return NULL;
}

/* Cuts the next part off `rest`; *last tells whether it is the last one. */
static const char *next_part(Rest *rest, const char *delimiter, PapPart *part,
                             bool *last)
{
    const size_t delimiter_len = strlen(delimiter);
    const char *end = memmem(rest->at, (size_t)(rest->end - rest->at),
                             delimiter, delimiter_len);
    const char *wrong;

    if (end == NULL)
        return "the multipart body has no closing boundary";
    wrong = read_part(rest->at, end, part);
    if (wrong != NULL)
        return wrong;
    rest->at = end + delimiter_len;
    *last = rest->end - rest->at >= 2 && memcmp(rest->at, "--", 2) == 0;
    if (!*last && !skip_line_end(rest))
        return "a boundary does not end its line";
    return NULL;
}

const char *pap_multipart_split(const char *content_type, const char *body,
                                size_t len, PapMultipart *out)
{
    char boundary[PAP_MAX_BOUNDARY + 1], delimiter[PAP_MAX_BOUNDARY + 5];
    PapPart parts[MAX_PARTS];
    Rest rest = { body, body + len };
    const char *wrong, *start;
    bool last = false;
    int n = 0;

    wrong = read_boundary(content_type, boundary);
    if (wrong != NULL)
        return wrong;
    snprintf(delimiter, sizeof(delimiter), "\r\n--%s", boundary);
    /* The CR LF before the first one may belong to the HTTP headers. */
    start = memmem(body, len, delimiter + 2, strlen(delimiter + 2));
    if (start == NULL)
        return "the boundary does not occur in the body";
    rest.at = start + strlen(delimiter + 2);
    if (!skip_line_end(&rest))
        return "a boundary does not end its line";
    while (!last) {
        if (n == MAX_PARTS)
            return "the multipart body has more than three parts";
        wrong = next_part(&rest, delimiter, &parts[n++], &last);
        if (wrong != NULL)
            return wrong;
    }
    if (n < 2)
        return "the multipart body has no content entity";
    out->control = parts[0];
    out->content = parts[1];
    return NULL;
}

const char *pap_control_check(const char *type)
{
    static const char *const names[] = {
        "utf-8", "us-ascii", "iso-8859-1"
    };
    static const char xml[] = "application/xml";
    char charset[16];
    size_t i;

    if (strncasecmp(type, xml, sizeof(xml) - 1) != 0)
        return "the control entity must be application/xml";
    switch (pap_multipart_parameter(type, "charset", charset,
                                    sizeof(charset))) {
    case 0:
        return NULL;
    case 1:
        for (i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
            if (strcasecmp(charset, names[i]) == 0)
                return NULL;
    }
    return "the charset of the control entity must be utf-8";
}
