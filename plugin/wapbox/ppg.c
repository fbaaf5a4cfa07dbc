/*
 * ppg.c - see ppg.h
 *
 * The PPG keeps of a request only what it needs itself, and so loses where
 * to send the result, the quality of service and the version of PAP. The
 * first look reads all that and keeps it for the thread it runs on; the PPG
 * works on one request at a time, so if it answers a push, it is this one.
 *
 * Nor does it know pushes to several addresses, or that replace another, and
 * for one that prefers to be confirmed it would open a session. It is shown a
 * plain one instead, to the first address.
 */

#include "wapbox/ppg.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "pap/pap_multipart.h"
#include "pap/pap_quality.h"
#include "pap/pap_read.h"
#include "pap/pap_write.h"
#include "wapbox/answer.h"
#include "wapbox/inquiry.h"
#include "wapbox/intake.h"
#include "wapbox/targets.h"

/* Octets of a request; the longest push is a few kilobytes. */
#define MAX_REQUEST (1 << 20)

/* Octets of a document that is compiled for the phone, on the only PAP
 * thread. Many times what the longest message holds. */
#define MAX_COMPILED (64 << 10)

static const Config *config;
static const GwHost *host;

/* PAP thread: the request that the PPG is working on, NULL: none. */
static Push *seen;

/* --- a first look ------------------------------------------------------- */

