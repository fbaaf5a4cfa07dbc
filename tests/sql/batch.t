#!/bin/bash
# group_batch: the ledger, transitions and their fences, one result, repeats.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(36);
SELECT t.start('box');

SELECT throws_ok($$SELECT * FROM group_batch('nobody', 1, '{}', '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}')$$, '55000',
    'instance nobody is not started', 'an unknown instance is refused');

SELECT t.store('one', '4601', 2, notify => 'http://pi/');
SELECT t.claimed('box');
SELECT t.outcome('box', 'one', 1, 1, 1, 'm1');
SELECT t.outcome('box', 'one', 3, 2, 2);
SELECT t.outcome('box', 'one', 1, 2, 3, 'm2');
SELECT is(t.ledger('one'), '1/1 accepted, 2/2 in doubt, 2/3 accepted',
    'the ledger has each outcome, in order');

-- The same batch again.
CREATE TABLE call AS SELECT number FROM t.counter;
SELECT is_empty($$SELECT * FROM group_batch('box', (SELECT number FROM call),
    ARRAY[t.id('one')], '{2}', '{1}', '{3}', '{1}', '{smsc}', '{7}', '{m2}',
    '{NULL}', '{NULL}', '{0}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
    '{}', '{}', '{}', '{}')$$, 'a repeated batch returns what it returned');
SELECT is(t.ledger('one'), '1/1 accepted, 2/2 in doubt, 2/3 accepted',
    'and changes nothing');

-- Fences.
SELECT is(t.move('box', 'one', 3, '1 h', epoch => -1), false,
    'another epoch is refused');
SELECT is(t.state('one'), 'SENDING', 'and changes nothing');
SELECT is(t.move('box', 'one', 3, '1 h', attempt => 2), false,
    'another attempt is refused');
SELECT set_eq(format($$SELECT * FROM group_batch('box', %s, '{}', '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', ARRAY[t.id('one')],
    '{-1}', '{2}', '{3}', '{0}', '{2}', '{f}', '{NULL}', '{NULL}', '{NULL}',
    '{NULL}')$$, number), ARRAY[t.id('one')],
    'a repeated batch refuses what it refused') FROM t.counter;
SELECT set_eq(format($$SELECT * FROM group_batch('box', %s,
    ARRAY[t.id('one')], '{2}', '{1}', '{9}', '{9}', '{NULL}', '{0}',
    '{NULL}', '{NULL}', '{NULL}', '{0}', '{12345}', '{1}', '{1}', '{5}',
    '{0}', '{1}', '{f}', '{NULL}', '{x}', '{1000}', '{0}')$$,
    t.number('box')), '{12345}'::bigint[], 'a group that is gone is refused');
SELECT is(t.ledger('one'), '1/1 accepted, 2/2 in doubt, 2/3 accepted,'
    ' 2/9 not sent', 'ledger rows beside it are facts and stay');

-- States.
SELECT is(t.move('box', 'one', 3, '1 hour', closed => true), true,
    'AWAITING is accepted');
SELECT ok(closed AND NOT holds AND due_at = look_at AND due_at
    BETWEEN clock_timestamp() + '59 min' AND clock_timestamp() + '1 hour',
    'closed, with its time, letting go of the receiver') FROM live;
SELECT is(t.move('box', 'one', 3, '2 days'), true, 'a longer wait');
SELECT is(look_at, deadline_at, 'is looked at at the deadline') FROM live;
SELECT t.move('box', 'one', 3);
SELECT ok(due_at > clock_timestamp() + '47 hours',
    'without a time the stored one is kept') FROM live;
SELECT is(t.move('box', 'one', 4, aim => 4), true, 'ROLLBACK is accepted');
SELECT ok(NOT holds AND look_at IS NULL AND aim = 4,
    'from AWAITING it takes no receiver back') FROM live;
SELECT is(t.move('box', 'one', 1, '1 min', aim => 1, new_attempt => 2), true,
    'DEFERRED with a new attempt');
SELECT is(attempt::int, 2, 'has the attempt') FROM live;

