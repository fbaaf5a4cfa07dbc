#!/bin/bash
# instance_start, lease_renew: even shares, handing over, death, orphans.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(45);
SELECT throws_ok($$SELECT * FROM lease_renew('nobody', '{""}', 1, '{}')$$,
    '55000', 'instance nobody is not started', 'who is not started has none');
SELECT throws_ok($$SELECT * FROM instance_start('x', 'wrong', NULL, 0)$$,
    'P0001', NULL, 'another deployment is refused');
SELECT matches(deployment_check('wrong'), 'deployment "default", not of'
    ' "wrong"', 'in words');
SELECT is(deployment_check('default'), NULL, 'the right one is not');
SELECT results_eq($$SELECT * FROM instance_start('a', 'default', NULL, 0)$$,
    $$SELECT 0::bigint, system_identifier::text, false, 0
      FROM pg_control_system()$$, 'an instance starts with batch 0');

CREATE FUNCTION t.renew(box text, routes text[] DEFAULT '{""}',
    release int[] DEFAULT '{}')
RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(
        format('%s:%s/%s/%s', r.route, r.n, r.fresh, r.yields), ' '), 'none')
    FROM (SELECT route, count(*) AS n, count(*) FILTER (WHERE fresh) AS fresh,
                 count(*) FILTER (WHERE yielding) AS yields
          FROM convoy.lease_renew(box, routes, CASE WHEN routes = '{}'
               THEN 0 ELSE 15000000 END, release)
          GROUP BY 1 ORDER BY 1) r
$$;

SELECT is(t.renew('a'), ':32/32/0', 'the first takes all shards');
SELECT is(t.renew('a'), ':32/0/0', 'and keeps them');
SELECT is(count(DISTINCT epoch), 32::bigint, 'each with an epoch') FROM lease;

-- A second one: half of them are handed over, in order.
SELECT instance_start('b', 'default', NULL, 0);
SELECT is(t.renew('b'), 'none', 'the second waits');
SELECT is(t.renew('a'), ':32/0/16', 'the first is asked to yield half');
CREATE TABLE given AS SELECT lease AS id, epoch FROM lease_renew('a', '{""}',
    15000000, '{}') WHERE yielding;
SELECT is(t.renew('a', release => (SELECT array_agg(id) FROM given)),
    ':16/0/0', 'it gives them back');
SELECT is(t.renew('b'), ':16/16/0', 'the second takes them');
SELECT is(count(*), 16::bigint, 'under new epochs') FROM given g
    JOIN lease l ON l.id = g.id AND l.epoch > g.epoch AND l.owner = 'b';
SELECT is(count(*), 0::bigint, 'given back in order') FROM lease
    WHERE NOT orderly;

-- Death.
SELECT t.die('a');
SELECT is(t.renew('b'), ':32/16/0', 'a dead one''s leases are taken');
SELECT is(count(*), 16::bigint, 'not in order') FROM lease WHERE NOT orderly;
SELECT is(t.renew('a'), 'none', 'coming back it finds them gone');
SELECT is(t.renew('b'), ':32/0/16', 'but gets its share');

-- The end in order; the last instance's expiry alone takes nothing away.
SELECT is(t.renew('b', '{}'), 'none', 'no routes: all given back');
SELECT is(t.renew('a'), ':32/32/0', 'at once');
SELECT is(count(*), 0::bigint, 'in order') FROM lease WHERE NOT orderly;
SELECT t.die('a');
SELECT is(t.renew('a'), ':32/0/0',
    'who is late but not replaced keeps its epochs');

-- A new instance of the same process.
SELECT set_eq($$SELECT held FROM instance_start('a2', 'default', NULL, 0, 0,
    'a')$$, '{f}'::bool[], 'a successor starts');
SELECT is(t.renew('b'), 'none', 'nobody can get between');
SELECT is(t.renew('a2'), ':32/0/16', 'it has all that was the other''s');
SELECT is(count(*), 32::bigint, 'under new epochs, in order') FROM lease
    WHERE orderly AND owner = 'a2' AND epoch > (SELECT max(g.epoch)
                                                FROM given g);
SELECT instance_start('a2', 'default', NULL, 0, 0, 'a');
SELECT is(t.renew('a2'), ':32/0/16', 'to say it twice changes nothing');
SELECT set_eq($$SELECT held FROM instance_start('a', 'default', NULL, 0, 0,
    'a2')$$, '{f}'::bool[], 'and back');
SELECT is(t.renew('b', '{}'), 'none', 'b leaves');

-- No link just now.
SELECT is(count(*), 32::bigint, 'who can send nothing and is alone')
    FROM lease_renew('a', '{}', 15000000, '{}') WHERE NOT yielding;
SELECT is(t.renew('b'), 'none', 'and when somebody can');
SELECT is(count(*), 32::bigint, 'it yields all')
    FROM lease_renew('a', '{}', 15000000, '{}') WHERE yielding;
SELECT is(t.renew('a'), ':32/0/16', 'until it can again');
SELECT is(t.renew('b', '{}'), 'none', 'b leaves again');

-- Routes.
SELECT is(t.renew('a', '{"",gold}'), ':32/0/0 gold:32/32/0',
    'a new route brings leases');
SELECT is(t.renew('b', '{gold,silver}'), 'silver:32/32/0',
    'each takes what its links can send');
SELECT is(t.renew('a', '{"",gold}'), ':32/0/0 gold:32/0/16',
    'and shares what both can');
SELECT is(t.renew('a', '{""}'), ':32/0/0 gold:32/0/32',
    'a route that it lost and another can send is to be yielded');
SELECT t.store('orphan', '4601', route => 'lead');
SELECT is(t.renew('a', '{""}', (SELECT array_agg(id) FROM lease
    WHERE route = 'gold')), ':32/0/0 lead:16/16/0',
    'a route that nobody can send is shared by all');
SELECT is(t.renew('b', '{gold,silver}'), 'gold:32/32/0 lead:16/16/0'
    ' silver:32/0/0', 'so that its groups expire');
SELECT instance_start('c', 'default', NULL, 0);
SELECT is(t.renew('c', '{lead}'), 'none', 'somebody who can send it');
SELECT is(t.renew('a', '{""}'), ':32/0/0 lead:16/0/16', 'gets all of it');

-- An old instance name again.
SELECT throws_ok($$SELECT * FROM group_batch('d', 1, '{}', '{}', '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', '{}')$$, '55000', NULL,
    'a batch needs a start');
SELECT group_batch('a', 7, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
    '{}', '{}');
SELECT is(batch, 7::bigint, 'an instance is told its last batch')
    FROM instance_start('a', 'default', NULL, 0);
SELECT is(count(*), 32::bigint, 'and keeps its leases') FROM lease
    WHERE owner = 'a' AND route = '';
SELECT * FROM finish();
SQL
