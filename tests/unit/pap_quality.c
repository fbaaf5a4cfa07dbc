/*
 * pap_quality.c - each quality of service against what SMS can give
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pap/pap_quality.h"

static void tells_what_sms_can_give(void **state)
{
    static const struct {
        const char *qos;
        int code;
        bool plain;
    } cases[] = {
        { "", 0, true },
        { "priority=high", 0, true },
        { "delivery-method=unconfirmed", 0, true },
        { "delivery-method=notspecified", 0, true },
        { "delivery-method=preferconfirmed", 0, false },
        { "delivery-method=confirmed", 3007, true },
        { "network=PDC;bearer=CSD", 0, false },
        { "network=PDC;network-required=false", 0, false },
        { "network=PDC;network-required=true", 3009, false },
        { "network-required=true", 3009, false },
        { "network=gsm;network-required=true", 0, false },
        { "network=Any;network-required=true", 0, false },
        { "bearer=GPRS;bearer-required=false", 0, false },
        { "bearer=GPRS;bearer-required=true", 3010, false },
        { "bearer-required=true", 3010, false },
        { "bearer=sms;bearer-required=true", 0, false },
        { "bearer=any;bearer-required=true", 0, false },
        { "network=GSM;network-required=true;bearer=CSD;bearer-required=true",
          3010, false },
        { "network=PDC;network-required=true;bearer=CSD;bearer-required=true",
          3009, false }
    };
    const char *desc;
    PapQos qos;
    size_t i;
    int code;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        desc = NULL;
        pap_qos_parse(&qos, cases[i].qos);
        code = pap_quality_refusal(&qos, &desc);
        if (code != cases[i].code)
            fail_msg("%s: %d", cases[i].qos, code);
        assert_int_equal(desc != NULL, code != 0);
        if (pap_quality_is_plain(&qos) != cases[i].plain)
            fail_msg("%s: not as plain", cases[i].qos);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_sms_can_give)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
