/*
 * smsc_text.c - what SMSCs and operators write
 *
 * The input is one text; it is taken for a receipt, for the text of a
 * refusal, and for a list of status codes in kannel.conf.
 */

#include "fuzz.h"

#include "core/classify.h"

static void check_receipt(const char *text)
{
    GroupEvent event = classify_receipt_text(text);
    LedgerOutcome outcome = group_outcome(event);

    REQUIRE(outcome == LEDGER_DELIVERED || outcome == LEDGER_NOT_DELIVERED ||
            outcome == LEDGER_RECEIPT_INFO);
    /* Never a final state that the text does not name. */
    if (event == EVENT_RECEIPT_DELIVERED)
        REQUIRE(strcasestr(text, "stat:DELIVRD") != NULL);
    else if (event != EVENT_RECEIPT_INFO)
        REQUIRE(strcasestr(text, "stat:") != NULL);
}

static void check_failure(Driver driver, const char *text,
                          const StatusOverrides *overrides)
{
    for (int reason = REASON_SHUTDOWN; reason <= REASON_EXPIRED; reason++) {
        int64_t status = 0;
        GroupEvent event = classify_failure(driver, (DriverReason) reason,
                                            text, overrides, &status);

        /* No failure is an acceptance, and status 0 is none. */
        REQUIRE(event != EVENT_ACCEPTED);
        REQUIRE(status == -1 || (status > 0 && status <= UINT32_MAX));
        REQUIRE(status == -1 || driver == DRIVER_SMPP);
        if (status > 0)
            REQUIRE(event == classify_status((uint32_t) status, overrides));
    }
}

static void check_failures(const char *text, const StatusOverrides *overrides)
{
    for (int driver = DRIVER_SMPP; driver <= DRIVER_UNSURE; driver++)
        check_failure((Driver) driver, text, overrides);
    REQUIRE(classify_driver(text) <= DRIVER_UNSURE);
}

/* Writes the list as kannel.conf has it and reads it again. */
static void check_list_again(const StatusList *list)
{
    char text[CLASSIFY_MAX_RANGES * 30] = "";
    StatusList again;
    size_t used = 0;

    for (int i = 0; i < list->len; i++)
        used += (size_t) snprintf(text + used, sizeof(text) - used,
                                  "%s0x%x-%u", i > 0 ? ", " : "",
                                  list->ranges[i].from, list->ranges[i].to);
    REQUIRE(classify_parse_list(&again, text) == NULL);
    REQUIRE(again.len == list->len);
    for (int i = 0; i < list->len; i++)
        REQUIRE(again.ranges[i].from == list->ranges[i].from &&
                again.ranges[i].to == list->ranges[i].to);
}

static void check_list(const char *text)
{
    StatusOverrides overrides = { 0 };
    const char *wrong = classify_parse_list(&overrides.retryable, text);
    const StatusList *list = &overrides.retryable;

    check_failures(text, &(StatusOverrides) { 0 });
    if (wrong != NULL) {
        REQUIRE(wrong[0] != '\0');
        return;
    }
    REQUIRE(list->len >= 0 && list->len <= CLASSIFY_MAX_RANGES);
    for (int i = 0; i < list->len; i++) {
        REQUIRE(list->ranges[i].from > 0);
        REQUIRE(list->ranges[i].from <= list->ranges[i].to);
        REQUIRE(classify_status(list->ranges[i].to, &overrides) ==
                EVENT_REFUSED_TEMPORARY);
    }
    check_failures(text, &overrides);
    check_list_again(list);
    overrides.permanent = overrides.retryable;
    REQUIRE(classify_lists_overlap(&overrides) == (list->len > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    check_receipt(text);
    check_list(text);
    free(text);
    return 0;
}
