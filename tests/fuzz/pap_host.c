/*
 * pap_host.c - the host's own reader of the control entity
 *
 * It gets only documents that passed the module's reader, some of them
 * rewritten by the module's writer, and must survive them. They must mean the
 * same to it: the push-id above all, under which host and module know the
 * push.
 */

#include "fuzz.h"

#include "gw/wap_push_pap_compiler.c"

#include "host.h"
#include "pap/pap_address.h"
#include "pap/pap_read.h"
#include "pap/pap_write.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;
    host_init();
    pap_read_init();
    return 0;
}

/* libxml2 writes to stderr what it thinks. */
static void say_nothing(void *context, const char *format, ...)
{
    (void) context;
    (void) format;
}

/* What the host gets to see of this push: NULL, or one to be destroyed. */
static Octstr *served(const PapPush *push, const uint8_t *data, size_t size)
{
    Octstr *document;
    char *text;
    int i;

    for (i = 0; i < push->address_count; i++) {
        if (pap_address_check(push->addresses[i]) == NULL)
            break;
    }
    if (i == push->address_count)
        return NULL;
    if (push->address_count == 1 && push->replaces == NULL)
        return host_octstr(data, size);
    text = pap_write_push(push, push->addresses[i]);
    REQUIRE(text != NULL);
    document = host_octstr((const uint8_t *) text, strlen(text));
    pap_text_free(text);
    return document;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Octstr *document = NULL;
    WAPEvent *event = NULL;
    PapFault fault;
    PapPush push;

    xmlSetGenericErrorFunc(NULL, say_nothing);
    if (pap_read_push((const char *) data, size, &push, &fault))
        document = served(&push, data, size);
    if (document != NULL) {
        if (pap_compile(document, &event) != 0)
            REQUIRE(event == NULL);
        else {
            REQUIRE(event->type == Push_Message);
            REQUIRE(octstr_str_compare(event->u.Push_Message.pi_push_id,
                                       push.push_id) == 0);
        }
        wap_event_destroy(event);
    }
    octstr_destroy(document);
    pap_push_clear(&push);
    return 0;
}
