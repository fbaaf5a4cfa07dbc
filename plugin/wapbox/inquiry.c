/*
 * inquiry.c - see inquiry.h
 */

#include "wapbox/inquiry.h"

#include <string.h>
#include <strings.h>

#include "pap/pap_multipart.h"

bool inquiry_is_one(const Octstr *type)
{
    static const char xml[] = "application/xml";

    return type != NULL &&
           strncasecmp(octstr_get_cstr(type), xml, sizeof(xml) - 1) == 0;
}

static const char *check(const Octstr *type, const Octstr *body)
{
    if (body == NULL || octstr_len(body) == 0)
        return "the request has no body";
    return pap_control_check(octstr_get_cstr(type));
}

Inquiry *inquiry_read(const Octstr *type, const Octstr *body,
                      PapFault *fault, const char **wrong)
{
    Inquiry *inquiry = gw_malloc(sizeof(*inquiry));

    memset(inquiry, 0, sizeof(*inquiry));
    fault->code = PAP_CODE_BAD_REQUEST;
    *wrong = check(type, body);
    if (*wrong == NULL &&
        !pap_read_inquiry(octstr_get_cstr(body), (size_t)octstr_len(body),
                          &inquiry->pap, fault))
        *wrong = fault->desc;
    return inquiry;
}

void inquiry_destroy(Inquiry *inquiry)
{
    if (inquiry == NULL)
        return;
    pap_inquiry_clear(&inquiry->pap);
    gw_free(inquiry->pi);
    gw_free(inquiry);
}
