/*
 * config_keys.c - the keys of group = convoy
 *
 * Each has a row in a table or a line in config_read_keys(): its default and
 * what it may be. The rules that join two keys stand at the end.
 */

#include <string.h>
#include <unistd.h>

#include "gwlib/gwlib.h"
#include "gw/gw_hooks.h"

#include "config_int.h"
#include "config_value.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)

/* Back-off of one segment within an attempt: no operator need tune it. */
static const int64_t SEGMENT_DELAY_US = 200 * 1000;
static const int64_t SEGMENT_DELAY_MAX_US = 5 * 1000000;

/*
 * The first retry comes while phones still keep the parts that they have,
 * most of them for a minute or longer: it completes these. One that comes
 * just as they are forgotten has its first parts dropped as doubles and the
 * others kept in vain: each has its receipt, and nothing is displayed.
 */
static int read_durations(CfgGroup *grp, Config *c)
{
    GroupLimits *l = &c->limits;
    const ConfigDuration durations[] = {
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
        { "retention", &c->retention_us, 7 * DAY_US, SECOND_US,
          3650 * DAY_US, "a time from 1s to 3650d" }
    };
    size_t i;

    for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        if (config_duration(grp, &durations[i]) == -1)
            return -1;
    }
    return 0;
}

static int read_numbers(CfgGroup *grp, Config *c)
{
    const ConfigNumber numbers[] = {
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
        if (config_number(grp, &numbers[i]) == -1)
            return -1;
    }
    if (c->concat_bits != 8 && c->concat_bits != 16) {
        gw_hooks_error("group = convoy: concat-reference = %d is wrong: it "
                       "may be 8 or 16", c->concat_bits);
        return -1;
    }
    return 0;
}

static int read_overrides(CfgGroup *grp, Config *c)
{
    if (config_list(grp, "retryable-status", &c->overrides.retryable) == -1 ||
        config_list(grp, "permanent-status", &c->overrides.permanent) == -1)
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
    return config_wrong("state-location", c->state_location,
                        "the full path of a folder");
}

static int check_notify_ca(const Config *c)
{
    if (c->notify_ca == NULL || access(c->notify_ca, R_OK) == 0)
        return 0;
    return config_wrong("notify-ca", c->notify_ca,
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

int config_read_keys(CfgGroup *grp, Config *c)
{
    GroupLimits *l = &c->limits;

    l->segment_delay = SEGMENT_DELAY_US;
    l->segment_delay_max = SEGMENT_DELAY_MAX_US;
    c->deployment = config_value_or(grp, "deployment", "default");
    c->state_location = config_value_or(grp, "state-location",
                                        "/var/lib/convoy");
    c->smsc_id = config_value(grp, "smsc-id");
    c->notify_allow = config_value_or(grp, "notify-allow", "");
    c->notify_ca = config_value(grp, "notify-ca");
    if (check_location(c) == -1 || check_notify_ca(c) == -1 ||
        read_durations(grp, c) == -1 || read_numbers(grp, c) == -1 ||
        read_overrides(grp, c) == -1 ||
        config_milestone(grp, "advance-on", &l->advance_on,
                         ON_ACCEPTED) == -1 ||
        config_milestone(grp, "complete-on", &l->complete_on,
                         ON_DELIVERED) == -1 ||
        config_yes_no(grp, "query", &c->query, 0) == -1)
        return -1;
    return check_pairs(c);
}
