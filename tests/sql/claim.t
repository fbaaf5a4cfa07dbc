#!/bin/bash
# group_claim: order, one group a receiver, who waits and who is let go on,
# what a claim hands over, fenced leases, cursors and sweeps.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(39);
SELECT t.start('box');

SELECT is(t.claimed('box'), NULL, 'nothing queued, nothing claimed');
SELECT t.store('low', '4601', priority => 0);
SELECT t.store('first', '4602');
SELECT t.store('second', '4603');
SELECT t.store('high', '4604', priority => 2);
SELECT t.store('later', '4605', later => '1 hour');
SELECT is(t.claimed('box', 3), 'high first second',
    'by priority, then age, no more than asked');
SELECT is(t.claimed('box'), 'low', 'then the rest, but nothing deferred');
SELECT is(state_name(state) || ' ' || holds || ' ' || tries,
    'SENDING true 1', 'a claimed group is sent and holds its receiver')
    FROM live WHERE id = t.id('high');
SELECT is(attempt::int, 1, 'claiming counts no attempt') FROM live
    WHERE id = t.id('high');

-- What comes with it.
SELECT t.store('whole', '4610', 3, 2, bits => 16);
CREATE TABLE got AS SELECT * FROM t.claim('box');
SELECT results_eq('SELECT id, receiver, route, sender, service, priority,
    state, aim, attempt, closed, takeovers, segments, concat_bits, ports,
    payload, extra FROM got',
    $$VALUES (t.id('whole'), '4610', '', 'sender', 'service', 2::smallint,
    2::smallint, 0::smallint, 1::smallint, false, 0::smallint, 3::smallint,
    16::smallint, '\x0b8423f0'::bytea, '\x010203'::bytea, 'extra')$$,
    'a claim hands over all that is needed to send');
SELECT is(g.epoch, l.epoch, 'with the epoch of the lease') FROM got g
    JOIN lease l ON l.id = g.lease;
SELECT ok(deadline_in_us BETWEEN 86390000000 AND 86400000000,
    'the deadline counts from now') FROM got;
SELECT is(h_segment, '{}', 'there is no ledger yet') FROM got;
SELECT ok(reference BETWEEN 0 AND 65535, 'a reference was taken') FROM got;
SELECT is(reference, NULL, 'a group of one segment takes none') FROM live
    WHERE id = t.id('high');

-- One group at a time per receiver.
SELECT t.store('a1', '4620');
SELECT t.store('a2', '4620');
SELECT t.store('a3', '4620', priority => 2);
SELECT t.store('b1', '4621');
SELECT is(t.claimed('box'), 'a3 b1', 'never two of one receiver in a claim');
SELECT is(t.claimed('box'), NULL, 'none whose receiver is held');
SELECT is(count(*), 2::bigint, 'they wait out of the ready index') FROM live
    WHERE receiver = '4620' AND waiting;
SELECT t.store('a4', '4620', priority => 2);
SELECT is(t.claimed('box'), NULL, 'whoever comes later waits, too');
SELECT t.move('box', 'a3', 3, '1 hour');
SELECT is(t.claimed('box'), 'a4', 'AWAITING lets go: priority is next');
SELECT t.move('box', 'a4', 6);
SELECT is(t.claimed('box'), 'a1', 'a final state lets go: age is next');
SELECT t.move('box', 'a1', 4, aim => 1);
SELECT is(t.claimed('box'), NULL, 'ROLLBACK holds on');
SELECT t.move('box', 'a1', 1, '1 hour');
SELECT is(t.claimed('box'), 'a2', 'DEFERRED lets go');
SELECT t.move('box', 'a3', 5);
SELECT is(holds, true, 'the end of one that held nothing frees nothing')
    FROM live WHERE id = t.id('a2');
SELECT t.move('box', 'a2', 0);
SELECT is(t.claimed('box'), 'a2', 'a group may be queued again');

-- A waiting head that ends by itself lets the next one go on.
SELECT t.store('c1', '4630');
SELECT t.claimed('box');
SELECT t.store('c2', '4630', deadline => '1 minute');
SELECT t.store('c3', '4630');
SELECT t.claimed('box');
SELECT t.move('box', 'c1', 5);
SELECT is(string_agg(p.push_id, ' '), 'c2', 'c2 is next') FROM live l
    JOIN push p ON p.groups[1] = l.id WHERE l.ready;
