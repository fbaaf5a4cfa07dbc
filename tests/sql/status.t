#!/bin/bash
# push_status, push_cancel: what is told of each state, what can be cancelled,
# and to whom it is told.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(33);
SELECT t.start('box');

CREATE FUNCTION t.status(name text, who text DEFAULT 'pi') RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(state || CASE WHEN live THEN '' ELSE ' ' || code || ' '
                      || cause END
                      || CASE WHEN cancelling THEN ', cancelling' ELSE '' END
                      || CASE WHEN partly THEN ', partly' ELSE '' END, '; ')
    FROM convoy.push_status(who, name)
$$;
CREATE FUNCTION t.cancel(VARIADIC names text[]) RETURNS void
LANGUAGE sql AS $$
    SELECT convoy.push_cancel(ARRAY(SELECT t.id(n) FROM unnest(names) n))
$$;

-- Each state by its name.
SELECT t.store('queued', '4601');
SELECT is(t.status('queued'), 'QUEUED', 'QUEUED');
SELECT results_eq($$SELECT group_id, address, event_at_us, live, qos
    FROM push_status('pi', 'queued')$$, $$SELECT p.groups[1],
    'WAPPUSH=4601/TYPE=PLMN', moment_us(p.accepted_at), true, NULL::text
    FROM push p WHERE p.push_id = 'queued'$$,
    'with its address, since it was stored');
SELECT t.store('deferred', '4602', later => '1 h');
SELECT is(t.status('deferred'), 'DEFERRED', 'DEFERRED');
SELECT t.claimed('box');
SELECT is(t.status('queued'), 'SENDING', 'SENDING');
SELECT t.move('box', 'queued', 3, '1 h');
SELECT is(t.status('queued'), 'AWAITING', 'AWAITING');
SELECT t.store('rollback', '4603', 2);
SELECT t.claimed('box');
SELECT t.move('box', 'rollback', 4, aim => 3);
SELECT is(t.status('rollback'), 'ROLLBACK', 'ROLLBACK');
SELECT t.move('box', 'queued', 5);
SELECT is(t.status('queued'), 'DELIVERED 1000 words', 'DELIVERED');
SELECT results_eq($$SELECT address, event_at_us, live
    FROM push_status('pi', 'queued')$$, $$SELECT address,
    moment_us(ended_at), false FROM result WHERE group_id = t.id('queued')$$,
    'with its address, since it ended');

UPDATE result SET event_at = event_at - interval '1 min';
SELECT is(event_at_us, moment_us(ended_at - interval '1 min'),
    'or since what decided that') FROM push_status('pi', 'queued'), result;
UPDATE result SET event_at = NULL;
SELECT is(event_at_us, moment_us(ended_at), 'if that is known')
    FROM push_status('pi', 'queued'), result;

-- Only one's own.
SELECT is(t.status('queued', 'other'), NULL, 'nothing for another PI');
SELECT is(t.status('queued', ''), NULL, 'nor for the trusted one');
SELECT is(t.status('unheard of'), NULL, 'nor of a push that is not there');
UPDATE push SET qos = 'priority=high' WHERE push_id = 'deferred';
SELECT is(qos, 'priority=high', 'its quality of service')
    FROM push_status('pi', 'deferred');

-- Several groups.
SELECT code FROM push_store('{pi}', '{many}', '{NULL}', '{NULL}', '{NULL}',
    '{}', '{}', '{1,1,1}', '{a,b,c}', '{4611,4612,4613}', '{"","",""}',
    '{s,s,s}', '{v,v,v}', '{1,1,1}', '{NULL,NULL,NULL}', '{NULL,NULL,NULL}',
    '{1,1,1}', '{8,8,8}', '{"\\x0b8423f0","\\x0b8423f0","\\x0b8423f0"}',
    '{"\\x01","\\x01","\\x01"}', '{NULL,NULL,NULL}', '{}', '{}', 86400000000,
    3600000000);
SELECT t.claimed('box');
SELECT group_batch('box', t.number('box'), '{}', '{}', '{}', '{}', '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', ARRAY[p.groups[2]], ARRAY[g.epoch], '{1}',
    '{6}', '{0}', '{1}', '{f}', '{NULL}', '{refused}', '{4000}', '{0}')
    FROM push p JOIN live g ON g.id = p.groups[2] WHERE p.push_id = 'many';
