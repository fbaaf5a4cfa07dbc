/*
 * bearerbox.h - the module's part in bearerbox
 */

#ifndef CONVOY_BEARERBOX_H
#define CONVOY_BEARERBOX_H

#include "config.h"
#include "gw/gw_hooks.h"

/*
 * Fills in bearerbox's hooks. The scheduler and the leases start when the
 * box is running. Main thread; `config` and `host` outlive the box.
 */
void bearerbox_start(const Config *config, const GwHost *host,
                     GwHooks *hooks);

#endif
