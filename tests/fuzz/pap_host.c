/*
 * pap_host.c - the host's own reader of the control entity
 *
 * It gets only documents that passed the module's reader, and must survive
 * them. They must mean the same to it: the push-id above all, under which host
 * and module know the push.
 */

#include "fuzz.h"

#include "gw/wap_push_pap_compiler.c"

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

    xmlSetGenericErrorFunc(NULL, say_nothing);
    if (pap_read_push((const char *) data, size, &push, &fault) &&
        is_served(&push)) {
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