SELECT t.pass('c2', '1 hour');
SELECT is(t.claimed('box'), NULL, 'past its deadline nothing is claimed');
SELECT is(t.looked_at('box'), 'c2', 'it is its owner''s to end');
SELECT t.move('box', 'c2', 7);
SELECT is(t.claimed('box'), 'c3', 'then c3 goes on');

-- A busy receiver's groups do not stand before those of its shard for long.
SELECT t.store('h' || i, '4635') FROM generate_series(1, 400) i;
SELECT t.store('other', (SELECT '47' || n FROM generate_series(1, 9999) n
    WHERE shard('47' || n) = shard('4635') LIMIT 1));
SELECT is(t.claimed('box', 16), 'h1', 'the first of many to one receiver');
SELECT is(t.claimed('box', 16), 'other', 'the others do not hold up a shard');
SELECT t.move('box', 'other', 5);
SELECT t.move('box', 'h1', 5);
SELECT is(t.claimed('box', 16), 'h2', 'and come in their order');
DELETE FROM live WHERE receiver = '4635';

-- Fenced leases.
SELECT t.store('d1', '4640');
SELECT is(count(*), 0::bigint, 'an epoch that is over claims nothing')
    FROM group_claim(t.leases('box'),
        ARRAY(SELECT e - 1 FROM unnest(t.epochs('box')) e), 10);
SELECT is(count(*), 0::bigint, 'a lease not named yields nothing')
    FROM group_claim(ARRAY(SELECT l FROM unnest(t.leases('box')) l
                           WHERE l <> (SELECT lease FROM live
                                       WHERE id = t.id('d1'))),
        ARRAY(SELECT epoch FROM lease WHERE owner = 'box' AND id <>
              (SELECT lease FROM live WHERE id = t.id('d1')) ORDER BY id),
        10);
SELECT is(t.claimed('box'), 'd1', 'the right one does');

-- A route that nobody can send: its lease is held, its groups are left.
SELECT t.store('o1', '4645', route => 'lead', deadline => '1 hour');
SELECT lease_renew('box', '{""}', 15000000, '{}');
SELECT is(t.claimed('box'), NULL, 'what cannot be sent is not claimed');
SELECT t.pass('o1', '2 hours');
SELECT is(t.looked_at('box'), 'o1', 'but expires');
SELECT t.move('box', 'o1', 7);

-- Cursors: a group that became ready behind the cursor's back.
CREATE FUNCTION t.sweep_in(span interval) RETURNS text LANGUAGE sql AS $$
    SELECT set_config('convoy.sweep_next', moment_us(clock_timestamp()
        + span)::text, false) $$;
SELECT t.store('e1', '4650');
SELECT t.store('e2', '4650', deadline => '2 days');
UPDATE live SET ready = false WHERE id = t.id('e1');
SELECT t.sweep_in('0');
SELECT is(t.claimed('box'), 'e2', 'the cursor moves behind what is claimed');
SELECT t.move('box', 'e2', 5);
UPDATE live SET ready = true WHERE id = t.id('e1');
SELECT t.sweep_in('1 hour');
SELECT is(t.claimed('box'), NULL, 'and hides what is older');
SELECT t.sweep_in('0');
SELECT is(t.claimed('box'), 'e1', 'until a sweep');
SELECT ok(current_setting('convoy.sweep_next')::bigint
    < moment_us(clock_timestamp() + '5 s'), 'which come often');

-- Cursors follow what the functions make ready themselves.
SELECT t.store('f1', '4660');
SELECT t.store('f2', '4660');
SELECT t.store('f3', '4661');
SELECT t.sweep_in('1 hour');
SELECT is(t.claimed('box'), 'f1 f3', 'f2 is behind the cursor');
SELECT t.move('box', 'f1', 5);
SELECT is(t.claimed('box'), 'f2', 'and is found without a sweep');
SELECT * FROM finish();
SQL
