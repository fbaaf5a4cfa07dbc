/*
 * http.c - see http.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"

enum { HEAD_MAX = 64 * 1024, BODY_MAX = 1024 * 1024, LINE_MAX_SIZE = 8192 };

void http_begin(struct http_reader *reader)
{
    reader->state = HTTP_HEAD;
}

bool http_is_busy(const struct http_reader *reader)
{
    return reader->state > HTTP_HEAD || buffer_length(&reader->in) > 0;
}

bool http_is_begin(bool request, const uint8_t *bytes, size_t size)
{
    const char *begin = request ? "POST " : "HTTP/1.";

    return size > strlen(begin) && memcmp(bytes, begin, strlen(begin)) == 0;
}

const char *http_header(const struct http_message *message, const char *name)
{
    size_t i;

    for (i = 0; i < message->headers.count; i++)
        if (strcasecmp(message->headers.items[i].name, name) == 0)
            return message->headers.items[i].value;
    return NULL;
}

/* Gives memory back that a connection without news does not need. */
static void forget(struct http_reader *reader)
{
    buffer_free(&reader->head);
    buffer_free(&reader->body);
    free(reader->headers);
    reader->headers = NULL;
    if (buffer_length(&reader->in) == 0)
        buffer_free(&reader->in);
}

static const char *lose(struct http_reader *reader, const char *why)
{
    reader->state = HTTP_LOST;
    buffer_free(&reader->in);
    forget(reader);
    return why;
}

/* --- the head ----------------------------------------------------------- */

/* The size of the head with its empty line; 0 if that has not come. */
static size_t head_size(const uint8_t *bytes, size_t size)
{
    const uint8_t *at = bytes, *end = bytes + size;

    while ((at = memchr(at, '\n', (size_t) (end - at))) != NULL) {
        at++;
        if (at < end && *at == '\n')
            return (size_t) (at + 1 - bytes);
        if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
            return (size_t) (at + 2 - bytes);
    }
    return 0;
}

/* Cuts the line that begins at *at off, without its end and blanks there. */
static char *cut_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');

    *at = end + 1;
    while (end > line && strchr("\r \t", end[-1]) != NULL)
        end--;
    *end = '\0';
    return line;
}

static bool read_request_line(struct http_message *message, char *line)
{
    char *url = strchr(line, ' '), *version;

    if (url == NULL || url == line)
        return false;
    *url++ = '\0';
    version = strchr(url, ' ');
    if (version == NULL || strncmp(version + 1, "HTTP/1.", 7) != 0)
        return false;
    *version = '\0';
    message->method = line;
    message->url = url;
    return true;
}

static bool read_status_line(struct http_message *message, const char *line)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12)
        return false;
    message->status = atoi(line + 9);
    return message->status >= 100 && message->status <= 599;
}

static bool read_headers(struct http_reader *reader, char *at)
{
    struct trace_headers *headers = &reader->message.headers;
    char *line, *value;

    reader->headers = mem_resize(reader->headers, HTTP_HEADERS_MAX
                                                  * sizeof(*reader->headers));
    *headers = (struct trace_headers) { reader->headers, 0 };
    for (line = cut_line(&at); *line != '\0'; line = cut_line(&at)) {
        value = line + strspn(line, "!#$%&'*+-.^_`|~0123456789"
                              "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (*value != ':' || value == line
            || headers->count == HTTP_HEADERS_MAX)
            return false;
        *value++ = '\0';
        value += strspn(value, " \t");
        reader->headers[headers->count++]
            = (struct trace_header) { line, value };
    }
    return true;
}

static bool has_no_body(const struct http_reader *reader)
{
    int status = reader->message.status;

    return !reader->requests
           && (status < 200 || status == 204 || status == 304);
}

/* The next state, by how long the body is; HTTP_LOST if that is unclear. */
static enum http_state state_behind_head(struct http_reader *reader)
{
    const char *coding = http_header(&reader->message, "Transfer-Encoding");
    const char *length = http_header(&reader->message, "Content-Length");

