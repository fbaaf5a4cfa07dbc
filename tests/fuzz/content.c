/*
 * content.c - the part of a push that goes to the phone
 *
 * The input is such a part, its headers and its body. It goes the host's way:
 * the headers are read, the body is decoded and, if it is a document,
 * compiled, and both are packed for the phone.
 */

#include "fuzz.h"

#include "gw/wap_push_content.c"
#include "gw/wap_push_part.c"
#include "gw/wap_push_xml.c"

#include "gw/wap_push_si_compiler.h"
#include "gw/wap_push_sl_compiler.h"
#include "gw/wml_compiler.h"
#include "wap/wsp_headers.h"

#include "host.h"

/* The host's functions for headers want them like this. */
static char content_type[] = "Content-Type";
static char transfer_encoding[] = "Content-Transfer-Encoding";
static char application_id[] = "X-WAP-Application-Id";
static char encoding_version[] = "Encoding-Version", version[] = "1.3";

/* libxml2 writes to stderr what it thinks. */
static void say_nothing(void *context, const char *format, ...)
{
    (void) context;
    (void) format;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;
    host_init();
    wsp_strings_init();
    wml_init(1);
    return 0;
}

/* The body is all that is behind the first empty line. */
static void check_body(const Octstr *body, const uint8_t *data, size_t size)
{
    const uint8_t *end = memmem(data, size, "\r\n\r\n", 4);

    REQUIRE(end != NULL);
    REQUIRE(octstr_len(body) == (long) (data + size - end - 4));
    REQUIRE(memcmp(octstr_get_cstr(body), end + 4,
                   (size_t) octstr_len(body)) == 0);
}

static int has_header(List *headers, char *name)
{
    Octstr *value = http_header_find_first(headers, name);
    int has = value != NULL;

    octstr_destroy(value);
    return has;
}

/* Unlike the others it leaves what it has when it fails. */
static int compile_wml(Octstr *document, Octstr *charset, Octstr **binary)
{
    int failed = wml_compile(document, charset, binary, NULL);

    if (failed)
        octstr_destroy(*binary);
    return failed;
}

/* What the PPG makes of a document of this type; NULL if it is none. */
static Octstr *compile(Octstr *type, Octstr *body, Octstr *charset)
{
    static const struct {
        const char *type;
        int (*compile)(Octstr *document, Octstr *charset, Octstr **binary);
    } compilers[] = {
        { "text/vnd.wap.si", si_compile },
        { "text/vnd.wap.sl", sl_compile },
        { "text/vnd.wap.wml", compile_wml }
    };
    Octstr *binary = NULL;
    size_t i;

    for (i = 0; i < sizeof(compilers) / sizeof(compilers[0]); i++) {
        if (octstr_str_compare(type, compilers[i].type) != 0)
            continue;
        if (compilers[i].compile(body, charset, &binary) != 0)
            return NULL;
        REQUIRE(octstr_len(binary) > 4);
        return binary;
    }
    return NULL;
}

/* The headers as the phone gets them. */
static void pack(List *headers)
{
    Octstr *packed;

    http_header_add(headers, encoding_version, version);
    packed = wsp_headers_pack(headers, 1, WSP_1_3);
    REQUIRE(octstr_len(packed) > 0);
    octstr_destroy(packed);
}

static void check_application(List *headers, long number)
{
    REQUIRE(number >= -2 && number != WML_UA);
    REQUIRE(has_header(headers, application_id) == (number != -1));
}

static void check_content(List *headers, Octstr **body)
{
    Octstr *type, *charset, *binary;

    check_application(headers, push_content_application(headers));
    if (push_content_read(headers, body, &type, &charset)) {
        REQUIRE(type != NULL && charset != NULL);
        REQUIRE(octstr_search_char(type, ';', 0) == -1);
        REQUIRE(!has_header(headers, transfer_encoding));
        binary = compile(type, *body, charset);
        push_content_mark(headers, binary != NULL ? binary : *body, type);
        pack(headers);
        octstr_destroy(binary);
    } else
        REQUIRE(type == NULL && charset == NULL);
    REQUIRE(*body != NULL);
    octstr_destroy(type);
    octstr_destroy(charset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Octstr *part;
    List *headers;

    /* The module lets no document pass that declares entities. */
    if (memmem(data, size, "<!ENTITY", 8) != NULL)
        return 0;
    xmlSetGenericErrorFunc(NULL, say_nothing);
    part = host_octstr(data, size);
    if (push_part_read_headers(&part, &headers)) {
        REQUIRE(has_header(headers, content_type));
        check_body(part, data, size);
        check_content(headers, &part);
    } else
        REQUIRE(headers == NULL);
    http_destroy_headers(headers);
    octstr_destroy(part);
    return 0;
}