-- The end.
SELECT is(t.move('box', 'one', 5, attempt => 2, cause => 'all there'), true,
    'DELIVERED is accepted');
SELECT is(count(*), 0::bigint, 'the live row is gone') FROM live;
SELECT results_eq('SELECT state, code, cause, attempt, segments, address,
    receiver FROM result_view', $$VALUES ('DELIVERED', 1000, 'all there',
    2::smallint, 2::smallint, 'WAPPUSH=4601/TYPE=PLMN', '4601')$$,
    'there is a result');
SELECT results_eq('SELECT url, pi, push_id, address, state, code, cause
    FROM notification', $$VALUES ('http://pi/', 'pi', 'one',
    'WAPPUSH=4601/TYPE=PLMN', 5::smallint, 1000, 'all there')$$,
    'and a notification, in the same transaction');
SELECT is(t.move('box', 'one', 9, attempt => 2), false,
    'a second end is refused');
SELECT is(count(*), 1::bigint, 'there is one result') FROM result;
SELECT t.outcome('box', 'one', 4, 1, 1, 'm1');
SELECT matches(t.ledger('one'), '1/1 delivered$',
    'the ledger takes late news of an ended group');
SELECT t.store('quiet', '4602');
SELECT t.claimed('box');
SELECT t.move('box', 'quiet', 6);
SELECT is(count(*), 1::bigint, 'who did not ask is not notified')
    FROM notification;

-- Ledger and end of several groups in one batch.
SELECT t.store('g' || i, '47' || i) FROM generate_series(1, 5) i;
CREATE TABLE these AS SELECT id, epoch FROM t.claim('box');
SELECT is_empty(format($$SELECT * FROM group_batch('box', %s,
    (SELECT array_agg(id) FROM these), '{1,1,1,1,1}', '{1,1,1,1,1}',
    '{1,1,1,1,1}', '{1,1,2,1,1}', '{s,s,s,s,s}', '{1,1,1,1,1}',
    '{a,b,NULL,d,e}', '{0,0,69,0,0}', '{NULL,NULL,no,NULL,NULL}',
    '{5000000,0,0,0,0}', (SELECT array_agg(id) FROM these),
    (SELECT array_agg(epoch) FROM these), '{1,1,1,1,1}', '{3,5,6,3,3}',
    '{0,0,4,0,0}', '{1,1,1,1,1}', '{f,f,f,f,f}',
    '{60000000,NULL,NULL,60000000,60000000}', '{NULL,ok,refused,NULL,NULL}',
    '{NULL,1000,2000,NULL,NULL}', '{NULL,0,0,NULL,NULL}')$$,
    t.number('box')), 'many groups at once');
SELECT is(string_agg(t.state('g' || i), ' ' ORDER BY i),
    'AWAITING DELIVERED UNDELIVERABLE AWAITING AWAITING', 'each to its state')
    FROM generate_series(1, 5) i;
SELECT ok(clock_timestamp() - at > '5 s', 'a row has the time it happened')
    FROM ledger WHERE message_id = 'a';
SELECT is(code || ' ' || text, '69 no', 'and the SMSC''s words') FROM ledger
    WHERE group_id = t.id('g3');

-- Concatenation references at the end.
SELECT t.store('r1', '4801', 2);
SELECT t.claimed('box');
SELECT is(free_after, NULL, 'a live group keeps its reference')
    FROM reference_in_use WHERE receiver = '4801';
SELECT t.move('box', 'r1', 5, hold => '1 hour');
SELECT ok(free_after > clock_timestamp() + '59 min',
    'for a while after its end, too') FROM reference_in_use
    WHERE receiver = '4801';
SELECT t.store('r2', '4802', 2);
SELECT t.claimed('box');
SELECT t.move('box', 'r2', 7);
SELECT ok(free_after <= clock_timestamp(), 'or not at all')
    FROM reference_in_use WHERE receiver = '4802';

SELECT lives_ok(format($$SELECT * FROM group_batch('box', %s, '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')$$, t.number('box')),
    'an empty batch is a batch');
SELECT is(max(number), (SELECT number FROM t.counter), 'with its number')
    FROM batch;
SELECT * FROM finish();
SQL
