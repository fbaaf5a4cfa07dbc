/*
 * config_value.h - one value out of kannel.conf
 */

#ifndef CONVOY_CONFIG_VALUE_H
#define CONVOY_CONFIG_VALUE_H

#include <stdint.h>

#include "gwlib/gwlib.h"

#include "core/classify.h"
#include "core/group.h"

typedef struct {
    const char *key;
    int64_t *to, standard, least, most;
    const char *may_be;
} ConfigDuration;

typedef struct {
    const char *key;
    int *to;
    long standard, least, most;
    const char *may_be;
} ConfigNumber;

/* A copy of the value in any group, or NULL; freed with gw_free(). */
char *config_value(CfgGroup *grp, const char *key);
char *config_value_or(CfgGroup *grp, const char *key, const char *standard);

/*
 * Of group = convoy, each kind of value in its own way. A key that is not
 * there has its default. They return 0, or -1 after a line in the log.
 */
int config_duration(CfgGroup *grp, const ConfigDuration *duration);
int config_number(CfgGroup *grp, const ConfigNumber *number);
int config_milestone(CfgGroup *grp, const char *key, GroupMilestone *to,
                     GroupMilestone standard);
int config_yes_no(CfgGroup *grp, const char *key, int *to, int standard);
int config_list(CfgGroup *grp, const char *key, StatusList *list);

/* Logs one line that names the key and what it may be. Always -1. */
int config_wrong(const char *key, const char *value, const char *may_be);

#endif
