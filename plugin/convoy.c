/*
 * convoy.c - the module's door
 *
 * Both boxes load this shared object when kannel.conf has a group = convoy.
 * The host has checked by then that it was built for that very host. What
 * is wrong with the configuration or the database is told here, once, and
 * the box does not start.
 */

#include <stdlib.h>

#include "gwlib/gwlib.h"
#include "gw/gw_hooks.h"

#include "bearerbox/bearerbox.h"
#include "config.h"
#include "store/store.h"
#include "wapbox/notify_allow.h"
#include "wapbox/wapbox.h"

static const double DATABASE_TIMEOUT_S = 10.0;

/* Is the database there, and the one this module was built for? */
static int database_fits(const Config *config)
{
    char *wrong = store_check(config->conninfo, config->deployment,
                              DATABASE_TIMEOUT_S);

    if (wrong == NULL)
        return 1;
    gw_hooks_error("group = convoy: pgsql-id = %s: %s; that group = "
                   "pgsql-connection names the host, port, username and "
                   "database to mend", config->pgsql_id, wrong);
    store_text_free(wrong);
    return 0;
}

/* Both boxes read one file: one that either would refuse, both refuse. */
static int notify_allow_fits(const Config *config)
{
    char wrong[256];
    NotifyAllow *allow = notify_allow_create(config->notify_allow, wrong,
                                             sizeof(wrong));

    if (allow == NULL)
        gw_hooks_error("group = convoy: notify-allow is wrong: %s", wrong);
    notify_allow_destroy(allow);
    return allow != NULL;
}

static int init(const GwHost *host, Cfg *cfg, GwHooks *hooks)
{
    Config *config = config_read(cfg);

    if (config == NULL)
        return -1;
    if (!notify_allow_fits(config) || !database_fits(config)) {
        config_destroy(config);
        return -1;
    }
    if (host->box == GW_BOX_WAPBOX)
        return wapbox_start(config, host, hooks);
    bearerbox_start(config, host, hooks);
    return 0;
}

const GwModule gw_module = { GW_ABI, init };
