/*
 * config.h - what kannel.conf says about the module
 *
 * Read and checked once, at start, by both boxes: a wrong value stops the
 * box with one line that names the key and what it may be. Everything here
 * is constant afterwards and may be read from any thread.
 */

#ifndef CONVOY_CONFIG_H
#define CONVOY_CONFIG_H

#include <stdint.h>

#include "gwlib/gwlib.h"

#include "core/classify.h"
#include "core/group.h"

/* The unified-prefix of the SMSC groups with this smsc-id ("" none). */
typedef struct {
    Octstr *smsc_id, *prefix;   /* prefix NULL: it has none */
} ConfigPrefix;

typedef struct {
    char *pgsql_id;             /* names the connection, for the operator */
    char *conninfo;             /* libpq connection string */
    char *deployment;           /* queue name checked against the database */
    char *state_location;       /* folder of what a box remembers */
    char *smsc_id;              /* for pushes that name none; NULL: any */
    int max_segments;           /* 1..255 */
    int concat_bits;            /* 8 or 16 */
    int64_t answer_timeout_us;
    int64_t lifetime_us;        /* without deliver-before; of a deferred
                                 * push, from its deliver-after on */
    int64_t reference_hold_us;
    int64_t notify_lifetime_us;
    int64_t retention_us;       /* checked here, used by convoyctl */
    int query;                  /* ask the SMSC before a result is UNKNOWN */
    int active_groups;          /* groups in bearerbox's hands at once */
    GroupLimits limits;         /* window, retries, advance-on, ... */
    StatusOverrides overrides;  /* retryable-status, permanent-status */
    char *notify_allow;         /* "": the default rule only */
    char *notify_ca;            /* PEM file; NULL: those of the system */
    int max_clients;            /* connections to the PPG at once */
    int64_t client_timeout_us;  /* for one to be idle, or to send a request */
    char *ppg_address;          /* the PPG's URL; NULL: there is no PPG */
    Octstr *core_prefix;        /* unified-prefix of group = core, or NULL */
    ConfigPrefix *prefixes;
    int n_prefixes;
} Config;

/*
 * Reads group = convoy and the groups it refers to. Returns a new Config,
 * or NULL after having logged one line that names the key and the cure.
 */
Config *config_read(Cfg *cfg);

void config_destroy(Config *config);

/*
 * The one spelling of a receiver: visual separators dropped, the core
 * group's unified-prefix applied, then the one of the links of `route` (a
 * smsc-id; "" is any link, and then a link's prefix counts only if all SMSC
 * groups share it). Any thread. The caller frees it with gw_free().
 */
char *config_canonical(const Config *config, const char *route,
                       const char *receiver);

#endif
