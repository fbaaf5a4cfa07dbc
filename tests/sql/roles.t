#!/bin/bash
# Roles: each has its functions or views, and nothing else; the numbers agree
# with the module's.
exec "${0%/*}/pgtap" <<SQL
SELECT plan(22);
CREATE FUNCTION t.may(who text) RETURNS text LANGUAGE sql AS \$\$
    SELECT string_agg(proname, ' ' ORDER BY proname) FROM pg_proc
    WHERE pronamespace = 'convoy'::regnamespace
          AND has_function_privilege(who, oid, 'EXECUTE')
\$\$;
SELECT is(t.may('convoy_intake'), 'cancel_wake deployment_check'
    ' maintain_ahead push_cancel push_status push_store push_wake'
    ' schema_version', 'intake');
SELECT is(t.may('convoy_scheduler'), 'deployment_check group_adopt'
    ' group_batch group_claim group_due instance_start lease_renew'
    ' maintain_ahead receipts result_wake schema_version', 'scheduler');
SELECT is(t.may('convoy_notifier'), 'deployment_check maintain_ahead'
    ' notify_done notify_forgotten notify_take schema_version', 'notifier');
SELECT is(t.may('convoy_monitor'), 'aim_name outcome_name schema_version'
    ' state_name', 'monitor');
SELECT is_empty(format('SELECT 1 FROM pg_class WHERE relnamespace ='
    ' ''convoy''::regnamespace AND has_table_privilege(%L, oid, ''SELECT,'
    ' INSERT, UPDATE, DELETE, TRUNCATE'')', r), r || ' has no table')
    FROM unnest('{convoy_intake,convoy_scheduler,convoy_notifier}'::text[]) r;
SELECT is(string_agg(relname, ' ' ORDER BY relname), 'deployment_view'
    ' group_view lease_view ledger_view notification_view notified_view'
    ' parked_view push_view queue_view result_view', 'the monitor has views')
    FROM pg_class WHERE relnamespace = 'convoy'::regnamespace
    AND has_table_privilege('convoy_monitor', oid, 'SELECT');
SELECT is_empty('SELECT proname FROM pg_proc WHERE pronamespace ='
    ' ''convoy''::regnamespace AND prosecdef AND NOT coalesce('
    '''search_path=convoy, pg_temp'' = ANY (proconfig), false)',
    'every function that lends its rights has a fixed search_path');
SELECT is_empty('SELECT oid::regclass FROM pg_class WHERE relnamespace ='
    ' ''convoy''::regnamespace AND relowner <> ''convoy_owner''::regrole',
    'all belongs to the owner');
SELECT is(rolcanlogin, false, 'who cannot log in') FROM pg_roles
    WHERE rolname = 'convoy_owner';
SELECT is(schema_version(), $(ls "${0%/*}/../../sql/migrations" |
    tail -n 1 | sed 's/^0*\([0-9]*\).*/\1/'), 'the version is the last'
    ' migration''s');

-- As the boxes log in.
SET ROLE convoy;
SELECT throws_ok('SELECT * FROM convoy.live', '42501', NULL,
    'a box reads no table');
SELECT throws_ok('SELECT convoy.group_end(NULL)', '42501', NULL,
    'nor calls what is not for it');
SELECT lives_ok('SELECT convoy.maintain_ahead()', 'it makes partitions');
SELECT lives_ok(\$\$SELECT convoy.push_wake(), convoy.result_wake()\$\$,
    'it wakes');
SELECT lives_ok('SELECT * FROM convoy.queue_view', 'it may look');
RESET ROLE;
CREATE ROLE stranger;
SET ROLE stranger;
SELECT throws_ok('SELECT convoy.schema_version()', '42501', NULL,
    'a stranger does nothing');
RESET ROLE;

-- The numbers of the module.
CREATE TABLE header (number smallint, name text);
$(awk '/^typedef enum/ { n = 0; seen = "" }
    /^ +(GROUP|AIM|LEDGER)_[A-Z_]+/ {
        name = $1; sub(/,$/, "", name)
        if ($2 == "=") { n = $3; sub(/,/, "", n) }
        printf "INSERT INTO header VALUES (%d, %c%s%c);\n", n, 39, name, 39
        n++
    }' "${0%/*}/../../plugin/core/group.h")
-- GROUP_REJECTED is there by itself, for results only.
SELECT is((SELECT string_agg(name, ' ' ORDER BY number) FROM header
           WHERE name ~ '^GROUP_') || ' GROUP_REJECTED',
    (SELECT string_agg('GROUP_' || state_name(n::smallint), ' ' ORDER BY n)
     FROM generate_series(0, 10) n), 'the states of group.h');
SELECT is((SELECT string_agg(name, ' ' ORDER BY number) FROM header
           WHERE name ~ '^AIM_'),
    (SELECT string_agg('AIM_' || aim_name(n::smallint), ' ' ORDER BY n)
     FROM generate_series(0, 4) n), 'its aims');
SELECT is((SELECT string_agg(name, ' ' ORDER BY number) FROM header
           WHERE name ~ '^LEDGER_' AND number > 0),
    'LEDGER_ACCEPTED LEDGER_REFUSED LEDGER_IN_DOUBT LEDGER_DELIVERED'
    ' LEDGER_NOT_DELIVERED LEDGER_CANCELLED LEDGER_CANCEL_LATE'
    ' LEDGER_RECEIPT_INFO LEDGER_NOT_SENT', 'its outcomes');
SELECT is(count(outcome_name(number)), 9::bigint, 'each has a name')
    FROM header WHERE name ~ '^LEDGER_' AND number > 0;
SELECT * FROM finish();
SQL
