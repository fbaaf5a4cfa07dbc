/*
 * config_value.c - see config_value.h
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gwlib/gwlib.h"
#include "gw/gw_hooks.h"

#include "config_value.h"

char *config_value(CfgGroup *grp, const char *key)
{
    Octstr *name = octstr_create(key);
    Octstr *value = cfg_get(grp, name);
    char *text = value == NULL ? NULL : gw_strdup(octstr_get_cstr(value));

    octstr_destroy(value);
    octstr_destroy(name);
    return text;
}

char *config_value_or(CfgGroup *grp, const char *key, const char *standard)
{
    char *text = config_value(grp, key);

    return text == NULL ? gw_strdup(standard) : text;
}

int config_wrong(const char *key, const char *value, const char *may_be)
{
    gw_hooks_error("group = convoy: %s = %s is wrong: it may be %s", key,
                   value, may_be);
    return -1;
}

/* "90", "90s", "15m", "12h", "2d" into microseconds. */
static int parse_duration(const char *text, int64_t *us)
{
    char *end;
    double n, unit = 1;

    errno = 0;
    n = strtod(text, &end);
    if (end == text || errno != 0 || !(n >= 0))
        return -1;
    switch (*end) {
    case 'd':
        unit = 86400;
        end++;
        break;
    case 'h':
        unit = 3600;
        end++;
        break;
    case 'm':
        unit = 60;
        end++;
        break;
    case 's':
        end++;
        break;
    default:
        break;
    }
    if (*end != '\0' || n * unit > 3650.0 * 86400)
        return -1;
    *us = (int64_t) (n * unit * 1e6);
    return 0;
}

int config_duration(CfgGroup *grp, const ConfigDuration *d)
{
    char *text = config_value(grp, d->key);
    int64_t us = d->standard;
    int result = 0;

    if (text != NULL && (parse_duration(text, &us) == -1 || us < d->least ||
                         us > d->most))
        result = config_wrong(d->key, text, d->may_be);
    *d->to = us;
    gw_free(text);
    return result;
}

int config_number(CfgGroup *grp, const ConfigNumber *number)
{
    char *text = config_value(grp, number->key), *end;
    long n = number->standard;
    int result = 0;

    if (text != NULL) {
        errno = 0;
        n = strtol(text, &end, 10);
        if (end == text || *end != '\0' || errno != 0 ||
            n < number->least || n > number->most)
            result = config_wrong(number->key, text, number->may_be);
    }
    *number->to = (int) n;
    gw_free(text);
    return result;
}

/* `to` becomes 0 for the first word and 1 for the second. */
static int one_of_two(CfgGroup *grp, const char *key, const char *first,
                      const char *second, const char *may_be, int *to)
{
    char *text = config_value(grp, key);
    int result = 0;

    if (text != NULL) {
        if (strcmp(text, first) == 0 || strcmp(text, second) == 0)
            *to = strcmp(text, second) == 0;
        else
            result = config_wrong(key, text, may_be);
    }
    gw_free(text);
    return result;
}

int config_milestone(CfgGroup *grp, const char *key, GroupMilestone *to,
                     GroupMilestone standard)
{
    int delivered = standard == ON_DELIVERED;
    int result = one_of_two(grp, key, "accepted", "delivered",
                            "accepted or delivered", &delivered);

    *to = delivered ? ON_DELIVERED : ON_ACCEPTED;
    return result;
}

int config_yes_no(CfgGroup *grp, const char *key, int *to, int standard)
{
    *to = standard;
    return one_of_two(grp, key, "no", "yes", "yes or no", to);
}

int config_list(CfgGroup *grp, const char *key, StatusList *list)
{
    char *text = config_value(grp, key);
    const char *error = NULL;
    int result = 0;

    if (text != NULL)
        error = classify_parse_list(list, text);
    if (error != NULL) {
        gw_hooks_error("group = convoy: %s = %s is wrong (%s): it may be a "
                       "list such as 0x45, 0x400-0x4ff", key, text, error);
        result = -1;
    }
    gw_free(text);
    return result;
}
