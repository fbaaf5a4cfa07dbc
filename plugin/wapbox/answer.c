/*
 * answer.c - see answer.h
 */

#include "wapbox/answer.h"

#include <time.h>

#include "pap/pap_write.h"

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

void answer_push(Push *push, int code, const char *desc)
{
    const PapPushResponse response = {
        .version = push->pap.version,
        .push_id = push->pap.push_id,
        .sender_address = push->ppg_url,
        .sender_name = ANSWER_SENDER_NAME,
        .reply_time_s = time(NULL),
        .code = code,
        .desc = desc
    };

    send_document(push->client, pap_write_push_response(&response));
    push->client = NULL;
}

void answer_badmessage(HTTPClient *client, PapVersion version, int code,
                       const char *desc, const Octstr *body)
{
    const long len = body == NULL ? 0 : octstr_len(body);

    send_document(client, pap_write_badmessage_response(
        version, code, desc, len == 0 ? "" : octstr_get_cstr(body),
        (size_t)len));
}
