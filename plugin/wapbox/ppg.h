/*
 * ppg.h - the module's place in the PPG
 *
 * Three hooks: a first look at each request, which answers at once what the
 * PPG would choke on or get wrong; the moment where it answers a push, whose
 * client is taken over; and the push's datagram, which is taken over too.
 */

#ifndef CONVOY_PPG_H
#define CONVOY_PPG_H

#include "gw/gw_hooks.h"

#include "config.h"

/* Main thread: fills in the hooks. `config` and `host` are borrowed for
 * good. */
void ppg_init(const Config *config, const GwHost *host, GwHooks *hooks);

#endif
