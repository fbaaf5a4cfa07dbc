/*
 * pap_quality.c - see pap_quality.h
 */

#include "pap/pap_quality.h"

#include <string.h>
#include <strings.h>

static bool required(const PapQos *qos, PapQosAttribute attribute)
{
    return strcmp(qos->value[attribute], "true") == 0;
}

/* Names are those of WDP, appendix C, in any case. */
static bool is_one_of(const char *value, const char *one, const char *other)
{
    return strcasecmp(value, one) == 0 || strcasecmp(value, other) == 0;
}

int pap_quality_refusal(const PapQos *qos, const char **desc)
{
    if (strcmp(qos->value[PAP_QOS_DELIVERY_METHOD], "confirmed") == 0) {
        *desc = "SMS confirms no delivery: ask for preferconfirmed or "
                "unconfirmed";
        return PAP_CODE_DELIVERY_METHOD;
    }
    if (required(qos, PAP_QOS_NETWORK_REQUIRED) &&
        !is_one_of(qos->value[PAP_QOS_NETWORK], "GSM", "Any")) {
        *desc = "pushes to phone numbers go over the network GSM";
        return PAP_CODE_NETWORK_NOT_AVAILABLE;
    }
    if (required(qos, PAP_QOS_BEARER_REQUIRED) &&
        !is_one_of(qos->value[PAP_QOS_BEARER], "SMS", "Any")) {
        *desc = "pushes to phone numbers go over the bearer SMS";
        return PAP_CODE_BEARER_NOT_AVAILABLE;
    }
    return 0;
}

bool pap_quality_is_plain(const PapQos *qos)
{
    int i;

    for (i = PAP_QOS_NETWORK; i < PAP_QOS_COUNT; ++i)
        if (qos->value[i][0] != '\0')
            return false;
    return strcmp(qos->value[PAP_QOS_DELIVERY_METHOD],
                  "preferconfirmed") != 0;
}