SELECT results_eq($$SELECT address, state, code
    FROM push_status('pi', 'many')$$, $$VALUES ('a', 'SENDING', 0),
    ('b', 'UNDELIVERABLE', 4000), ('c', 'SENDING', 0)$$,
    'the groups of a push in their order, each with its own state');
SELECT push_cancel(ARRAY[groups[3]]) FROM push WHERE push_id = 'many';
SELECT results_eq($$SELECT cancelling FROM push_status('pi', 'many')$$,
    $$VALUES (false), (false), (true)$$, 'each is cancelled alone');

-- A cancel reaches the owner in every state.
SELECT t.store('c' || i, '47' || i) FROM generate_series(1, 4) i;
SELECT t.claimed('box', 3);
SELECT t.move('box', 'c1', 3, '1 h');
SELECT t.move('box', 'c2', 1, '1 h');
SELECT is(t.looked_at('box'), NULL, 'before, nothing is due')
    FROM t.move('box', 'rollback', 8);
SELECT t.cancel('c1', 'c2', 'c3', 'c4');
SELECT is(t.status('c1'), 'AWAITING, cancelling', 'it is told of');
SELECT is(t.looked_at('box'), 'c1 c2 c3 c4', 'all are brought to it');
SELECT is(t.looked_at('box'), NULL, 'once');
SELECT t.cancel('c1', 'c2', 'c3', 'c4');
SELECT is(t.looked_at('box'), NULL, 'a repeated one is not');
SELECT t.move('box', 'c1', 8, code => 2000, cause => 'gone');
SELECT is(t.status('c1'), 'CANCELLED 2000 gone', 'CANCELLED');
SELECT t.cancel('c1');
SELECT is(t.status('c1'), 'CANCELLED 2000 gone', 'what has ended stays');

-- While it is lent, and before it is claimed, the word of it is kept.
SELECT t.store('lent', '4801', deadline => '1 min');
SELECT t.pass('lent', '61 s');
SELECT is(t.looked_at('box'), 'lent', 'lent for its deadline');
SELECT t.cancel('lent');
SELECT t.move('box', 'lent', 0);
SELECT is(t.looked_at('box'), 'lent', 'a cancel meanwhile is not lost');
SELECT is(cancel_requested, true, 'nor after that, should it be claimed')
    FROM live WHERE id = t.id('lent');

-- Too late: a segment is on the phone.
SELECT t.store('late', '4802', 2);
SELECT t.claimed('box');
SELECT t.outcome('box', 'late', 1, 1, 1, 'm1');
SELECT t.outcome('box', 'late', 1, 2, 2, 'm2');
SELECT t.move('box', 'late', 3, '1 h');
SELECT is(t.status('late'), 'AWAITING', 'accepted is not delivered');
SELECT t.receipt('box', 'm1');
SELECT is(t.status('late'), 'AWAITING, partly', 'one segment delivered');
SELECT t.cancel('late');
SELECT is(t.status('late'), 'AWAITING, partly', 'is not cancelled');
SELECT is(t.looked_at('box'), NULL, 'nor its owner told');

-- One that somebody holds now is left for the next call.
SELECT t.store('held', '4803');
\! (echo "BEGIN; SELECT 1 FROM convoy.live WHERE id = (SELECT groups[1] FROM convoy.push WHERE push_id = 'held') FOR UPDATE; SET application_name = 'holder'; SELECT pg_sleep(600);" | psql -qXAt >/dev/null 2>&1 &)
DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active'
                      AND application_name = 'holder') LOOP
        PERFORM pg_stat_clear_snapshot();
    END LOOP;
END $$;
SELECT t.cancel('held');
SELECT is(t.status('held'), 'QUEUED', 'what is locked is not waited for');
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE application_name = 'holder';
SELECT t.cancel('held');
SELECT is(t.status('held'), 'QUEUED, cancelling', 'but may be later');

-- A result that the retention took, while another group still lives.
DELETE FROM result WHERE concerns = push_digest('pi', 'many');
SELECT is((SELECT count(*) FROM push_status('pi', 'many')), 2::bigint,
    'a group without a record is left out');
SELECT * FROM finish();
SQL