    reader->left = 0;
    reader->whole = true;
    if (has_no_body(reader))
        return HTTP_BODY;
    if (coding != NULL)
        return strcasecmp(coding, "chunked") == 0 ? HTTP_CHUNK_SIZE
                                                  : HTTP_LOST;
    if (length == NULL)
        return reader->requests ? HTTP_BODY : HTTP_UNTIL_END;
    if (*length == '\0' || strlen(length) > 15
        || length[strspn(length, "0123456789")] != '\0')
        return HTTP_LOST;
    reader->left = strtoull(length, NULL, 10);
    return HTTP_BODY;
}

static const char *read_head(struct http_reader *reader, size_t size)
{
    char *text;

    if (memchr(buffer_bytes(&reader->in), '\0', size) != NULL)
        return "a NUL in a header";
    buffer_free(&reader->head);
    buffer_append(&reader->head, buffer_bytes(&reader->in), size);
    buffer_append(&reader->head, "", 1);
    buffer_consume(&reader->in, size);
    reader->message = (struct http_message) { 0 };
    text = (char *) buffer_bytes(&reader->head);
    if (reader->requests
        ? !read_request_line(&reader->message, cut_line(&text))
        : !read_status_line(&reader->message, cut_line(&text)))
        return reader->requests ? "no request line" : "no status line";
    if (!read_headers(reader, text))
        return "a header line that is none";
    reader->state = state_behind_head(reader);
    return reader->state == HTTP_LOST ? "a body of unclear length" : NULL;
}

/* --- the body ----------------------------------------------------------- */

static void finish(struct http_reader *reader, struct tcp_moment moment)
{
    static const uint8_t nothing[1];
    size_t size = buffer_length(&reader->body);

    if (reader->whole)
        reader->message.body = (struct trace_octets) {
            size > 0 ? buffer_bytes(&reader->body) : nothing, size
        };
    reader->state = HTTP_HEAD;
    if (reader->requests || reader->message.status >= 200)
        reader->take(reader->context, &reader->message, moment);
    forget(reader);
}

static void add_to_body(struct http_reader *reader, size_t size)
{
    if (buffer_length(&reader->body) + size > BODY_MAX) {
        reader->whole = false;
        buffer_free(&reader->body);
    }
    if (reader->whole)
        buffer_append(&reader->body, buffer_bytes(&reader->in), size);
    buffer_consume(&reader->in, size);
}

/* As much of the body or chunk as there is; whether it is complete. */
static bool take_counted(struct http_reader *reader)
{
    size_t size = buffer_length(&reader->in);

    if (size > reader->left)
        size = (size_t) reader->left;
    add_to_body(reader, size);
    reader->left -= size;
    return reader->left == 0;
}

/* The size of the next line with its end; 0 if it has not come whole. */
static size_t line_size(const struct http_reader *reader)
{
    const uint8_t *bytes = buffer_bytes(&reader->in);
    const uint8_t *end = bytes == NULL ? NULL
        : memchr(bytes, '\n', buffer_length(&reader->in));

    return end == NULL ? 0 : (size_t) (end + 1 - bytes);
}

static const char *take_chunk_size(struct http_reader *reader, size_t line)
{
    const uint8_t *bytes = buffer_bytes(&reader->in);
    size_t digits = 0;

    reader->left = 0;
    while (digits < line && digits < 9
           && strchr("0123456789abcdefABCDEF", bytes[digits]) != NULL
           && bytes[digits] != '\0') {
        uint8_t digit = bytes[digits++];
        digit = (uint8_t) (digit <= '9' ? digit - '0'
                                        : (digit | 0x20) - 'a' + 10);
        reader->left = reader->left * 16 + digit;
    }
    if (digits == 0 || digits == 9)
        return "a chunk of unclear size";
    buffer_consume(&reader->in, line);
    reader->state = reader->left > 0 ? HTTP_CHUNK : HTTP_TRAILER;
    return NULL;
}

