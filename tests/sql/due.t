#!/bin/bash
# group_due: promotion, deadlines, receipt time-outs, cancels, lending.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(26);
SELECT t.start('box');

-- Not-before.
SELECT t.store('later', '4601', later => '1 h');
SELECT is(t.looked_at('box'), NULL, 'not yet');
SELECT t.pass('later', '1 h');
SELECT is(t.looked_at('box'), NULL, 'a promoted group is not returned');
SELECT is(t.state('later'), 'QUEUED', 'but queued');
SELECT is(t.claimed('box'), 'later', 'and claimed, below the cursor or not');
SELECT is(attempt::int, 1, 'in its first attempt') FROM live;

-- Back-off: the next attempt.
SELECT t.move('box', 'later', 1, '1 min', aim => 1);
SELECT t.pass('later', '1 min');
SELECT t.looked_at('box');
SELECT is(attempt || ' ' || state_name(state) || ' ' || aim, '2 QUEUED 1',
    'after an attempt the next one begins') FROM live;
SELECT is(tries::int, 1, 'to be claimed') FROM live;
SELECT is(h_outcome || attempt, '{2}', 'with its attempt')
    FROM t.claim('box');
SELECT t.move('box', 'later', 5, attempt => 2);

-- Deadlines, in each state.
SELECT t.store('queued', '4602', deadline => '1 min');
SELECT t.store('deferred', '4603', later => '1 h', deadline => '1 min');
SELECT t.store('awaiting', '4604', deadline => '1 min');
SELECT t.claimed('box');
SELECT t.move('box', 'awaiting', 3, '1 h');
UPDATE live SET state = 0, ready = true, holds = false, look_at = deadline_at
    WHERE id = t.id('queued');
SELECT t.pass(n, '61 s') FROM unnest('{queued,deferred,awaiting}'::text[]) n;
SELECT is(t.looked_at('box'), 'queued deferred awaiting',
    'whatever is past its deadline is returned');
SELECT is(t.claimed('box'), NULL, 'lent, it is not claimed');
SELECT is(t.looked_at('box'), NULL, 'nor returned again');
SELECT is(t.move('box', 'queued', 7), true, 'EXPIRED');
SELECT is(t.move('box', 'deferred', 7), true, 'EXPIRED');
SELECT is(t.move('box', 'awaiting', 3, closed => true), true,
    'AWAITING goes on, closed');
SELECT ok(look_at = due_at AND due_at > clock_timestamp() + '50 min',
    'until its receipts time out') FROM live WHERE id = t.id('awaiting');
SELECT t.pass('awaiting', '1 h');
SELECT is(due_in_us <= 0, true, 'then it is returned') FROM t.due('box');
SELECT t.move('box', 'awaiting', 9);

-- A lent group whose owner died.
SELECT t.store('lent', '4605', deadline => '1 min');
SELECT t.pass('lent', '61 s');
SELECT is(t.looked_at('box'), 'lent', 'lent');
SELECT t.pass('lent', '11 s');
SELECT is(t.looked_at('box'), 'lent', 'and lent again after ten seconds');
SELECT t.move('box', 'lent', 7);

-- A cancel reaches every state.
SELECT t.store('c' || i, '47' || i) FROM generate_series(1, 3) i;
SELECT t.claimed('box');
SELECT t.move('box', 'c2', 3, '1 h');
SELECT t.move('box', 'c3', 1, '1 h');
UPDATE live SET cancel_requested = true, look_at = clock_timestamp();
SELECT set_eq($$SELECT state, cancel_requested FROM t.due('box')$$,
    $$VALUES (2::smallint, true), (3::smallint, true), (1::smallint, true)$$,
    'a cancel is brought to the owner in every state');
SELECT is(look_at, NULL, 'one in memory is told once') FROM live
    WHERE id = t.id('c1');
UPDATE live SET epoch = epoch - 1, look_at = clock_timestamp()
    WHERE id = t.id('c1');
SELECT is(t.looked_at('box'), NULL, 'one that is not adopted yet waits');
SELECT is(t.adopted('box'), 'c1', 'until it is');

-- Many at once.
SELECT t.move('box', n, 8) FROM unnest('{c1,c2,c3}'::text[]) n;
SELECT t.store('n' || i, '48' || i, later => '1 h')
    FROM generate_series(1, 300) i;
SELECT t.pass('n' || i, '1 h') FROM generate_series(1, 300) i;
SELECT is((SELECT count(*) FROM t.due('box', 20)), 0::bigint,
    'promotions are not bounded by max');
SELECT is(count(*), 300::bigint, 'all are queued') FROM live WHERE ready;
SELECT t.pass('n' || i, '1 day') FROM generate_series(1, 300) i;
SELECT is((SELECT count(*) FROM t.due('box', 20)), 20::bigint,
    'what is lent is');
SELECT is(count(*), 0::bigint, 'leases that are over see nothing')
    FROM group_due(t.leases('box'), ARRAY(SELECT 0 FROM
                   unnest(t.leases('box')))::bigint[], 20);
SELECT * FROM finish();
SQL
