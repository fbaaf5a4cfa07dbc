-- The group roles. convoyctl runs this first, as the role it connects with;
-- everything after it runs as convoy_owner. Roles belong to the whole cluster:
-- two deployments in two databases of one cluster share them.

DO $$
DECLARE
    missing text;
BEGIN
    FOREACH missing IN ARRAY ARRAY['convoy_owner', 'convoy_intake',
            'convoy_scheduler', 'convoy_notifier', 'convoy_monitor'] LOOP
        IF to_regrole(missing) IS NULL THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', missing);
        END IF;
    END LOOP;
    IF NOT pg_has_role('convoy_owner', 'MEMBER') THEN
        EXECUTE format('GRANT convoy_owner TO %I', current_user);
    END IF;
END $$;

CREATE SCHEMA IF NOT EXISTS convoy AUTHORIZATION convoy_owner;
