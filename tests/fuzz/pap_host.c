/*
 * pap_host.c - the host's own reader of the control entity
 *
 * Patched, it must survive any document. One that passed the module's reader
 * must mean the same to it: the push-id above all, under which host and
 * module know the push.
 */

#include "fuzz.h"

#include "gw/wap_push_pap_compiler.c"

#include <sanitizer/lsan_interface.h>

#include "host.h"
#include "pap/pap_address.h"
#include "pap/pap_read.h"

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

/*
 * Of a document that has an element twice the host forgets what the first one
 * said. No such document is served: without the module that is stock
 * Kannel's leak, with it they are refused beforehand.
 */
static int compile(Octstr *document, WAPEvent **event, int served)
{
    int result;

    if (!served)
        __lsan_disable();
    result = pap_compile(document, event);
    if (!served)
        __lsan_enable();
    return result;
}

static int is_served(const PapPush *push)
{
    return push->address_count == 1 &&
           pap_address_check(push->addresses[0]) == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Octstr *document = host_octstr(data, size);
    WAPEvent *event = NULL;
    PapFault fault;
    PapPush push;
    int served, result;

    xmlSetGenericErrorFunc(NULL, say_nothing);
    served = pap_read_push((const char *) data, size, &push, &fault) &&
             is_served(&push);
    result = compile(document, &event, served);
    if (result != 0)
        REQUIRE(event == NULL);
    else if (served) {
        REQUIRE(event->type == Push_Message);
        REQUIRE(octstr_str_compare(event->u.Push_Message.pi_push_id,
                                   push.push_id) == 0);
    }
    wap_event_destroy(event);
    octstr_destroy(document);
    pap_push_clear(&push);
    return 0;
}
