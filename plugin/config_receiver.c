/*
 * config_receiver.c - one spelling for each receiver
 */

#include <string.h>

#include "gwlib/gwlib.h"

#include "config_int.h"
#include "config_value.h"

static Octstr *prefix_of(CfgGroup *grp, const char *key)
{
    char *text = grp == NULL ? NULL : config_value(grp, key);
    Octstr *os = text == NULL ? NULL : octstr_create(text);

    gw_free(text);
    return os;
}

void config_read_prefixes(Cfg *cfg, Config *c)
{
    Octstr *core = octstr_create("core"), *smsc = octstr_create("smsc");
    List *groups = cfg_get_multi_group(cfg, smsc);
    CfgGroup *grp;
    int n = groups == NULL ? 0 : (int) gwlist_len(groups);

    c->core_prefix = prefix_of(cfg_get_single_group(cfg, core),
                               "unified-prefix");
    c->prefixes = gw_malloc((n + 1) * sizeof(*c->prefixes));
    while (groups != NULL && (grp = gwlist_extract_first(groups)) != NULL) {
        c->prefixes[c->n_prefixes].smsc_id = prefix_of(grp, "smsc-id");
        c->prefixes[c->n_prefixes++].prefix = prefix_of(grp,
                                                        "unified-prefix");
    }
    gwlist_destroy(groups, NULL);
    octstr_destroy(core);
    octstr_destroy(smsc);
}

void config_free_prefixes(Config *c)
{
    int i;

    for (i = 0; i < c->n_prefixes; i++) {
        octstr_destroy(c->prefixes[i].smsc_id);
        octstr_destroy(c->prefixes[i].prefix);
    }
    gw_free(c->prefixes);
    octstr_destroy(c->core_prefix);
}

static int same(const Octstr *a, const Octstr *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return octstr_compare(a, b) == 0;
}

/* The prefix that all links of a route share, or NULL. */
static const Octstr *link_prefix(const Config *c, const char *route)
{
    const Octstr *found = NULL;
    int i, any = 0;

    for (i = 0; i < c->n_prefixes; i++) {
        if (route[0] != '\0' && (c->prefixes[i].smsc_id == NULL ||
            octstr_str_compare(c->prefixes[i].smsc_id, route) != 0))
            continue;
        if (any && !same(found, c->prefixes[i].prefix))
            return NULL;
        found = c->prefixes[i].prefix;
        any = 1;
    }
    return found;
}

static void unify(const Octstr *prefix, Octstr **number)
{
    char *rules;

    if (prefix == NULL)
        return;
    rules = gw_strdup(octstr_get_cstr(prefix));
    normalize_number(rules, number);
    gw_free(rules);
}

char *config_canonical(const Config *config, const char *route,
                       const char *receiver)
{
    Octstr *number = octstr_create("");
    char *text;

    for (; *receiver != '\0'; receiver++) {
        if (strchr("-. ()", *receiver) == NULL)
            octstr_append_char(number, (unsigned char) *receiver);
    }
    unify(config->core_prefix, &number);
    unify(link_prefix(config, route), &number);
    text = gw_strdup(octstr_get_cstr(number));
    octstr_destroy(number);
    return text;
}