/* One step; *more: another may follow. */
static const char *step(struct http_reader *reader, bool *more,
                        struct tcp_moment moment)
{
    size_t size = buffer_length(&reader->in), line;

    *more = true;
    switch (reader->state) {
    case HTTP_HEAD:
        /* an empty line before a message is ignored (RFC 9112, 2.2) */
        while (size > 0 && strchr("\r\n", *buffer_bytes(&reader->in)) != NULL
               && *buffer_bytes(&reader->in) != '\0') {
            buffer_consume(&reader->in, 1);
            size--;
        }
        line = size == 0 ? 0 : head_size(buffer_bytes(&reader->in), size);
        if (line > 0)
            return read_head(reader, line);
        *more = false;
        return size > HEAD_MAX ? "headers without end" : NULL;
    case HTTP_BODY:
        *more = take_counted(reader);
        if (*more)
            finish(reader, moment);
        return NULL;
    case HTTP_CHUNK:
        *more = take_counted(reader);
        if (*more)
            reader->state = HTTP_CHUNK_END;
        return NULL;
    case HTTP_CHUNK_SIZE:
    case HTTP_CHUNK_END:
    case HTTP_TRAILER:
        break;
    case HTTP_UNTIL_END:
        add_to_body(reader, size);
        /* fall through */
    case HTTP_LOST:
    default:
        *more = false;
        return NULL;
    }
    line = line_size(reader);
    if (line == 0) {
        *more = false;
        return size > LINE_MAX_SIZE ? "a chunk without end" : NULL;
    }
    if (reader->state == HTTP_CHUNK_SIZE)
        return take_chunk_size(reader, line);
    if (reader->state == HTTP_CHUNK_END) {
        if (line > 2)
            return "a chunk that does not end where it should";
        reader->state = HTTP_CHUNK_SIZE;
    } else if (line == 1
               || (line == 2 && buffer_bytes(&reader->in)[0] == '\r')) {
        buffer_consume(&reader->in, line);
        finish(reader, moment);
        return NULL;
    }
    buffer_consume(&reader->in, line);
    return NULL;
}

const char *http_octets(struct http_reader *reader, const uint8_t *bytes,
                        size_t size, struct tcp_moment moment)
{
    const char *why = NULL;
    bool more = true;

    if (reader->state == HTTP_LOST) {
        if (!http_is_begin(reader->requests, bytes, size))
            return NULL;
        http_begin(reader);
    }
    buffer_append(&reader->in, bytes, size);
    while (more && why == NULL)
        why = step(reader, &more, moment);
    if (why != NULL)
        return lose(reader, why);
    if (buffer_length(&reader->in) == 0)
        buffer_free(&reader->in);
    return NULL;
}

bool http_lost(struct http_reader *reader, size_t size,
               struct tcp_moment moment)
{
    bool counted = reader->state == HTTP_BODY || reader->state == HTTP_CHUNK;

    if (size > 0 && ((counted && size <= reader->left)
                     || reader->state == HTTP_UNTIL_END)) {
        reader->whole = false;
        buffer_free(&reader->body);
        if (counted)
            reader->left -= size;
        if (counted && reader->left == 0) {
            if (reader->state == HTTP_BODY)
                finish(reader, moment);
            else
                reader->state = HTTP_CHUNK_END;
        }
        return true;
    }
    lose(reader, NULL);
    return false;
}

void http_end(struct http_reader *reader, struct tcp_moment moment)
{
    if (reader->state == HTTP_UNTIL_END)
        finish(reader, moment);
}

size_t http_held(const struct http_reader *reader)
{
    return reader->in.room + reader->head.room + reader->body.room;
}

void http_free(struct http_reader *reader)
{
    buffer_free(&reader->in);
    forget(reader);
}
