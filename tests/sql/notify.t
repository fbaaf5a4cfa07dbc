#!/bin/bash
# The notification queue: leases, retries, the end.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(21);
SELECT t.start('box');
SELECT t.store('n' || i, '46' || i, notify => 'http://pi/' || i)
    FROM generate_series(1, 3) i;
SELECT t.claimed('box');
SELECT t.move('box', 'n' || i, 4 + i, cause => 'c' || i)
    FROM generate_series(1, 3) i;

CREATE FUNCTION t.take(instance text, max int DEFAULT 10) RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(push_id || ' ' || tries, ', ' ORDER BY id)
    FROM convoy.notify_take(instance, max, 30000000, 64, '{}', '{}')
$$;
CREATE FUNCTION t.told(name text, tries int, verdict text, retry interval
    DEFAULT '0') RETURNS void LANGUAGE sql AS $$
    SELECT convoy.notify_done(ARRAY[t.id(name)], ARRAY[tries],
        ARRAY[verdict], ARRAY[convoy.span_us(retry)], '{202 Accepted}')
$$;

CREATE TABLE got AS SELECT * FROM notify_take('wapbox', 1, 30000000, 64,
    '{}', '{}');
SELECT results_eq('SELECT id, url, pi, push_id, address, source_reference,
    qos, state, code, cause, tries FROM got', $$VALUES (t.id('n1'),
    'http://pi/1', 'pi', 'n1', 'WAPPUSH=461/TYPE=PLMN', NULL, NULL,
    5::smallint, 1000, 'c1', 1)$$, 'all that the PI is told');
SELECT ok(accepted_at_us <= event_at_us AND event_at_us
    <= moment_us(clock_timestamp()), 'with both times') FROM got;
SELECT is(t.take('other'), 'n2 1, n3 1', 'one that is lent is not taken');
SELECT is(t.take('wapbox'), NULL, 'nothing is left');
SELECT t.told('n1', 1, 'acknowledged');
SELECT is(count(*), 2::bigint, 'acknowledged, it is gone') FROM notification;
SELECT results_eq('SELECT group_id, tries, verdict, answer FROM notified',
    $$VALUES (t.id('n1'), 1, 'acknowledged', '202 Accepted')$$, 'on record');

SELECT t.told('n2', 1, NULL, '1 h');
SELECT is(t.take('wapbox'), NULL, 'one that failed waits');
UPDATE notification SET due_at = due_at - interval '1 h'
    WHERE push_id = 'n2';
SELECT is(t.take('wapbox'), 'n2 2', 'and is tried again');
SELECT notify_done(ARRAY[t.id('n2')], '{2}', '{NULL}', '{0}', '{NULL}');
SELECT is(answer, '202 Accepted', 'given back, it keeps its last answer')
    FROM notification WHERE push_id = 'n2' AND holder IS NULL;
SELECT is(t.take('wapbox'), 'n2 3', 'and may be taken at once');

-- A notifier that died.
UPDATE notification SET due_at = due_at - interval '1 min'
    WHERE push_id = 'n3';
SELECT is(t.take('wapbox'), 'n3 2', 'a lease that is over is taken over');
SELECT t.told('n3', 1, 'acknowledged');
SELECT is(count(*), 1::bigint, 'the first holder''s word is too late')
    FROM notification WHERE push_id = 'n3';
SELECT t.told('n3', 1, NULL, '1 h');
SELECT is(holder, 'wapbox', 'either way') FROM notification
    WHERE push_id = 'n3';
SELECT t.told('n3', 2, 'refused');
SELECT t.told('n3', 2, 'refused');
SELECT is(count(*), 1::bigint, 'twice acknowledged is once on record')
    FROM notified WHERE group_id = t.id('n3');

-- Several at once.
SELECT notify_done('{}', '{}', '{}', '{}', '{}');
SELECT lives_ok($$SELECT notify_done(ARRAY[t.id('n2'), t.id('n1')], '{3,1}',
    '{given up,NULL}', '{0,0}', '{gave up,x}')$$, 'a batch');
SELECT is(count(*), 0::bigint, 'empties the queue') FROM notification;
SELECT is(verdict || ': ' || answer, 'given up: gave up',
    'with the last answer') FROM notified WHERE group_id = t.id('n2');

-- By host.
SELECT t.store(u.host || i, '47' || i, notify => u.url)
FROM (VALUES ('a', 'http://A.example:81/x'), ('b', 'https://u:p@b.example'),
             ('c', 'nonsense')) u (host, url), generate_series(1, 9) i;
SELECT count(*) FROM t.claimed('box') c;
DO $$ BEGIN
    FOR n IN 1..9 LOOP
        PERFORM t.move('box', h || n, 5) FROM unnest('{a,b,c}'::text[]) h;
        -- what t.claimed() left behind its receiver
        PERFORM t.claimed('box');
    END LOOP;
END $$;
SELECT is(array_agg(DISTINCT host ORDER BY host),
    '{"",a.example:81,b.example}', 'hosts') FROM notification;
SELECT is((SELECT array_agg(n ORDER BY n) FROM (
    SELECT count(*) AS n FROM notify_take('wapbox', 100, 30000000, 4,
        '{b.example,other,a.example:81}', '{0,1,6}')
    GROUP BY host) g), '{4,6}', 'each host has its room');
SELECT is(count(*), 5::bigint, 'and all together have theirs')
FROM notify_take('wapbox', 5, 30000000, 64, '{}', '{}');
SELECT is(count(*), 12::bigint, 'what is left')
FROM notify_take('wapbox', 100, 30000000, 64, '{}', '{}');
SELECT * FROM finish();
SQL
