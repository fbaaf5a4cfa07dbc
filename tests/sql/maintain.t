#!/bin/bash
# maintain_ahead, maintain_expired, partition_drop: what is made, what goes,
# what must stay.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(28);
SELECT t.start('box');
CREATE VIEW t.days AS SELECT parent, day - utc_day(clock_timestamp()) AS day
    FROM partition_list();
SELECT set_eq('SELECT * FROM t.days', $$SELECT p, d
    FROM unnest('{body,ledger,result,notified}'::text[]) p,
         generate_series(0, 3) d$$, 'today and three days ahead');
SELECT lives_ok('SELECT maintain_ahead()', 'twice is the same');
SELECT is(count(*), 16::bigint, 'indeed') FROM t.days;

-- A finished group of long ago, and one that still lives.
SELECT partition_add(p, utc_day(clock_timestamp()) - d)
    FROM unnest('{body,ledger,result,notified}'::text[]) p,
         unnest('{1,40,50}'::int[]) d;
SELECT is(count(*), 28::bigint, 'old partitions') FROM t.days;
SELECT t.store('old', '4601', notify => 'http://pi/');
SELECT t.store('living', '4602');
SELECT t.claimed('box');
SELECT t.outcome('box', n, 1, 1, 1, n) FROM unnest('{old,living}'::text[]) n;
SELECT t.move('box', 'old', 5);
SELECT t.move('box', 'living', 3, '30 d');
SELECT notify_done(ARRAY[id], ARRAY[tries], '{acknowledged}', '{0}', '{ok}')
    FROM notify_take('n', 1, 1, 1, '{}', '{}');
UPDATE push SET accepted_at = accepted_at - interval '40 days';
UPDATE result SET stored_at = stored_at - interval '40 days';
SELECT maintain_expired('30 days');
SELECT is(count(*), 2::bigint, 'a push that ended today can be asked about')
    FROM push;
SELECT maintain_expired('0 days');
SELECT is(count(*), 1::bigint, 'until its retention is over') FROM push;
INSERT INTO push (digest, accepted_at, pi, push_id, groups)
    SELECT concerns, stored_at, 'pi', 'old', ARRAY[group_id] FROM result;
UPDATE result SET ended_at = ended_at - interval '40 days';
UPDATE body SET day = utc_day(clock_timestamp()) - 40 WHERE group_id IN
    (t.id('old'), t.id('living'));
UPDATE ledger SET day = utc_day(clock_timestamp()) - 40;
UPDATE result SET day = utc_day(clock_timestamp()) - 40;
UPDATE live SET body_day = utc_day(clock_timestamp()) - 40,
    stored_day = utc_day(clock_timestamp()) - 40;
CREATE TABLE expired AS SELECT left(name, -9) || ' ' ||
    (to_date(right(name, 8), 'YYYYMMDD') - utc_day(clock_timestamp())) AS p
    FROM maintain_expired('30 days');
SELECT set_eq('TABLE expired', ARRAY['body -50', 'body -1', 'ledger -50',
    'result -50', 'result -40', 'notified -50', 'notified -40'],
    'old ones go, but none that a living group needs');
SELECT set_eq('SELECT push_id FROM push', '{living}'::text[],
    'so do old pushes, but none that lives');
SELECT t.move('box', 'living', 9);
SELECT set_has($$SELECT left(name, -9) FROM maintain_expired('30 days')$$,
    $$VALUES ('body'), ('ledger')$$, 'when it has ended they all may go');
SELECT is(count(*), 4::bigint, 'nothing is dropped by looking') FROM t.days
    WHERE day = -50;
SELECT is(count(*), 0::bigint, 'and so does its push') FROM push;
INSERT INTO push (digest, accepted_at, pi, push_id, groups) VALUES ('x',
    clock_timestamp() - interval '40 days', 'pi', 'untold', '{77}');
INSERT INTO notification (id, due_at, accepted_at, event_at, code, state,
    cause, url, pi, push_id, address) VALUES (77, now(), now(), now(), 1000,
    5, '', '', '', '', '');
SELECT maintain_expired('30 days');
SELECT is(count(*), 1::bigint, 'one that waits to be notified stays')
    FROM push;

SELECT lives_ok($$SELECT partition_drop(name) FROM maintain_expired(
    '30 days')$$, 'they are dropped');
SELECT is(count(*), 0::bigint, 'and gone') FROM t.days WHERE day < -1;
SELECT is(count(*), 4::bigint, 'today stays') FROM t.days WHERE day = 0;

-- Small things.
INSERT INTO reference_in_use VALUES (1, clock_timestamp() - interval '1 s',
    1, '4601'), (1, clock_timestamp() + interval '1 h', 2, '4601'),
    (1, NULL, 3, '4601');
INSERT INTO receipt_inbox VALUES ('s', 'old', 4, 0, NULL,
    clock_timestamp() - interval '3 d'), ('s', 'new', 4, 0, NULL,
    clock_timestamp());
INSERT INTO batch SELECT 'box', n FROM generate_series(2001, 4000) n;
SELECT maintain_ahead();
SELECT set_eq('SELECT reference FROM reference_in_use', '{2,3}'::int[],
    'references whose hold has passed go');
SELECT set_eq('SELECT message_id FROM receipt_inbox', '{new}'::text[],
    'so do receipts that nobody missed');
SELECT is(min(number) || ' ' || max(number), '3000 4000',
    'and batch numbers, but for the last thousand') FROM batch
    WHERE instance = 'box';

-- More than one call deletes.
INSERT INTO reference_in_use SELECT 1, '-infinity', n % 256, n
    FROM generate_series(1, 25000) n;
INSERT INTO batch SELECT 'box', n FROM generate_series(4001, 30000) n;
SELECT is(maintain_ahead(), true, 'a call leaves some of very much');
SELECT is(count(*), 5002::bigint, 'of references') FROM reference_in_use;
SELECT is(count(*), 7001::bigint, 'and of batch numbers') FROM batch
    WHERE instance = 'box';
SELECT is(maintain_ahead(), false, 'the next one deletes the rest');
SELECT is((SELECT count(*) FROM reference_in_use) || ' '
    || (SELECT min(number) || ' ' || max(number) FROM batch
        WHERE instance = 'box'), '2 29000 30000', 'and no more');

-- Instances of long ago.
INSERT INTO instance (name, started_at, expires_at) VALUES
    ('gone', clock_timestamp() - interval '500 days', '-infinity'),
    ('dormant', clock_timestamp() - interval '300 days', '-infinity');
INSERT INTO batch VALUES ('gone', 1), ('dormant', 1);
SELECT maintain_expired('30 days');
SELECT set_eq('SELECT name FROM instance', '{box,dormant}'::text[],
    'a box is remembered for a year and more');
SELECT is(count(*), 0::bigint, 'then forgotten') FROM batch
    WHERE instance = 'gone';

-- Without partitions, nothing is stored; the boxes make them at start.
SELECT partition_drop(name) FROM partition_list();
SELECT throws_ok($$SELECT t.store('new', '4609')$$, '23514', NULL,
    'without partitions nothing is stored');
SELECT maintain_ahead();
SELECT is(t.store('new', '4609'), true, 'with them it is');
SELECT is(count(*), 0::bigint, 'the parents have no rows of their own')
    FROM ONLY body;
SELECT * FROM finish();
SQL