static bool starts_with(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* The compilers of service indications and the like expand entities, and
 * take their time for what no message can hold. */
static const char *check_content(const PapPart *content)
{
    static const char declaration[] = "<!ENTITY";

    if (!starts_with(content->type, "text/"))
        return NULL;
    if (content->len > MAX_COMPILED)
        return "the content is longer than 65536 octets";
    if (memmem(content->body, content->len, declaration,
               sizeof(declaration) - 1) != NULL)
        return "the content declares an entity";
    if (!pap_attributes_are_few(content->body, content->len))
        return "an element of the content has more than 100 attributes";
    return NULL;
}

/* Splits the request into its parts. NULL, or what is wrong with it. */
static const char *split(const char *type, const Octstr *body,
                         PapMultipart *parts)
{
    const char *wrong;

    if (octstr_len(body) > MAX_REQUEST)
        return "the request is longer than 1048576 octets";
    if (!starts_with(type, "multipart/related") ||
        strcasestr(type, "application/xml") == NULL)
        return "a push is multipart/related with type=\"application/xml\"";
    wrong = pap_multipart_split(type, octstr_get_cstr(body),
                                (size_t)octstr_len(body), parts);
    if (wrong == NULL)
        wrong = pap_control_check(parts->control.type);
    if (wrong == NULL)
        wrong = check_content(&parts->content);
    return wrong;
}

static void check_times(Push *push)
{
    const PapPush *pap = &push->pap;

    if (pap->has_before && pap->deliver_before_s <= time(NULL))
        push_refuse(push, PAP_CODE_FORBIDDEN,
                    "deliver-before-timestamp has passed");
    if (pap->has_before && pap->has_after &&
        pap->deliver_after_s >= pap->deliver_before_s)
        push_refuse(push, PAP_CODE_BAD_REQUEST, "deliver-after-timestamp is "
                    "not before deliver-before-timestamp");
}

/* Whether there is a phone number among its addresses; one IP address alone
 * is the PPG's own business. */
static bool is_over_sms(const Push *push)
{
    int i;

    for (i = 0; i < push->target_count; ++i)
        if (push->targets[i].code == 0)
            return true;
    return false;
}

/* Whether the PPG must not see it as it is. */
static bool needs_rewriting(const Push *push)
{
    const PapPush *pap = &push->pap;

    return is_over_sms(push) &&
           (pap->address_count > 1 || pap->replaces != NULL ||
            !pap_quality_is_plain(&pap->qos));
}

static void check_quality(Push *push)
{
    const char *desc;
    int code;

    if (!is_over_sms(push))
        return;
    code = pap_quality_refusal(&push->pap.qos, &desc);
    if (code != 0)
        push_refuse(push, code, "%s", desc);
}

/* What is well-formed, but cannot be served. */
static void check_push(Push *push)
{
    const PapPush *pap = &push->pap;

    targets_judge(push, host->number_allowed);
    check_quality(push);
    if (pap->notify_url != NULL && !starts_with(pap->notify_url, "http://") &&
        !starts_with(pap->notify_url, "https://"))
        push_refuse(push, PAP_CODE_BAD_REQUEST, "ppg-notify-requested-to "
                    "must be an http or https URL");
    check_times(push);
}

/* Puts a control entity that the PPG understands in place of its own. */
static void rewrite(Push *push, const PapPart *control, Octstr *body)
{
    const long at = control->body - octstr_get_cstr(body);
    char *entity = pap_write_push(&push->pap, targets_first(push));

    if (entity == NULL) {
        push_refuse(push, PAP_CODE_INTERNAL_ERROR, "out of memory");
        return;
    }
    octstr_delete(body, at, (long)control->len);
    octstr_insert_data(body, at, entity, (long)strlen(entity));
    pap_text_free(entity);
}

/*
 * Reads the request into `push`. Returns NULL if it is a push, served or to
 * be refused; else what is wrong with it, for a badmessage-response.
 */
static const char *read_push(Push *push, const Octstr *type, Octstr *body,
                             PapFault *fault)
{
    PapMultipart parts;
    const char *wrong;

    fault->code = PAP_CODE_BAD_REQUEST;
    if (body == NULL || octstr_len(body) == 0)
        wrong = "the request has no body";
    else if (type == NULL)
        wrong = "the request has no Content-Type";
    else
        wrong = split(octstr_get_cstr(type), body, &parts);
    if (wrong != NULL)
        return wrong;
    if (pap_read_push(parts.control.body, parts.control.len, &push->pap,
                      fault)) {
        push->read_s = time(NULL);
        check_push(push);
    } else if (push->pap.push_id == NULL)
        return fault->desc;
    else
        push_refuse(push, fault->code, "%s", fault->desc);
    if (push->refusal == 0 && needs_rewriting(push))
        rewrite(push, &parts.control, body);
    return NULL;
}

static char *copy_octstr(const Octstr *text)
{
    return gw_strdup(text == NULL ? "" : octstr_get_cstr(text));
}

static void refuse(HTTPClient *client, const Octstr *ip, PapVersion version,
                   PapCode code, const char *wrong, const Octstr *body)
{
    info(0, "convoy: request from <%s> refused: %s", octstr_get_cstr(ip),
         wrong);
    answer_badmessage(client, version, code, wrong, body);
}

/* A status query or a cancel; its client is always taken over. */
static void take_inquiry(HTTPClient *client, const Octstr *ip,
                         const Octstr *username, const Octstr *type,
                         const Octstr *body)
{
    PapFault fault;
    const char *wrong;
    Inquiry *inquiry = inquiry_read(type, body, &fault, &wrong);

    inquiry->pi = copy_octstr(username);
    if (wrong == NULL &&
        !pap_text_valid(inquiry->pi, strlen(inquiry->pi)))
        wrong = "the user name is not UTF-8 text";
    if (wrong != NULL) {
        refuse(client, ip, inquiry->pap.version, fault.code, wrong, body);
        inquiry_destroy(inquiry);
        return;
    }
    if (inquiry->pap.kind == PAP_CANCEL)
        info(0, "convoy: push-id <%s> is to be cancelled, says <%s>",
             inquiry->pap.push_id, octstr_get_cstr(ip));
    inquiry->client = client;
    intake_ask(inquiry);
}

/* Returns 1 if the push was refused, 0 to let the PPG go on with it. */
static int take_push(HTTPClient *client, const Octstr *ip, const Octstr *url,
                     const Octstr *username, const Octstr *type,
                     Octstr *body)
{
    PapFault fault;
    const char *wrong;

    push_destroy(seen);
    seen = push_create();
    seen->pi = copy_octstr(username);
    seen->ppg_url = copy_octstr(url);
    wrong = read_push(seen, type, body, &fault);
    if (wrong != NULL) {
        refuse(client, ip, seen->pap.version, fault.code, wrong, body);
        return 1;
    }
    if (!pap_text_valid(seen->pi, strlen(seen->pi)))
        push_refuse(seen, PAP_CODE_BAD_REQUEST,
                    "the user name is not UTF-8 text");
    if (seen->refusal == 0)
        return 0;
    info(0, "convoy: push-id <%s> from <%s> refused: %d %s",
         seen->pap.push_id, octstr_get_cstr(ip), seen->refusal,
         seen->refusal_desc);
    seen->client = client;
    answer_push(seen, seen->refusal, seen->refusal_desc);
    return 1;
}

static int pap_request(HTTPClient *client, const Octstr *ip,
                       const Octstr *url, const Octstr *username,
                       List *headers, Octstr *body)
{
    static char type_name[] = "Content-Type";
    Octstr *type = headers == NULL ? NULL
                 : http_header_find_first(headers, type_name);
    int taken = 1;

    if (inquiry_is_one(type))
        take_inquiry(client, ip, username, type, body);
    else
        taken = take_push(client, ip, url, username, type, body);
    octstr_destroy(type);
    return taken;
}

/* --- answer and datagram ------------------------------------------------ */

static void push_answered(HTTPClient *client, const Octstr *url,
                          const Octstr *pi_push_id, long push_id, long code)
{
    Push *push = seen;

    seen = NULL;
    if (push == NULL ||
        octstr_str_compare(pi_push_id, push->pap.push_id) != 0) {
        /* Host and module read one document differently. No good document
         * does that; this one would be stored under a wrong name. */
        push_destroy(push);
        push = push_create();
        pap_push_set_id(&push->pap, octstr_get_cstr(pi_push_id));
        push->ppg_url = copy_octstr(url);
        push_refuse(push, PAP_CODE_BAD_REQUEST,
                    "the control entity is ambiguous");
    }
    push->client = client;
    if (code == PAP_CODE_ACCEPTED) {
        push->alone = push->pap.replaces != NULL;
        intake_hold(push, push_id);
        return;
    }
    answer_push(push, (int)code, code == PAP_CODE_TRANSFORMATION_FAILURE
                ? "the content is not what its type and encoding say" : NULL);
    push_destroy(push);
}

static int push_segments(long push_id, const Msg *sms)
{
    Push *push;

    if (!intake_take(push_id, &push))
        return 0;
    if (push != NULL) {
        push_complete(push, sms, config);
        intake_store(push);
    }
    return 1;
}

void ppg_init(const Config *configuration, const GwHost *host_functions,
              GwHooks *hooks)
{
    config = configuration;
    host = host_functions;
    hooks->pap_request = pap_request;
    hooks->push_answered = push_answered;
    hooks->push_segments = push_segments;
}
