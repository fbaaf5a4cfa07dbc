/*
 * push.c - see push.h
 *
 * What comes from the request was checked by the PAP reader; what comes from
 * headers and configuration is checked here to be text, since one value that
 * the database refuses would cost the whole batch.
 */

#include "wapbox/push.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/segment.h"
#include "wapbox/targets.h"

/* The UDH of a push: 6 octets follow, application ports of 16 bits, 4. */
static const char udh_head[] = { 6, 5, 4 };
#define UDH_LEN 7

Push *push_create(void)
{
    Push *push = gw_malloc(sizeof(*push));

    memset(push, 0, sizeof(*push));
    return push;
}

void push_destroy(Push *push)
{
    if (push == NULL)
        return;
    targets_clear(push);
    pap_push_clear(&push->pap);
    gw_free(push->pi);
    gw_free(push->ppg_url);
    gw_free(push->route);
    gw_free(push->sender);
    gw_free(push->service);
    gw_free(push->extra);
    gw_free(push->payload);
    gw_free(push);
}

void push_refuse(Push *push, int code, const char *format, ...)
{
    va_list args;

    if (push->refusal != 0)
        return;
    push->refusal = code;
    va_start(args, format);
    vsnprintf(push->refusal_desc, sizeof(push->refusal_desc), format, args);
    va_end(args);
}

/* A copy of `text`, "" for NULL; refuses the push if it is not text. */
static char *copy_text(Push *push, const char *name, const Octstr *text)
{
    if (text == NULL)
        return gw_strdup("");
    if (!pap_text_valid(octstr_get_cstr(text), (size_t)octstr_len(text))) {
        push_refuse(push, PAP_CODE_BAD_REQUEST, "the %s is not UTF-8 text",
                    name);
        return gw_strdup("");
    }
    return gw_strdup(octstr_get_cstr(text));
}

static void append_extra(Octstr *extra, const char *name, Octstr *value)
{
    if (value != NULL)
        octstr_format_append(extra, "&%s=%E", name, value);
}

static char *make_extra(const Msg *sms)
{
    Octstr *extra;
    char *copy;

    if (sms->sms.dlr_mask <= 0)
        return NULL;
    extra = octstr_format("dlr-mask=%ld", sms->sms.dlr_mask);
    append_extra(extra, "dlr-url", sms->sms.dlr_url);
    append_extra(extra, "boxc-id", sms->sms.boxc_id);
    append_extra(extra, "account", sms->sms.account);
    append_extra(extra, "meta-data", sms->sms.meta_data);
    copy = gw_strdup(octstr_get_cstr(extra));
    octstr_destroy(extra);
    return copy;
}

static void copy_payload(Push *push, const Msg *sms)
{
    const Octstr *udh = sms->sms.udhdata, *data = sms->sms.msgdata;

    if (octstr_len(udh) != UDH_LEN ||
        memcmp(octstr_get_cstr(udh), udh_head, sizeof(udh_head)) != 0) {
        push_refuse(push, PAP_CODE_INTERNAL_ERROR,
                    "the push came without its ports");
        return;
    }
    memcpy(push->ports, octstr_get_cstr(udh) + sizeof(udh_head),
           sizeof(push->ports));
    push->payload_len = (size_t)octstr_len(data);
    push->payload = gw_malloc(push->payload_len + 1);
    if (push->payload_len > 0)
        memcpy(push->payload, octstr_get_cstr(data), push->payload_len);
}

static void check_segments(Push *push, const Config *config)
{
    push->segments = segment_count(push->payload_len, config->concat_bits);
    if (push->segments == -1)
        push_refuse(push, PAP_CODE_TRANSFORMATION_FAILURE, "the message "
                    "needs more than %d segments, at most %d are allowed",
                    SEGMENT_MAX_SEGMENTS, config->max_segments);
    else if (push->segments > config->max_segments)
        push_refuse(push, PAP_CODE_TRANSFORMATION_FAILURE, "the message "
                    "needs %d segments, at most %d are allowed",
                    push->segments, config->max_segments);
}

void push_complete(Push *push, const Msg *sms, const Config *config)
{
    push->route = copy_text(push, "smsc-id", sms->sms.smsc_id);
    if (*push->route == '\0' && config->smsc_id != NULL) {
        gw_free(push->route);
        push->route = gw_strdup(config->smsc_id);
    }
    push->sender = copy_text(push, "sender", sms->sms.sender);
    push->service = copy_text(push, "service name", sms->sms.service);
    targets_complete(push, config);
    push->extra = make_extra(sms);
    copy_payload(push, sms);
    push->compiled_s = time(NULL);
    check_segments(push, config);
}
