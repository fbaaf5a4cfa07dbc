/*
 * answer.c - see answer.h
 */

#include "wapbox/answer.h"

#include <stdio.h>
#include <time.h>

/* Sends a document and frees it; NULL (no memory) hangs up. */
static void send_document(HTTPClient *client, char *document)
{
    static char type_name[] = "Content-Type", type[] = "application/xml";
    List *headers;
    Octstr *body;

    if (document == NULL) {
        http_close_client(client);
        return;
    }
    headers = http_create_empty_headers();
    http_header_add(headers, type_name, type);
    body = octstr_create(document);
    http_send_reply(client, HTTP_ACCEPTED, headers, body);
    octstr_destroy(body);
    http_destroy_headers(headers);
    pap_text_free(document);
}

/* The stages that a push went through, for a PI that asked for them. */
#define MAX_PROGRESS 3

typedef struct {
    PapProgress notes[MAX_PROGRESS];
    int count;
    char compiled[80];
} Progress;

static void add_note(Progress *progress, const char *stage, const char *note,
                     int64_t time_s)
{
    progress->notes[progress->count++] = (PapProgress) {
        .stage = stage, .note = note, .time_s = time_s
    };
}

/* Fills in `progress`; returns how many notes it has. */
static int tell_progress(const Push *push, int code, Progress *progress)
{
    progress->count = 0;
    if (!push->pap.progress_notes)
        return 0;
    if (push->read_s != 0)
        add_note(progress, "read", "the control entity is a push-message",
                 push->read_s);
    if (push->compiled_s != 0) {
        snprintf(progress->compiled, sizeof(progress->compiled),
                 "the message has %zu octets and needs %d SMS",
                 push->payload_len, push->segments);
        add_note(progress, "compiled", progress->compiled, push->compiled_s);
    }
    if (code == PAP_CODE_ACCEPTED)
        add_note(progress, "stored", "the message waits to be sent",
                 time(NULL));
    return progress->count;
}

void answer_push(Push *push, int code, const char *desc)
{
    Progress progress;
    const PapPushResponse response = {
        .version = push->pap.version,
        .push_id = push->pap.push_id,
        .sender_address = push->ppg_url,
        .sender_name = ANSWER_SENDER_NAME,
        .reply_time_s = time(NULL),
        .progress = progress.notes,
        .progress_count = tell_progress(push, code, &progress),
        .code = code,
        .desc = desc
    };

    send_document(push->client, pap_write_push_response(&response));
    push->client = NULL;
}

void answer_inquiry(Inquiry *inquiry, const PapFinding *findings, int n,
                    const PapQos *qos)
{
    send_document(inquiry->client,
                  pap_write_inquiry_response(&inquiry->pap, findings, n,
                                             qos));
    inquiry->client = NULL;
}

void answer_badmessage(HTTPClient *client, PapVersion version, int code,
                       const char *desc, const Octstr *body)
{
    const long len = body == NULL ? 0 : octstr_len(body);

    send_document(client, pap_write_badmessage_response(
        version, code, desc, len == 0 ? "" : octstr_get_cstr(body),
        (size_t)len));
}
