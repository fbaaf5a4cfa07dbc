#!/bin/bash
# event-time of a notification: when it happened that decided the result.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(8);
SELECT t.start('box');

-- Three hours ago, two hours ago, an hour ago; then the group ends.
CREATE FUNCTION t.ends(name text, state int, a int, b int, c int)
RETURNS interval LANGUAGE plpgsql AS $$
DECLARE
    told timestamptz;
BEGIN
    PERFORM t.store(name, '46' || name, 3, notify => 'http://pi/');
    PERFORM t.claimed('box');
    PERFORM t.outcome('box', name, o.outcome, o.n::int, o.n::int, name || n)
    FROM unnest(ARRAY[a, b, c]) WITH ORDINALITY o (outcome, n)
    WHERE o.outcome > 0;
    UPDATE ledger e SET at = e.at - interval '1 hour' * (4 - e.segment)
    WHERE e.group_id = t.id(name);
    PERFORM t.move('box', name, state);
    SELECT event_at INTO told FROM notification WHERE id = t.id(name);
    RETURN date_trunc('hour', clock_timestamp() - told + interval '1 minute');
END $$;

SELECT is(t.ends('1', 5, 1, 4, 4), '1 hour', 'DELIVERED: the last receipt');
SELECT is(t.ends('2', 5, 1, 1, 8), '2 hours', 'or acceptance; no other news');
SELECT is(t.ends('3', 6, 2, 6, 6), '3 hours',
    'UNDELIVERABLE: the refusal, not what was taken back then');
SELECT is(t.ends('4', 6, 1, 5, 1), '2 hours', 'or the receipt');
SELECT is(t.ends('5', 6, 0, 0, 0), '0', 'or the end, if nothing was sent');
SELECT is(t.ends('6', 8, 1, 6, 1), '2 hours', 'CANCELLED: the cancellation');
SELECT is(t.ends('7', 9, 1, 4, 1), '0', 'UNKNOWN: when nothing had come');
SELECT t.store('late', '4699', notify => 'http://pi/');
SELECT t.claimed('box');
UPDATE live SET deadline_at = clock_timestamp() - interval '5 hours';
SELECT t.move('box', 'late', 7);
SELECT is(date_trunc('hour', clock_timestamp() - event_at
    + interval '1 minute'), '5 hours', 'EXPIRED: the deadline')
FROM notification WHERE id = t.id('late');
SELECT * FROM finish();
SQL
