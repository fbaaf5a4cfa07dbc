#!/bin/bash
# receipts: matching, early, duplicate, late and foreign ones; which groups
# come back to the scheduler.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(38);
SELECT t.start('box');
SELECT t.start('other', '{gold}');

SELECT throws_ok($$SELECT * FROM receipts('nobody', 1, '{s}', '{m}', '{4}',
    '{0}', '{NULL}', '{0}')$$, '55000', 'instance nobody is not started',
    'an unknown instance is refused');

-- Two segments, delivered one after the other.
SELECT t.store('one', '4601', 2);
SELECT t.claimed('box');
SELECT t.outcome('box', 'one', 1, 1, 1, 'm1');
SELECT t.outcome('box', 'one', 1, 2, 2, 'm2');
SELECT t.move('box', 'one', 3, '1 hour');
SELECT is(t.receipt('box', 'm1'), NULL, 'one of two moves nothing');
SELECT is(t.receipt('box', 'm1'), NULL, 'nor does the same again');
SELECT is(t.receipt('box', 'm2'), 'one', 'the second brings the group back');
SELECT is(t.ledger('one'), '1/1 accepted, 2/2 accepted, 1/1 delivered,'
    ' 2/2 delivered', 'each is a row of its copy, a duplicate is none');
SELECT ok(look_at < clock_timestamp() + '11 s', 'the group is lent') FROM live;
SELECT is(t.looked_at('box'), NULL, 'to its owner, for some seconds');
SELECT t.pass('one', '11 s');
SELECT is(t.looked_at('box'), 'one', 'and lent again when it forgets it');
SELECT t.move('box', 'one', 5);
SELECT is(t.receipt('box', 'm2', 5), NULL, 'late news of an ended group');
SELECT matches(t.ledger('one'), '2/2 not delivered$', 'are on its ledger');

-- A repeated batch.
SELECT is_empty(format($$SELECT * FROM receipts('box', %s, '{smsc}', '{m1}',
    '{8}', '{0}', '{raw}', '{0}')$$, number), 'a repeated batch is empty')
    FROM t.counter WHERE name = 'box';
SELECT ok(t.ledger('one') !~ 'not final', 'and writes nothing');

-- Several in one call, a duplicate among them.
SELECT t.store('two', '4602', 2);
SELECT t.claimed('box');
SELECT t.outcome('box', 'two', 1, 1, 1, 'n1');
SELECT t.outcome('box', 'two', 1, 2, 2, 'n2');
SELECT t.move('box', 'two', 3, '1 hour');
CREATE TABLE got AS SELECT * FROM receipts('box', t.number('box'),
    '{smsc,smsc,smsc,smsc}', '{n1,n2,n1,zz}', '{8,4,4,4}', '{0,0,0,0}',
    '{a,b,c,d}', '{0,0,0,0}');
SELECT results_eq('SELECT id, state, h_segment, h_copy, h_outcome, h_code,
    h_smsc_id, h_message_id FROM got', $$VALUES (t.id('two'), 3::smallint,
    '{1,2,1,2,1}'::smallint[], '{1,2,1,2,1}'::int[],
    '{1,1,8,4,4}'::smallint[], '{-1,-1,0,0,0}'::int[],
    '{smsc,smsc,smsc,smsc,smsc}'::text[], '{n1,n2,n1,n2,n1}'::text[])$$,
    'a group comes back with its whole ledger');
SELECT is(count(*), 1::bigint, 'the unknown one waits in the inbox')
    FROM receipt_inbox;

-- Negative ones.
SELECT t.store('three', '4603', 3);
SELECT t.claimed('box');
SELECT t.outcome('box', 'three', 1, 1, 1, 'o1');
SELECT t.move('box', 'three', 3, '1 hour');
SELECT is(t.receipt('box', 'o1', 8), NULL, 'a state that is not final: no');
SELECT is(t.receipt('box', 'o1', 5), 'three', 'not delivered: at once');

-- Only this attempt's receipts complete it.
SELECT t.store('four', '4604');
SELECT t.claimed('box');
SELECT t.outcome('box', 'four', 1, 1, 1, 'p1');
SELECT t.move('box', 'four', 1, '1 hour', new_attempt => 2, aim => 1);
SELECT is(t.receipt('box', 'p1'), NULL, 'an earlier attempt''s is no end');
SELECT t.move('box', 'four', 1, '1 hour', attempt => 2, new_attempt => 1);
SELECT is(t.receipt('box', 'p1', 5), 'four', 'a DEFERRED group may move');

