/*
 * store_log.h - what a store has to tell goes to the host's log
 */

#ifndef CONVOY_STORE_LOG_H
#define CONVOY_STORE_LOG_H

#include <stdbool.h>

#include "gwlib/gwlib.h"

/* For StoreEvents.log. */
static inline void store_log(void *arg, bool bad, const char *text)
{
    (void)arg;
    if (bad)
        error(0, "convoy: %s", text);
    else
        info(0, "convoy: %s", text);
}

#endif
