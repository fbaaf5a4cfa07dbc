/*
 * request.c - see request.h.
 */
#include "request.h"

#include <string.h>
#include <strings.h>

static void add_url(struct post *post, const char *base, const char *recorded)
{
    const char *query = recorded == NULL ? NULL : strchr(recorded, '?');

    buffer_append(&post->url, base, strlen(base));
    if (query != NULL && query[1] != '\0') {
        buffer_append(&post->url, strchr(base, '?') != NULL ? "&" : "?", 1);
        buffer_append(&post->url, query + 1, strlen(query + 1));
    }
    buffer_append(&post->url, "", 1);
}

/* Headers leak from the PPG into the push, so that it must get those that
 * were recorded and none of libcurl's own. */
static void add_headers(struct post *post,
                        const struct trace_headers *headers,
                        const struct rewrite *rewrite)
{
    static const char *const own[] = { "Accept:", "Expect:",
                                       "Content-Type:" };
    bool given;
    size_t i, j;

    for (i = 0; i < headers->count; i++) {
        const struct trace_header *header = &headers->items[i];

        if (rewrite_drops_header(header->name)
            || (rewrite->drops_routes
                && rewrite_is_route_header(header->name)))
            continue;
        post_add_header(post, header->name,
                        rewrite_is_report_header(header->name)
                        ? rewrite->notify_url : header->value);
    }
    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        given = false;
        for (j = 0; j < headers->count; j++)
            given = given || strncasecmp(headers->items[j].name, own[i],
                                         strlen(own[i]) - 1) == 0;
        if (!given)
            post->headers = curl_slist_append(post->headers, own[i]);
    }
}

struct post *request_make(const struct trace_record *push, const char *url,
                          const struct rewrite *rewrite)
{
    struct post *post;

    if (push->body.bytes == NULL || push->headers.items == NULL)
        return NULL;
    post = post_new(push->push);
    if (!rewrite_body(&post->body, rewrite, push->body.bytes,
                      push->body.size)) {
        post_free(post);
        return NULL;
    }
    add_url(post, url, push->url);
    add_headers(post, &push->headers, rewrite);
    return post;
}
