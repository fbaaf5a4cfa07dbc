/*
 * targets.c - see targets.h
 */

#include "wapbox/targets.h"

#include <stdlib.h>
#include <string.h>

#include "pap/pap_address.h"

static void refuse(PushTarget *target, int code, const char *cause)
{
    target->code = code;
    target->cause = cause;
}

/* Judges one address; one of TYPE=PLMN leaves its number. */
static void judge(const Push *push, PushTarget *target,
                  TargetAllowed *allowed)
{
    char number[PAP_MAX_ADDRESS + 1] = "";
    const char *wrong = pap_address_check(target->address);

    if (wrong != NULL)
        refuse(target, PAP_CODE_ADDRESS_ERROR, wrong);
    else if (!pap_address_number(target->address, number))
        refuse(target, PAP_CODE_MULTIPLE_ADDRESSES,
               "an IP address may only be the one address of a push");
    else if (!allowed(push->pi, number))
        refuse(target, PAP_CODE_FORBIDDEN,
               "this push initiator may not push to that number");
    target->receiver = gw_strdup(number);
}

void targets_judge(Push *push, TargetAllowed *allowed)
{
    const int n = push->pap.address_count;
    const PushTarget *first;
    int i, good = 0;

    push->targets = gw_malloc((size_t)n * sizeof(*push->targets));
    push->target_count = n;
    for (i = 0; i < n; ++i) {
        push->targets[i] = (PushTarget) {
            .address = push->pap.addresses[i]
        };
        judge(push, &push->targets[i], allowed);
        good += push->targets[i].code == 0;
    }
    first = &push->targets[0];
    if (good == 0 && (n > 1 || first->code != PAP_CODE_MULTIPLE_ADDRESSES))
        push_refuse(push, first->code, "%s", first->cause);
}

const char *targets_first(const Push *push)
{
    const PushTarget *target = push->targets;

    while (target->code != 0)
        ++target;
    return target->address;
}

/* What makes a target the same as another: the phone, or the bad address. */
static const char *key(const PushTarget *target)
{
    return target->code == 0 ? target->receiver : target->address;
}

static int by_key(const void *a, const void *b)
{
    const PushTarget *left = *(PushTarget *const *)a;
    const PushTarget *right = *(PushTarget *const *)b;
    const int order = strcmp(key(left), key(right));

    /* Of equals the array's own order, since the sort need not keep it. */
    return order != 0 ? order : (left > right) - (left < right);
}

/* Leaves of equal targets only the first. */
static void drop_repeated(Push *push)
{
    const int n = push->target_count;
    PushTarget **sorted = gw_malloc((size_t)n * sizeof(*sorted));
    int i, kept = 0;

    for (i = 0; i < n; ++i)
        sorted[i] = &push->targets[i];
    qsort(sorted, (size_t)n, sizeof(*sorted), by_key);
    for (i = n - 1; i > 0; --i)
        if (strcmp(key(sorted[i]), key(sorted[i - 1])) == 0)
            sorted[i]->address = NULL;
    gw_free(sorted);

    for (i = 0; i < n; ++i)
        if (push->targets[i].address != NULL)
            push->targets[kept++] = push->targets[i];
        else
            gw_free(push->targets[i].receiver);
    push->target_count = kept;
}

void targets_complete(Push *push, const Config *config)
{
    PushTarget *target;
    char *number;
    int i;

    for (i = 0; i < push->target_count; ++i) {
        target = &push->targets[i];
        if (target->code != 0)
            continue;
        number = target->receiver;
        target->receiver = config_canonical(config, push->route, number);
        gw_free(number);
    }
    if (push->target_count > 1)
        drop_repeated(push);
}

void targets_clear(Push *push)
{
    int i;

    for (i = 0; i < push->target_count; ++i)
        gw_free(push->targets[i].receiver);
    gw_free(push->targets);
}
