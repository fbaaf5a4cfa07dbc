/*
 * config.c - see config.h
 */

#include <string.h>

#include "gwlib/gwlib.h"

#include "config_int.h"
#include "config_value.h"
#include "drivers.h"

/* As Push Initiators on other hosts know it; what the PPG has for a default,
 * this has, too. */
static char *ppg_address(Cfg *cfg)
{
    Octstr *name = octstr_create("ppg"), *address;
    CfgGroup *grp = cfg_get_single_group(cfg, name);
    char *path, *port, *text;

    octstr_destroy(name);
    if (grp == NULL)
        return NULL;
    path = config_value_or(grp, "ppg-url", "/wappush");
    port = config_value_or(grp, "ppg-port", "8080");
    address = octstr_format("http://%S:%s%s", get_official_name(), port,
                            path);
    text = gw_strdup(octstr_get_cstr(address));
    octstr_destroy(address);
    gw_free(path);
    gw_free(port);
    return text;
}

Config *config_read(Cfg *cfg)
{
    Octstr *name = octstr_create("convoy");
    CfgGroup *grp = cfg_get_single_group(cfg, name);
    Config *c = gw_malloc(sizeof(*c));

    octstr_destroy(name);
    memset(c, 0, sizeof(*c));
    c->ppg_address = ppg_address(cfg);
    config_read_prefixes(cfg, c);
    if (config_read_keys(grp, c) == -1 ||
        config_read_connection(cfg, grp, c) == -1 ||
        drivers_check(cfg, c->smsc_id) == -1) {
        config_destroy(c);
        return NULL;
    }
    return c;
}

void config_destroy(Config *c)
{
    if (c == NULL)
        return;
    config_free_prefixes(c);
    gw_free(c->conninfo);
    gw_free(c->pgsql_id);
    gw_free(c->deployment);
    gw_free(c->state_location);
    gw_free(c->smsc_id);
    gw_free(c->notify_allow);
    gw_free(c->notify_ca);
    gw_free(c->ppg_address);
    gw_free(c);
}
