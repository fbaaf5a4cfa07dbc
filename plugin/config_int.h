/*
 * config_int.h - the parts that config_read() is made of
 *
 * Each fills in some of a Config; those that may fail return -1 after having
 * logged one line that names the key and the cure.
 */

#ifndef CONVOY_CONFIG_INT_H
#define CONVOY_CONFIG_INT_H

#include "config.h"

int config_read_keys(CfgGroup *grp, Config *c);

/* The group = pgsql-connection that group = convoy names. */
int config_read_connection(Cfg *cfg, CfgGroup *grp, Config *c);

void config_read_prefixes(Cfg *cfg, Config *c);
void config_free_prefixes(Config *c);

#endif
