-- Who may do what. Convoyctl runs this last; everything else in the schema is
-- the owner's alone, and functions reach it as SECURITY DEFINER.

REVOKE ALL ON SCHEMA convoy FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA convoy FROM PUBLIC;
GRANT USAGE ON SCHEMA convoy
    TO convoy_intake, convoy_scheduler, convoy_notifier, convoy_monitor;

GRANT EXECUTE ON FUNCTION schema_version, deployment_check, maintain_ahead
    TO convoy_intake, convoy_scheduler, convoy_notifier;
GRANT EXECUTE ON FUNCTION schema_version, state_name, aim_name, outcome_name
    TO convoy_monitor;
GRANT EXECUTE ON FUNCTION push_store, push_wake, push_status, push_cancel,
    cancel_wake TO convoy_intake;
GRANT EXECUTE ON FUNCTION instance_start, lease_renew, group_claim,
    group_adopt, group_due, group_batch, receipts, result_wake
    TO convoy_scheduler;
GRANT EXECUTE ON FUNCTION notify_take, notify_forgotten, notify_done
    TO convoy_notifier;
GRANT SELECT ON queue_view, parked_view, push_view, group_view, result_view,
    ledger_view, lease_view, notification_view, notified_view,
    deployment_view TO convoy_monitor;

-- Plans are made once a session, often while the tables are still small, and
-- must stay right when they have grown: by index and nested loop, whatever
-- the statistics say at that moment.
DO $$
DECLARE
    hot regproc;
    setting text;
BEGIN
    FOREACH hot IN ARRAY '{push_store, group_claim, group_adopt, group_due,
            group_batch, receipts, notify_take, notify_done, push_status,
            push_cancel}'::regproc[] LOOP
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode TO
                        force_generic_plan', hot);
        FOREACH setting IN ARRAY '{enable_seqscan, enable_bitmapscan,
                enable_hashjoin, enable_mergejoin, jit}'::text[] LOOP
            EXECUTE format('ALTER FUNCTION %s SET %I TO off', hot, setting);
        END LOOP;
    END LOOP;
    -- It joins nothing but its own arguments.
    ALTER FUNCTION push_store RESET enable_hashjoin;
END $$;
