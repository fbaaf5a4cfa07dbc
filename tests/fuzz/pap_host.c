/*
 * pap_host.c - the host's own reader of the control entity
 *
 * It gets only documents that passed the module's reader, some of them
 * rewritten by the module's writer, and must survive them. They must mean the
 * same to it: the push-id above all, under which host and module know the
 * push, and the number of the phone.
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

/* The first address that can be served; NULL: none. */
static const char *first_good(const PapPush *push)
{
    int i;

    for (i = 0; i < push->address_count; i++) {
        if (pap_address_check(push->addresses[i]) == NULL)
            return push->addresses[i];
    }
    return NULL;
}

/* What the host gets to see of this push, to `address`: to be destroyed. */
static Octstr *served(const PapPush *push, const char *address,
                      const uint8_t *data, size_t size)
{
    Octstr *document;
    char *text;

    if (push->address_count == 1 && push->replaces == NULL)
        return host_octstr(data, size);
    text = pap_write_push(push, address);
    REQUIRE(text != NULL);
    document = host_octstr((const uint8_t *) text, strlen(text));
    pap_text_free(text);
    return document;
}

static void check_event(const WAPEvent *event, const PapPush *push,
                        const char *address)
{
    char number[PAP_MAX_ADDRESS + 1];

    REQUIRE(event->type == Push_Message);
    REQUIRE(octstr_str_compare(event->u.Push_Message.pi_push_id,
                               push->push_id) == 0);
    if (pap_address_number(address, number))
        REQUIRE(octstr_str_compare(event->u.Push_Message.address_value,
                                   number) == 0);
}

static void check_host(const PapPush *push, const char *address,
                       const uint8_t *data, size_t size)
{
    Octstr *document = served(push, address, data, size);
    WAPEvent *event = NULL;

    if (pap_compile(document, &event) != 0)
        REQUIRE(event == NULL);
    else
        check_event(event, push, address);
    wap_event_destroy(event);
    octstr_destroy(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *address;
    PapFault fault;
    PapPush push;

    xmlSetGenericErrorFunc(NULL, say_nothing);
    if (pap_read_push((const char *) data, size, &push, &fault)) {
        address = first_good(&push);
        if (address != NULL)
            check_host(&push, address, data, size);
    }
    pap_push_clear(&push);
    return 0;
}
