#!/bin/bash
# group_adopt and parking: a dead owner's groups, fenced; group_unpark.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(26);
SELECT t.start('a');
SELECT t.store('sending', '4601', 3);
SELECT t.store('rolling', '4602');
SELECT t.store('awaiting', '4603');
SELECT t.store('queued', '4603', later => '1 h');
SELECT t.claimed('a');
SELECT t.outcome('a', 'sending', 1, 1, 1, 'm1');
SELECT t.outcome('a', 'rolling', 1, 1, 1, 'm2');
SELECT t.move('a', 'rolling', 4, aim => 3);
SELECT t.move('a', 'awaiting', 3, '1 h');
CREATE TABLE old AS SELECT id, epoch FROM live;
SELECT is(t.adopted('a'), NULL, 'an owner adopts nothing of its own');

SELECT t.die('a');
SELECT t.start('b');
CREATE TABLE got AS SELECT * FROM t.adopt('b');
SELECT is(t.names(array_agg(id ORDER BY id)), 'sending rolling',
    'what is in SENDING or ROLLBACK is taken over') FROM got;
SELECT results_eq($$SELECT state, aim, takeovers, h_outcome, h_message_id,
    reference IS NOT NULL FROM got ORDER BY id$$,
    $$VALUES (2::smallint, 0::smallint, 1::smallint, '{1}'::smallint[],
    '{m1}'::text[], true), (4::smallint, 3::smallint, 1::smallint,
    '{1}'::smallint[], '{m2}'::text[], false)$$,
    'with state, aim, ledger and reference');
SELECT is(t.adopted('b'), NULL, 'once');

-- The old owner wakes up.
SELECT is(t.move('a', 'sending', 3, '1 h', epoch => (SELECT epoch FROM old
    WHERE id = t.id('sending'))), false, 'the old epoch moves nothing');
SELECT t.outcome('a', 'sending', 1, 2, 2, 'm3');
SELECT is(t.ledger('sending'), '1/1 accepted, 2/2 accepted',
    'but what it saw is on the ledger');
SELECT is(count(*), 0::bigint, 'it claims nothing') FROM group_claim(
    (SELECT array_agg(id) FROM lease), (SELECT array_agg(epoch - 100)
    FROM lease), 10);
SELECT is(t.move('b', 'sending', 2), true, 'the new owner goes on');

-- Given back in order is no takeover.
SELECT * FROM lease_renew('b', '{}', 0, '{}');
SELECT t.start('c');
SELECT is(string_agg(takeovers::text, ' '), '1 1', 'in order: not counted')
    FROM t.adopt('c');

-- A poison group: owner after owner dies.
SELECT t.store('behind', '4601');
SELECT t.claimed('c');
SELECT is(waiting, true, 'somebody waits behind it') FROM live
    WHERE id = t.id('behind');
SELECT t.die('c');
SELECT t.start('d');
SELECT is(string_agg(takeovers::text, ' '), '2 2', 'the second') FROM
    t.adopt('d');
SELECT t.die('d');
SELECT t.start('e');
SELECT is(string_agg(takeovers::text, ' '), '3 3', 'the third')
    FROM t.adopt('e');
SELECT t.move('e', 'rolling', 8);
SELECT t.die('e');
SELECT t.start('f');
SELECT is(t.adopted('f'), NULL, 'the fourth is one too many');
SELECT is(parked || ' ' || state_name(state), 'true SENDING', 'it is parked')
    FROM live WHERE id = t.id('sending');
SELECT results_eq('SELECT id, takeovers FROM parked_view',
    $$VALUES (t.id('sending'), 4::smallint)$$, 'for everybody to see');
SELECT is(t.claimed('f'), 'behind', 'and lets go of its receiver');
SELECT is(t.move('f', 'sending', 5), false, 'nobody moves it');
SELECT t.pass('sending', '2 days');
SELECT is(t.looked_at('f'), NULL, 'nor looks at it');
SELECT is(t.receipt('f', 'm1'), NULL, 'its receipts come in');
SELECT matches(t.ledger('sending'), '1/1 delivered$', 'to its ledger');

-- Back again.
SELECT is(group_unpark(t.id('behind')), false, 'what is not parked stays');
SELECT is(group_unpark(t.id('sending')), true, 'unpark');
SELECT matches(t.ledger('sending'), '3/3 in doubt$',
    'the dead owner may have sent its next segment');
UPDATE live SET deadline_at = clock_timestamp() + '1 day'
    WHERE id = t.id('sending');
SELECT t.move('f', 'behind', 5);
SELECT set_config('convoy.sweep_next', '0', false);
SELECT results_eq($$SELECT id, takeovers, h_outcome FROM t.claim('f')$$,
    $$VALUES (t.id('sending'), 0::smallint, '{1,1,4,3}'::smallint[])$$,
    'it is claimed again, with its ledger');
UPDATE live SET parked = true, state = 4, holds = false
    WHERE id = t.id('sending');
SELECT group_unpark(t.id('sending'));
SELECT is(t.adopted('f'), 'sending', 'one in ROLLBACK is adopted');

-- A claim that commits after the takeover.
SELECT t.store('late', '4609');
SELECT t.claimed('f');
UPDATE live SET epoch = epoch - 1 WHERE id = t.id('late');
SELECT is(t.adopted('f'), 'late', 'is found the next time');
SELECT * FROM finish();
SQL
