/*
 * config.c - see config.h
 *
 * Each key has a row in a table: its default and what it may be. The rules
 * that join two keys stand at the end.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gwlib/gwlib.h"
#include "gw/gw_hooks.h"

#include "config.h"
#include "drivers.h"

/* Back-off of one segment within an attempt: no operator need tune it. */
static const int64_t SEGMENT_DELAY_US = 200 * 1000;
static const int64_t SEGMENT_DELAY_MAX_US = 5 * 1000000;

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)

/* --- values --------------------------------------------------------------- */

/* A copy of the key's value, or NULL; freed with gw_free(). */
static char *value_of(CfgGroup *grp, const char *key)
{
    Octstr *name = octstr_create(key);
    Octstr *value = cfg_get(grp, name);
    char *text = value == NULL ? NULL : gw_strdup(octstr_get_cstr(value));

    octstr_destroy(value);
    octstr_destroy(name);
    return text;
}

static int wrong(const char *key, const char *value, const char *may_be)
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

typedef struct {
    const char *key;
    int64_t *to, standard, least, most;
    const char *may_be;
} Duration;

static int read_duration(CfgGroup *grp, const Duration *d)
{
    char *text = value_of(grp, d->key);
    int64_t us = d->standard;
    int result = 0;

    if (text != NULL && (parse_duration(text, &us) == -1 || us < d->least ||
                         us > d->most))
        result = wrong(d->key, text, d->may_be);
    *d->to = us;
    gw_free(text);
    return result;
}

typedef struct {
    const char *key;
    int *to;
    long standard, least, most;
    const char *may_be;
} Number;

static int read_number(CfgGroup *grp, const Number *number)
{
    char *text = value_of(grp, number->key), *end;
    long n = number->standard;
    int result = 0;

    if (text != NULL) {
        errno = 0;
        n = strtol(text, &end, 10);
        if (end == text || *end != '\0' || errno != 0 ||
            n < number->least || n > number->most)
            result = wrong(number->key, text, number->may_be);
    }
    *number->to = (int) n;
    gw_free(text);
    return result;
}

static int read_milestone(CfgGroup *grp, const char *key, GroupMilestone *to,
                          GroupMilestone standard)
{
    char *text = value_of(grp, key);
    int result = 0;

    *to = standard;
    if (text != NULL) {
        if (strcmp(text, "accepted") == 0)
            *to = ON_ACCEPTED;
        else if (strcmp(text, "delivered") == 0)
            *to = ON_DELIVERED;
        else
            result = wrong(key, text, "accepted or delivered");
    }
    gw_free(text);
    return result;
}

static int read_yes_no(CfgGroup *grp, const char *key, int *to, int standard)
{
    char *text = value_of(grp, key);
    int result = 0;

    *to = standard;
    if (text != NULL) {
        if (strcmp(text, "yes") == 0)
            *to = 1;
        else if (strcmp(text, "no") == 0)
            *to = 0;
        else
            result = wrong(key, text, "yes or no");
    }
    gw_free(text);
    return result;
}

/* --- group = convoy ------------------------------------------------------- */

/*
 * The first retry comes while phones still keep the parts that they have,
 * most of them for a minute or longer: it completes these. One that comes
 * just as they are forgotten has its first parts dropped as doubles and the
 * others kept in vain: each has its receipt, and nothing is displayed.
 */
static int read_durations(CfgGroup *grp, Config *c)
{
    GroupLimits *l = &c->limits;
    const Duration durations[] = {
        { "window", &l->window, 60 * SECOND_US, SECOND_US, DAY_US,
          "a time from 1s to 1d" },
        { "answer-timeout", &c->answer_timeout_us, 10 * SECOND_US,
          SECOND_US / 10, DAY_US, "a time from 0.1s on" },
        { "lifetime", &c->lifetime_us, DAY_US, SECOND_US, 365 * DAY_US,
          "a time from 1s to 365d" },
        { "retry-delay", &l->retry_delay, 15 * SECOND_US, SECOND_US / 10,
          30 * DAY_US, "a time from 0.1s to 30d" },
        { "retry-delay-max", &l->retry_delay_max, 3600 * SECOND_US,
          SECOND_US / 10, 30 * DAY_US, "a time from 0.1s to 30d" },
        { "receipt-timeout", &l->receipt_timeout, DAY_US, SECOND_US,
          60 * DAY_US, "a time from 1s to 60d" },
        { "reference-hold", &c->reference_hold_us, DAY_US, 0, 30 * DAY_US,
          "a time up to 30d" },
        { "notify-lifetime", &c->notify_lifetime_us, DAY_US, SECOND_US,
          60 * DAY_US, "a time from 1s to 60d" },
        { "client-timeout", &c->client_timeout_us, 60 * SECOND_US, SECOND_US,
          3600 * SECOND_US, "a time from 1s to 1h" },
        { "retention", &c->retention_us, 7 * DAY_US, 0, 3650 * DAY_US,
          "a time up to 3650d" }
    };
    size_t i;

    for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        if (read_duration(grp, &durations[i]) == -1)
            return -1;
    }
    return 0;
}

