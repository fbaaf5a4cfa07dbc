/*
 * wapbox.h - the module in wapbox: intake and notifier
 */

#ifndef CONVOY_WAPBOX_H
#define CONVOY_WAPBOX_H

#include "gw/gw_hooks.h"

#include "config.h"

/*
 * Main thread, at start: fills in the hooks of wapbox. `config` and `host`
 * are borrowed for good. Returns 0, or -1 after one logged line. Threads
 * start with hooks->running().
 */
int wapbox_start(const Config *config, const GwHost *host, GwHooks *hooks);

#endif
