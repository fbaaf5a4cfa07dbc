/*
 * host.h - Kannel's library inside a fuzz target
 */

#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include "gwlib/gwlib.h"

/* Once. The library says on stderr what it thinks of its input; here only
 * its last words are of interest. */
static inline void host_init(void)
{
    gwlib_init();
    log_set_output_level(GW_PANIC);
}

static inline Octstr *host_octstr(const void *octets, size_t len)
{
    return octstr_create_from_data(octets, (long) len);
}

#endif
