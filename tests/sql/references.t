#!/bin/bash
# Concatenation references: one group per receiver has each, until it ends and
# its hold has passed; with none free the group waits.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(16);
SELECT t.start('box');

-- Numbers follow the group's; a taken one is stepped over.
SELECT t.store('one', '4601', 2);
SELECT t.claimed('box');
SELECT is(reference::bigint, id % 256, 'the first choice is free') FROM live;
SELECT t.move('box', 'one', 1, '1 min', aim => 1);
SELECT t.pass('one', '1 min');
SELECT t.looked_at('box');
CREATE TABLE before AS SELECT reference FROM live;
SELECT t.claimed('box');
SELECT is(reference, (SELECT reference FROM before),
    'a retry has the same reference') FROM live;
INSERT INTO reference_in_use (receiver, reference, group_id)
    VALUES ('4602', (t.id('one') + 1) % 256, 0);
SELECT t.store('two', '4602', 2);
SELECT t.claimed('box');
SELECT is(reference::bigint, (t.id('one') + 2) % 256,
    'a taken one is left alone') FROM live WHERE id = t.id('two');
SELECT t.store('wide', '4603', 2, bits => 16);
SELECT t.claimed('box');
SELECT is(reference::bigint, t.id('wide') % 65536, 'sixteen bits are more')
    FROM live WHERE id = t.id('wide');

-- Held after the end.
SELECT t.move('box', 'wide', 5, hold => '1 h');
SELECT is(reference_find('4603', t.id('wide'), 65536)::bigint,
    (t.id('wide') + 1) % 65536, 'held after the end');
UPDATE reference_in_use SET free_after = free_after - interval '2 h'
    WHERE receiver = '4603';
SELECT is(reference_find('4603', t.id('wide'), 65536)::bigint,
    t.id('wide') % 65536, 'free when the hold has passed');
SELECT t.store('again', '4603', 2, bits => 16);
INSERT INTO reference_in_use (receiver, reference, group_id, free_after)
    SELECT '4603', t.id('again'), 0, clock_timestamp() - interval '1 s';
SELECT t.claimed('box');
SELECT is(group_id, t.id('again'), 'an expired row is taken over')
    FROM reference_in_use WHERE receiver = '4603'
    AND reference = t.id('again');
SELECT is(free_after, NULL, 'without an end') FROM reference_in_use
    WHERE receiver = '4603' AND reference = t.id('again');

-- None free.
INSERT INTO reference_in_use (receiver, reference, group_id)
    SELECT '4604', i, 0 FROM generate_series(0, 255) i;
SELECT t.store('full', '4604', 2);
SELECT t.store('next', '4604', 1);
SELECT is(t.claimed('box'), NULL, 'with none free the group waits');
SELECT is(state_name(state) || ' ' || holds, 'QUEUED true',
    'and keeps its turn') FROM live WHERE id = t.id('full');
SELECT is(tries::int, 0, 'unclaimed') FROM live WHERE id = t.id('full');
SELECT is(t.looked_at('box'), NULL, 'for some seconds');
SELECT t.pass('full', '6 s');
SELECT is(t.looked_at('box'), NULL, 'then it is tried again');
SELECT is(t.claimed('box'), NULL, 'in vain');
DELETE FROM reference_in_use WHERE receiver = '4604' AND reference = 77;
SELECT t.pass('full', '6 s');
SELECT t.looked_at('box');
SELECT is(t.claimed('box'), 'full', 'until one is free');
SELECT is(reference, 77, 'which it gets') FROM live WHERE id = t.id('full');
SELECT * FROM finish();
SQL
