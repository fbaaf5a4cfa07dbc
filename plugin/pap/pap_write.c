/*
 * pap_write.c - writing PAP documents
 *
 * Attribute by attribute into a memory stream, which grows by itself and
 * keeps its first error for the end.
 */

#include "pap/pap_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Octets of a bad message that its answer quotes. */
#define MAX_FRAGMENT 128

static void write_head(FILE *out, PapVersion version)
{
    static const char *const doctypes[] = {
        [PAP_1_0] =
            "<!DOCTYPE pap PUBLIC \"-//WAPFORUM//DTD PAP 1.0//EN\" "
            "\"http://www.wapforum.org/DTD/pap_1.0.dtd\">\n",
        [PAP_2_0] =
            "<!DOCTYPE pap PUBLIC \"-//WAPFORUM//DTD PAP 2.0//EN\" "
            "\"http://www.wapforum.org/DTD/pap_2.0.dtd\" "
            "[<?wap-pap-ver supported-versions=\"2.0,1.*\"?>]>\n",
        [PAP_2_1] =
            "<!DOCTYPE pap PUBLIC \"-//WAPFORUM//DTD PAP 2.1//EN\" "
            "\"http://www.openmobilealliance.org/tech/DTD/pap_2.1.dtd\">\n"
    };

    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
    fputs(doctypes[version], out);
}

static void write_escaped(FILE *out, const char *text, size_t len)
{
    size_t pos = 0, start;

    while (pos < len) {
        start = pos;
        switch (pap_text_next(text, len, &pos)) {
        case -1: fputc('?', out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        case '\t': fputs("&#9;", out); break;
        case '\n': fputs("&#10;", out); break;
        case '\r': fputs("&#13;", out); break;
        default: fwrite(text + start, 1, pos - start, out);
        }
    }
}

static void write_attribute(FILE *out, const char *name, const char *value)
{
    if (value == NULL)
        return;
    fprintf(out, " %s=\"", name);
    write_escaped(out, value, strlen(value));
    fputc('"', out);
}

static void write_time(FILE *out, const char *name, int64_t epoch_s)
{
    char text[PAP_TIME_SIZE];

    write_attribute(out, name, pap_time_format(epoch_s, text));
}

static void write_code(FILE *out, int code, const char *desc)
{
    fprintf(out, " code=\"%d\"", code);
    write_attribute(out, "desc", desc != NULL ? desc : pap_code_text(code));
}

/* Closes the stream; the document, or NULL if anything failed. */
static char *finish(FILE *out, char **text)
{
    const int failed = ferror(out);

    if (fclose(out) == 0 && !failed)
        return *text;
    free(*text);
    return NULL;
}

static void write_progress(FILE *out, const PapProgress *progress)
{
    fputs("<progress-note", out);
    write_attribute(out, "stage", progress->stage);
    write_attribute(out, "note", progress->note);
    write_time(out, "time", progress->time_s);
    fputs("/>\n", out);
}

char *pap_write_push_response(const PapPushResponse *response)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int i;

    if (out == NULL)
        return NULL;
    write_head(out, response->version);
    fputs("<pap>\n<push-response", out);
    write_attribute(out, "push-id", response->push_id);
    write_attribute(out, "sender-address", response->sender_address);
    write_attribute(out, "sender-name", response->sender_name);
    write_time(out, "reply-time", response->reply_time_s);
    fputs(">\n", out);
    for (i = 0; i < response->progress_count; ++i)
        write_progress(out, &response->progress[i]);
    fputs("<response-result", out);
    write_code(out, response->code, response->desc);
    fputs("/>\n</push-response>\n</pap>\n", out);
    return finish(out, &text);
}

char *pap_write_badmessage_response(PapVersion version, int code,
                                    const char *desc, const char *fragment,
                                    size_t fragment_len)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    if (fragment_len > MAX_FRAGMENT)
        fragment_len = MAX_FRAGMENT;
    write_head(out, version);
    fputs("<pap>\n<badmessage-response", out);
    write_code(out, code, desc);
    fputs(" bad-message-fragment=\"", out);
    write_escaped(out, fragment, fragment_len);
    fputs("\"/>\n</pap>\n", out);
    return finish(out, &text);
}

/* What is said to have been used, whatever was asked for: SMS without a
 * session confirms nothing. */
static const char used_method[] = "unconfirmed";

static void write_qos(FILE *out, const PapQos *qos)
{
    const char *value;
    int i;

    fputs("<quality-of-service", out);
    for (i = 0; i < PAP_QOS_COUNT; ++i) {
        value = i == PAP_QOS_DELIVERY_METHOD ? used_method : qos->value[i];
        if (*value != '\0')
            write_attribute(out, pap_qos_name(i), value);
    }
    fputs("/>\n", out);
}

