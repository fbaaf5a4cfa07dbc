/*
 * pap_multipart.h - the parts of a push: control entity and content
 *
 * A push is multipart/related (RFC 2387) with a control entity, a content
 * entity and perhaps one of capabilities. The host splits it too, later and
 * with less care; what is refused here never gets there, and what is
 * accepted here the host splits at the same octets.
 */

#ifndef CONVOY_PAP_MULTIPART_H
#define CONVOY_PAP_MULTIPART_H

#include <stddef.h>

#define PAP_MAX_BOUNDARY 70     /* RFC 2046 */
#define PAP_MAX_TYPE 128        /* octets of a part's Content-Type */

/* One part: its body, inside the caller's buffer, and its Content-Type,
 * cut at PAP_MAX_TYPE. */
typedef struct {
    const char *body;
    size_t len;
    char type[PAP_MAX_TYPE + 1];
} PapPart;

typedef struct {
    PapPart control, content;
} PapMultipart;

/*
 * Splits `body`, whose HTTP header Content-Type was `content_type`. Returns
 * NULL, or a static text that says what is wrong; `out` is then undefined.
 */
const char *pap_multipart_split(const char *content_type, const char *body,
                                size_t len, PapMultipart *out);

/*
 * Can a document of this Content-Type be read: a control entity, or a request
 * that is one? Returns NULL, or a static text that says what is wrong.
 */
const char *pap_control_check(const char *type);

/*
 * Finds parameter `name` of a Content-Type value and copies it, without its
 * quotes, to `out` of `size` octets. Returns 1; 0 if there is none; -1 if
 * it does not fit or its quotes do not end.
 */
int pap_multipart_parameter(const char *type, const char *name, char *out,
                            size_t size);

#endif
