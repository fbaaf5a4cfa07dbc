/*
 * store_cases.h - what every store has to do, as a list of cases
 *
 * The same cases run against the store in memory (store_fake_test) and
 * against PostgreSQL (store_pg_test): what they have in common is what the
 * rest of the module may rely on, and what makes the one a stand-in for the
 * other. Each case starts with an empty queue.
 */

#ifndef STORE_CASES_H
#define STORE_CASES_H

#define STORE_CASES(CASE) \
    /* store_cases_push.c */ \
    CASE(push_is_stored_once) \
    CASE(push_twice_in_a_batch) \
    CASE(push_larger_than_any_buffer) \
    CASE(push_with_refused_addresses) \
    CASE(push_replaces_what_is_unknown) \
    CASE(push_replaces_all) \
    CASE(push_replaces_what_is_pending) \
    /* store_cases_queue.c */ \
    CASE(claim_gives_the_group_whole) \
    CASE(claim_takes_no_text_that_is_not_utf8) \
    CASE(claim_by_priority_then_age) \
    CASE(claim_one_group_of_a_receiver) \
    CASE(claim_gives_references) \
    CASE(claim_needs_the_lease) \
    /* store_cases_batch.c */ \
    CASE(not_before_defers) \
    CASE(deadline_makes_due) \
    CASE(retry_raises_the_attempt) \
    CASE(batch_keeps_a_time) \
    CASE(batch_writes_the_ledger) \
    CASE(batch_repeated_changes_nothing) \
    CASE(batch_of_an_old_epoch_is_fenced) \
    CASE(many_groups_each_once) \
    /* store_cases_leases.c */ \
    CASE(leases_are_shared) \
    CASE(leases_of_named_routes) \
    CASE(leases_given_back) \
    CASE(leases_expire) \
    CASE(takeovers_park_a_group) \
    CASE(instance_must_be_started) \
    CASE(restored_queue_is_held) \
    /* store_cases_receipts.c */ \
    CASE(receipts_complete_a_group) \
    CASE(receipt_of_failure) \
    CASE(receipt_before_its_answer) \
    CASE(receipt_at_another_box) \
    CASE(receipts_repeated) \
    CASE(notification_until_done) \
    CASE(notification_lease) \
    CASE(notification_whose_taking_was_lost) \
    CASE(notification_by_host) \
    CASE(notification_only_if_wanted) \
    /* store_cases_status.c */ \
    CASE(status_of_a_push) \
    CASE(status_of_somebody_elses_push) \
    CASE(cancel_is_brought_to_the_owner) \
    CASE(cancel_survives_a_claim) \
    CASE(cancel_leaves_what_is_too_late) \
    CASE(cancel_wakes_the_owner) \
    /* store_cases_connection.c */ \
    CASE(answers_in_the_order_of_calls) \
    CASE(refused_call_does_not_disturb) \
    CASE(lost_calls_are_answered) \
    CASE(lost_batch_is_repeated) \
    CASE(call_while_down_is_lost) \
    CASE(wakes_the_other_side) \
    CASE(wakes_after_a_loss) \
    CASE(close_answers_all)

#define STORE_CASE_DECLARE(name) void name(void **state);
STORE_CASES(STORE_CASE_DECLARE)

#endif