static int read_numbers(CfgGroup *grp, Config *c)
{
    const Number numbers[] = {
        { "max-segments", &c->max_segments, 10, 1, 255,
          "a number from 1 to 255" },
        { "concat-reference", &c->concat_bits, 8, 8, 16, "8 or 16" },
        { "max-attempts", &c->limits.max_attempts, 8, 1, 1000,
          "a number from 1 to 1000" },
        { "segment-retries", &c->limits.segment_retries, 5, 0, 100,
          "a number from 0 to 100" },
        { "max-clients", &c->max_clients, 500, 10, 20000,
          "a number from 10 to 20000" },
        { "active-groups", &c->active_groups, 3000, 1, 100000,
          "a number from 1 to 100000" }
    };
    size_t i;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (read_number(grp, &numbers[i]) == -1)
            return -1;
    }
    if (c->concat_bits != 8 && c->concat_bits != 16) {
        gw_hooks_error("group = convoy: concat-reference = %d is wrong: it "
                       "may be 8 or 16", c->concat_bits);
        return -1;
    }
    return 0;
}

static int read_list(CfgGroup *grp, const char *key, StatusList *list)
{
    char *text = value_of(grp, key);
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

static int read_overrides(CfgGroup *grp, Config *c)
{
    if (read_list(grp, "retryable-status", &c->overrides.retryable) == -1 ||
        read_list(grp, "permanent-status", &c->overrides.permanent) == -1)
        return -1;
    if (classify_lists_overlap(&c->overrides)) {
        gw_hooks_error("group = convoy: retryable-status and "
                       "permanent-status name the same status: it may "
                       "stand in one of them only");
        return -1;
    }
    return 0;
}

static int check_location(const Config *c)
{
    if (c->state_location[0] == '/' && strlen(c->state_location) < 900)
        return 0;
    return wrong("state-location", c->state_location,
                 "the full path of a folder");
}

static int check_notify_ca(const Config *c)
{
    if (c->notify_ca == NULL || access(c->notify_ca, R_OK) == 0)
        return 0;
    return wrong("notify-ca", c->notify_ca,
                 "a readable file of certificates (PEM)");
}

/* What one key says about another. */
static int check_pairs(const Config *c)
{
    if (c->limits.window <= 2 * c->answer_timeout_us) {
        gw_hooks_error("group = convoy: answer-timeout must be less than "
                       "half of window");
        return -1;
    }
    if (c->limits.retry_delay_max < c->limits.retry_delay) {
        gw_hooks_error("group = convoy: retry-delay-max must not be less "
                       "than retry-delay");
        return -1;
    }
    if (c->limits.advance_on == ON_DELIVERED &&
        c->limits.complete_on == ON_ACCEPTED) {
        gw_hooks_error("group = convoy: advance-on = delivered needs "
                       "complete-on = delivered");
        return -1;
    }
    return 0;
}

/* --- the database --------------------------------------------------------- */

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
        has = value_of(grp, "id");
        if (has != NULL && strcmp(has, id) == 0)
            found = grp;
        gw_free(has);
    }
    gwlist_destroy(groups, NULL);
    octstr_destroy(name);
    return found;
}

static int read_connection(Cfg *cfg, CfgGroup *grp, Config *c)
{
    char *id = value_of(grp, "pgsql-id");
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
    add_word(conninfo, "host", value_of(connection, "host"));
    add_word(conninfo, "port", value_of(connection, "port"));
    add_word(conninfo, "user", value_of(connection, "username"));
    add_word(conninfo, "password", value_of(connection, "password"));
    add_word(conninfo, "dbname", value_of(connection, "database"));
    c->conninfo = gw_strdup(octstr_get_cstr(conninfo));
    octstr_destroy(conninfo);
    c->pgsql_id = id;
    return 0;
}

/* --- prefixes ------------------------------------------------------------- */

static Octstr *prefix_of(CfgGroup *grp, const char *key)
{
    char *text = grp == NULL ? NULL : value_of(grp, key);
    Octstr *os = text == NULL ? NULL : octstr_create(text);

    gw_free(text);
    return os;
}

static void read_prefixes(Cfg *cfg, Config *c)
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

/* --- the whole ------------------------------------------------------------ */

static char *value_or(CfgGroup *grp, const char *key, const char *standard)
{
    char *text = value_of(grp, key);

    return text == NULL ? gw_strdup(standard) : text;
}

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
    path = value_or(grp, "ppg-url", "/wappush");
    port = value_or(grp, "ppg-port", "8080");
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
    c->limits.segment_delay = SEGMENT_DELAY_US;
    c->limits.segment_delay_max = SEGMENT_DELAY_MAX_US;
    c->deployment = value_or(grp, "deployment", "default");
    c->state_location = value_or(grp, "state-location", "/var/lib/convoy");
    c->smsc_id = value_of(grp, "smsc-id");
    c->notify_allow = value_or(grp, "notify-allow", "");
    c->notify_ca = value_of(grp, "notify-ca");
    c->ppg_address = ppg_address(cfg);
    read_prefixes(cfg, c);
    if (check_location(c) == -1 || check_notify_ca(c) == -1 || read_connection(cfg, grp, c) == -1 ||
        read_durations(grp, c) == -1 ||
        read_numbers(grp, c) == -1 || read_overrides(grp, c) == -1 ||
        read_milestone(grp, "advance-on", &c->limits.advance_on,
                       ON_ACCEPTED) == -1 ||
        read_milestone(grp, "complete-on", &c->limits.complete_on,
                       ON_DELIVERED) == -1 ||
        read_yes_no(grp, "query", &c->query, 0) == -1 ||
        check_pairs(c) == -1 || drivers_check(cfg, c->smsc_id) == -1) {
        config_destroy(c);
        return NULL;
    }
    return c;
}

void config_destroy(Config *c)
{
    int i;

    if (c == NULL)
        return;
    for (i = 0; i < c->n_prefixes; i++) {
        octstr_destroy(c->prefixes[i].smsc_id);
        octstr_destroy(c->prefixes[i].prefix);
    }
    gw_free(c->prefixes);
    octstr_destroy(c->core_prefix);
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