char *pap_write_notification(const PapNotification *notification)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    write_head(out, notification->qos.version);
    fputs("<pap>\n<resultnotification-message", out);
    write_attribute(out, "push-id", notification->push_id);
    write_attribute(out, "sender-address", notification->sender_address);
    write_attribute(out, "sender-name", notification->sender_name);
    write_time(out, "received-time", notification->received_time_s);
    write_time(out, "event-time", notification->event_time_s);
    write_attribute(out, "message-state",
                    pap_state_name(notification->state));
    write_code(out, notification->code, notification->desc);
    fputs(">\n<address", out);
    write_attribute(out, "address-value", notification->address);
    fputs("/>\n", out);
    if (notification->qos.present)
        write_qos(out, &notification->qos);
    fputs("</resultnotification-message>\n</pap>\n", out);
    return finish(out, &text);
}

/* --- findings ----------------------------------------------------------- */

static bool same_words(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_finding(const PapFinding *a, const PapFinding *b)
{
    return a->state == b->state && a->code == b->code &&
           a->event_time_s == b->event_time_s && same_words(a->desc, b->desc);
}

static void write_result(FILE *out, const PapInquiry *inquiry,
                         const PapFinding *finding)
{
    const bool query = inquiry->kind == PAP_STATUS_QUERY;

    fputs(query ? "<statusquery-result" : "<cancel-result", out);
    if (query && finding->event_time_s != 0)
        write_time(out, "event-time", finding->event_time_s);
    if (query)
        write_attribute(out, "message-state",
                        pap_state_name(finding->state));
    write_code(out, finding->code, finding->desc);
    fputs(">\n", out);
}

static void write_address(FILE *out, const char *address)
{
    if (address == NULL)
        return;
    fputs("<address", out);
    write_attribute(out, "address-value", address);
    fputs("/>\n", out);
}

/* One result for the first of `n` findings and its likes; returns how many
 * are left, which it moves to the front in their order. */
static int write_alike(FILE *out, const PapInquiry *inquiry,
                       PapFinding *findings, int n, const PapQos *qos)
{
    const bool query = inquiry->kind == PAP_STATUS_QUERY;
    const PapFinding first = findings[0];
    int i, left = 0;

    write_result(out, inquiry, &first);
    for (i = 0; i < n; ++i)
        if (same_finding(&findings[i], &first))
            write_address(out, findings[i].address);
        else
            findings[left++] = findings[i];
    if (query && qos != NULL && qos->present)
        write_qos(out, qos);
    fputs(query ? "</statusquery-result>\n" : "</cancel-result>\n", out);
    return left;
}

char *pap_write_inquiry_response(const PapInquiry *inquiry,
                                 const PapFinding *findings, int n,
                                 const PapQos *qos)
{
    const char *name = inquiry->kind == PAP_STATUS_QUERY
        ? "statusquery-response" : "cancel-response";
    PapFinding *open = malloc((size_t)n * sizeof(*open));
    char *text = NULL;
    size_t size;
    FILE *out = open == NULL ? NULL : open_memstream(&text, &size);

    if (out == NULL) {
        free(open);
        return NULL;
    }
    memcpy(open, findings, (size_t)n * sizeof(*open));
    write_head(out, inquiry->version);
    fprintf(out, "<pap>\n<%s", name);
    write_attribute(out, "push-id", inquiry->push_id);
    fputs(">\n", out);
    while (n > 0)
        n = write_alike(out, inquiry, open, n, qos);
    fprintf(out, "</%s>\n</pap>\n", name);
    free(open);
    return finish(out, &text);
}

/* --- a push for the host ------------------------------------------------ */

/* What the host needs to know of it: no method but this goes over SMS. */
static void write_plain_qos(FILE *out, const PapQos *qos)
{
    const char *priority = qos->value[PAP_QOS_PRIORITY];

    fputs("<quality-of-service", out);
    if (*priority != '\0')
        write_attribute(out, "priority", priority);
    write_attribute(out, "delivery-method", used_method);
    fputs("/>\n", out);
}

char *pap_write_push(const PapPush *push, const char *address)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    write_head(out, push->version);
    fputs("<pap>\n<push-message", out);
    write_attribute(out, "push-id", push->push_id);
    if (push->has_before)
        write_time(out, "deliver-before-timestamp", push->deliver_before_s);
    if (push->has_after)
        write_time(out, "deliver-after-timestamp", push->deliver_after_s);
    fputs(">\n<address", out);
    write_attribute(out, "address-value", address);
    fputs("/>\n", out);
    write_plain_qos(out, &push->qos);
    fputs("</push-message>\n</pap>\n", out);
    return finish(out, &text);
}