-- The same message id at another SMSC, and again at this one.
SELECT t.store('five', '4605');
SELECT t.claimed('box');
SELECT t.outcome('box', 'five', 1, 1, 1, 'm1');
SELECT t.move('box', 'five', 3, '1 hour');
SELECT is(t.receipt('box', 'm1', 4, 'elsewhere'), NULL, 'another SMSC''s');
SELECT is(t.receipt('box', 'm1'), 'five', 'the newest use of an id counts');

-- Before the answer.
SELECT t.store('early', '4606');
SELECT t.claimed('box');
SELECT is(t.receipt('box', 'e1'), NULL, 'a receipt before its answer');
SELECT is(t.ledger('early'), NULL, 'is nobody''s yet');
SELECT t.outcome('box', 'early', 1, 1, 1, 'e1');
SELECT is(t.ledger('early'), '1/1 accepted, 1/1 delivered',
    'the answer fetches it');
SELECT is(t.looked_at('box'), 'early', 'and its owner is told');
SELECT is(count(*), 0::bigint, 'once') FROM receipt_inbox
    WHERE message_id = 'e1';
SELECT t.store('again', '4611');
SELECT t.claimed('box');
SELECT t.receipt('box', 'e3');
UPDATE receipt_inbox SET at = at - interval '16 min' WHERE message_id = 'e3';
SELECT t.outcome('box', 'again', 1, 1, 1, 'e3');
SELECT is(t.ledger('again'), '1/1 accepted',
    'one of long before is about another message');
SELECT is(count(*), 1::bigint, 'and stays') FROM receipt_inbox
    WHERE message_id = 'e3';
SELECT t.move('box', 'again', 5);
SELECT t.store('early2', '4607');
SELECT t.claimed('box');
SELECT t.receipt('box', 'e2');
SELECT is_empty(format($$SELECT * FROM group_batch('box', %s,
    ARRAY[t.id('early2')], '{1}', '{1}', '{1}', '{1}', '{smsc}', '{7}',
    '{e2}', '{NULL}', '{NULL}', '{0}', ARRAY[t.id('early2')],
    ARRAY[(SELECT epoch FROM live WHERE id = t.id('early2'))], '{1}', '{3}',
    '{0}', '{1}', '{f}', '{60000000}', '{NULL}', '{NULL}', '{NULL}')$$,
    t.number('box')), 'also if that batch lets go of the group');
SELECT is(t.looked_at('box'), 'early2', 'its owner is told');

-- Through another box, or of a group in memory.
SELECT t.store('six', '4608', route => 'gold');
SELECT t.store('seven', '4609');
SELECT t.claimed('box') UNION ALL SELECT t.claimed('other');
SELECT t.outcome('other', 'six', 1, 1, 1, 's1');
SELECT t.outcome('box', 'seven', 1, 1, 1, 's2');
SELECT t.move('other', 'six', 3, '1 hour');
SELECT is(t.receipt('box', 's1'), NULL, 'another box''s group is not lent');
SELECT is(t.looked_at('other'), 'six', 'its owner is told');
SELECT is(t.receipt('box', 's2'), NULL, 'nor one in the owner''s memory');
SELECT is(t.looked_at('box'), 'seven', 'which is told, too');
SELECT is(t.state('seven'), 'SENDING', 'and goes on');

-- One through another box, the last one by the owner, who had just given the
-- group back.
SELECT t.store('eight', '4610', 2, route => 'gold');
SELECT t.claimed('other');
SELECT t.outcome('other', 'eight', 1, 1, 1, 'u1');
SELECT t.outcome('other', 'eight', 1, 2, 2, 'u2');
SELECT t.move('other', 'eight', 3, '1 hour');
SELECT t.receipt('box', 'u1');
SELECT is(t.looked_at('other'), NULL, 'one of two is no news');
SELECT t.outcome('other', 'eight', 4, 2, 2, 'u2');
SELECT is(t.looked_at('other'), 'eight', 'the last one is');

-- The last one comes while the group is lent to its owner.
SELECT t.store('nine', '4611', 2, route => 'gold');
SELECT t.claimed('other');
SELECT t.outcome('other', 'nine', 1, 1, 1, 'v1');
SELECT t.outcome('other', 'nine', 1, 2, 2, 'v2');
SELECT t.move('other', 'nine', 3, '1 hour');
SELECT t.receipt('box', 'v1');
UPDATE live SET look_at = clock_timestamp() WHERE id = t.id('nine');
SELECT is(t.looked_at('other'), 'nine', 'lent with one receipt');
SELECT t.receipt('box', 'v2');
SELECT t.move('other', 'nine', 3, '1 hour');
SELECT is(t.looked_at('other'), 'nine', 'and shown again with both');
SELECT * FROM finish();
SQL
