/*
 * multipart.c - the parts of a push
 *
 * The first line is the Content-Type, the rest the body. What is accepted
 * goes on to the host's own parser, which must split it at the same octets.
 */

#include "fuzz.h"

#include "gw/wap_push_pap_mime.c"
#include "gw/wap_push_part.c"

#include "host.h"
#include "pap/pap_multipart.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;
    host_init();
    return 0;
}

static void check_parts(const PapMultipart *parts, const char *body,
                        size_t len)
{
    const PapPart *control = &parts->control, *content = &parts->content;

    REQUIRE(control->body >= body && control->len <= len);
    REQUIRE(control->body + control->len < content->body);
    REQUIRE(content->body + content->len <= body + len);
    REQUIRE(control->type[0] != '\0' && strlen(control->type) <=
            PAP_MAX_TYPE);
    REQUIRE(content->type[0] != '\0' && strlen(content->type) <=
            PAP_MAX_TYPE);
}

static int is_part(const Octstr *found, const PapPart *part)
{
    return octstr_len(found) == (long) part->len &&
           memcmp(octstr_get_cstr(found), part->body, part->len) == 0;
}

static void check_host(const char *type, const char *body, size_t len,
                       const PapMultipart *parts)
{
    char name[PAP_MAX_BOUNDARY + 1];
    Octstr *octets = host_octstr(body, len), *boundary;
    Octstr *control = NULL, *content = NULL, *more = NULL;
    List *headers = NULL;

    REQUIRE(pap_multipart_parameter(type, "boundary", name, sizeof(name)) ==
            1);
    boundary = octstr_create(name);
    if (mime_parse(boundary, octets, &control, &content, &headers, &more)) {
        REQUIRE(is_part(control, &parts->control));
        REQUIRE(is_part(content, &parts->content));
    }
    http_destroy_headers(headers);
    octstr_destroy(control);
    octstr_destroy(content);
    octstr_destroy(more);
    octstr_destroy(octets);
    octstr_destroy(boundary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *type = fuzz_line(&data, &size);
    const char *body = (const char *) data;
    PapMultipart parts;
    const char *wrong = pap_multipart_split(type, body, size, &parts);

    if (wrong == NULL) {
        check_parts(&parts, body, size);
        check_host(type, body, size, &parts);
    } else
        REQUIRE(wrong[0] != '\0');
    gw_free(type);
    return 0;
}
