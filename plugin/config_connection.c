/*
 * config_connection.c - the database that group = convoy names
 */

#include <string.h>

#include "gwlib/gwlib.h"
#include "gw/gw_hooks.h"

#include "config_int.h"
#include "config_value.h"

static void add_word(Octstr *to, const char *key, char *value)
{
    const char *p;

    if (value == NULL)
        return;
    octstr_format_append(to, "%s='", key);
    for (p = value; *p != '\0'; p++) {
        if (*p == '\'' || *p == '\\')
            octstr_append_char(to, '\\');
        octstr_append_char(to, (unsigned char) *p);
    }
    octstr_append_cstr(to, "' ");
    gw_free(value);
}

static CfgGroup *connection_group(Cfg *cfg, const char *id)
{
    Octstr *name = octstr_create("pgsql-connection");
    List *groups = cfg_get_multi_group(cfg, name);
    CfgGroup *grp, *found = NULL;
    char *has;

    while (groups != NULL && (grp = gwlist_extract_first(groups)) != NULL) {
        has = config_value(grp, "id");
        if (has != NULL && strcmp(has, id) == 0)
            found = grp;
        gw_free(has);
    }
    gwlist_destroy(groups, NULL);
    octstr_destroy(name);
    return found;
}

int config_read_connection(Cfg *cfg, CfgGroup *grp, Config *c)
{
    char *id = config_value(grp, "pgsql-id");
    CfgGroup *connection;
    Octstr *conninfo;

    if (id == NULL) {
        gw_hooks_error("group = convoy: pgsql-id is missing: it names the "
                       "group = pgsql-connection to use");
        return -1;
    }
    connection = connection_group(cfg, id);
    if (connection == NULL) {
        gw_hooks_error("group = convoy: pgsql-id = %s: there is no group = "
                       "pgsql-connection with id = %s", id, id);
        gw_free(id);
        return -1;
    }
    conninfo = octstr_create("");
    add_word(conninfo, "host", config_value(connection, "host"));
    add_word(conninfo, "port", config_value(connection, "port"));
    add_word(conninfo, "user", config_value(connection, "username"));
    add_word(conninfo, "password", config_value(connection, "password"));
    add_word(conninfo, "dbname", config_value(connection, "database"));
    c->conninfo = gw_strdup(octstr_get_cstr(conninfo));
    octstr_destroy(conninfo);
    c->pgsql_id = id;
    return 0;
}
