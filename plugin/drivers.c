/*
 * drivers.c - see drivers.h
 */

#include <string.h>

#include "gwlib/gwlib.h"
#include "gw/gw_hooks.h"

#include "drivers.h"

static const struct {
    const char *driver;         /* the value of the key smsc */
    const char *key, *value;    /* only if this key has it; NULL: always */
    const char *fault;
} unfit[] = {
    { "emi", "wait-ack-expire", "1", "sends segments again by itself" },
    { "cgw", NULL, NULL, "sends segments again by itself" },
    { "oisd", NULL, NULL,
      "names all messages of one second alike in its receipts" },
    { "emi_x25", NULL, NULL, "does not heed the SMSC's answer" },
    { "ois", NULL, NULL, "does not wait for the SMSC's answer" },
    { "sema", NULL, NULL, "does not heed the SMSC's answer" },
    { "cimd", NULL, NULL, "has no receipts, and no headers for phones" },
};

/* A key's value, NULL if it is not there. The caller frees it. */
static Octstr *value_of(CfgGroup *grp, const char *key)
{
    Octstr *name = octstr_create(key);
    Octstr *value = cfg_get(grp, name);

    octstr_destroy(name);
    return value;
}

static int has_value(CfgGroup *grp, const char *key, const char *text)
{
    Octstr *value = value_of(grp, key);
    int same = value != NULL && octstr_str_compare(value, text) == 0;

    octstr_destroy(value);
    return same;
}

/* Is `id` in this list of ids, as the host reads it? NULL is in none. */
static int lists(const Octstr *list, const char *id)
{
    Octstr *mark = octstr_create(";");
    List *items = octstr_split(list, mark);
    Octstr *item;
    int found = 0;

    while ((item = gwlist_extract_first(items)) != NULL) {
        found = found || (id != NULL && octstr_str_compare(item, id) == 0);
        octstr_destroy(item);
    }
    gwlist_destroy(items, NULL);
    octstr_destroy(mark);
    return found;
}

/* May pushes of this route take the link, as smscconn_usable() sees it? */
static int carries(CfgGroup *grp, const char *route)
{
    Octstr *allowed = value_of(grp, "allowed-smsc-id");
    Octstr *denied = value_of(grp, "denied-smsc-id");
    int may = allowed != NULL ? lists(allowed, route)
                              : denied == NULL || !lists(denied, route);

    octstr_destroy(allowed);
    octstr_destroy(denied);
    return may;
}

static const char *fault_of(CfgGroup *grp)
{
    size_t i;

    for (i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        if (has_value(grp, "smsc", unfit[i].driver) &&
            (unfit[i].key == NULL ||
             has_value(grp, unfit[i].key, unfit[i].value)))
            return unfit[i].fault;
    }
    return NULL;
}

/* What is wrong with the link, and why. The caller frees it. */
static Octstr *objection(CfgGroup *grp, const char *fault)
{
    Octstr *driver = value_of(grp, "smsc"), *id = value_of(grp, "smsc-id");
    Octstr *text = octstr_format(
        "group = smsc, smsc-id = %s: it cannot carry pushes: the driver "
        "(smsc = %s) %s", id == NULL ? "none" : octstr_get_cstr(id),
        octstr_get_cstr(driver), fault);

    octstr_destroy(driver);
    octstr_destroy(id);
    return text;
}

static void refuse(CfgGroup *grp, const char *fault)
{
    Octstr *text = objection(grp, fault);

    gw_hooks_error("%s; keep pushes off this link with allowed-smsc-id, or "
                   "with denied-smsc-id and smsc-id of group = convoy",
                   octstr_get_cstr(text));
    octstr_destroy(text);
}

int drivers_check(Cfg *cfg, const char *route)
{
    Octstr *name = octstr_create("smsc");
    List *groups = cfg_get_multi_group(cfg, name);
    CfgGroup *grp;
    const char *fault;
    int result = 0;

    while (result == 0 && groups != NULL &&
           (grp = gwlist_extract_first(groups)) != NULL) {
        fault = fault_of(grp);
        if (fault == NULL || !carries(grp, route))
            continue;
        refuse(grp, fault);
        result = -1;
    }
    gwlist_destroy(groups, NULL);
    octstr_destroy(name);
    return result;
}

int drivers_fit(CfgGroup *grp, const char *route)
{
    const char *fault = fault_of(grp);
    Octstr *text;

    if (fault == NULL)
        return 1;
    if (carries(grp, route)) {
        text = objection(grp, fault);
        error(0, "convoy: %s; it gets none", octstr_get_cstr(text));
        octstr_destroy(text);
    }
    return 0;
}
