#!/bin/bash
# push_store: whole pushes, duplicates, times, new routes.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(22);

SELECT is(t.store('one', '4670', 3), true, 'a push is stored');
SELECT is(t.store('one', '4671', 1), false, 'the same push-id is a duplicate');
SELECT is(count(*), 1::bigint, 'nothing of a duplicate is written') FROM live;
SELECT is(count(*), 1::bigint, 'nor a body') FROM body;
SELECT is(state_name(state) || ' ' || ready, 'QUEUED true', 'it is ready')
    FROM live;

-- Four pushes in one call: a known one, one twice, one with two receivers.
CREATE TABLE answer AS SELECT * FROM push_store(
    '{pi,other,pi,pi}', '{one,one,two,two}', '{NULL,http://x/,NULL,NULL}',
    '{NULL,ref,NULL,NULL}', '{NULL,qos,NULL,NULL}', '{}', '{}', '{1,2,2,3,4}',
    '{a,b,c,d,e}', '{4670,4672,4673,4674,4675}', '{"",gold,gold,"",""}',
    '{s,s,s,s,s}', '{v,v,v,v,v}', '{1,2,0,1,1}', '{NULL,NULL,NULL,NULL,NULL}',
    '{NULL,NULL,NULL,NULL,NULL}', '{1,2,2,1,1}', '{8,16,16,8,8}',
    '{"\\x0b8423f0","\\x0b8423f0","\\x0b8423f0","\\x0b8423f0","\\x0b8423f0"}',
    '{"\\x01","\\x02","\\x03","\\x04","\\x05"}', '{NULL,x,NULL,NULL,NULL}',
    '{}', '{}', 3600000000, 60000000);
SELECT results_eq('SELECT push, code FROM answer ORDER BY push',
    $$VALUES (1, 2007), (2, 1001), (3, 1001), (4, 2007)$$,
    'each push is answered for; within one call the first counts');
SELECT is(count(*), 4::bigint, 'one old group, three new ones') FROM live;
SELECT is(cardinality(groups), 2, 'a push points to its groups')
    FROM push WHERE pi = 'other';
SELECT is(string_agg(b.address, ' ' ORDER BY i), 'b c', 'to both of them')
    FROM push p, unnest(groups) i JOIN body b ON b.group_id = i
    WHERE pi = 'other';
SELECT is(count(*), 1::bigint, 'the same push-id of another PI is another')
    FROM push WHERE pi = 'other' AND push_id = 'one';
SELECT is(deadline_at - stored_at, '1 hour', 'no deadline: the lifetime')
    FROM live l JOIN body b ON b.group_id = l.id WHERE address = 'b';
SELECT is(count(*), 32::bigint, 'a new route has leases') FROM lease
    WHERE route = 'gold';
SELECT is(l.shard, shard(g.receiver), 'a group is in its receiver''s shard')
    FROM live g JOIN lease l ON l.id = g.lease WHERE receiver = '4673';

SELECT t.store('later', '4676', later => '1 hour');
SELECT is(state_name(state) || ' ' || ready, 'DEFERRED false',
    'deliver-after in the future defers') FROM live
    WHERE id = t.id('later');
SELECT t.store('late', '4678', later => '3 days', deadline => NULL);
SELECT is(deadline_at - due_at, '1 day', 'and its lifetime begins then')
    FROM live WHERE id = t.id('late');
SELECT t.store('past', '4676', later => '-1 hour');
SELECT is(t.state('past'), 'QUEUED', 'one in the past does not');
SELECT t.store('far', '4677', deadline => '3000 years');
SELECT is(body_day, utc_day(clock_timestamp()) + 2,
    'a far deadline keeps its body in the last partition') FROM live
    WHERE id = t.id('far');
SELECT t.store('beyond', '4677', deadline => '200000 years');
SELECT is(extract(year FROM deadline_at), 9999::numeric,
    'a deadline out of reach is cut to the year 9999') FROM live
    WHERE id = t.id('beyond');

SELECT throws_ok($$SELECT * FROM push_store('{p}', '{bad}', '{NULL}',
    '{NULL}', '{NULL}', '{}', '{}', '{1,1}', '{a,a}', '{46,NULL}', '{"",""}', '{s,s}',
    '{v,v}', '{1,1}', '{NULL,NULL}', '{NULL,NULL}', '{1,1}', '{8,8}',
    '{"\\x00000000","\\x00000000"}', '{"\\x01","\\x01"}', '{NULL,NULL}', '{}',
    '{}', 1, 1)$$, '23502', NULL, 'a group that lacks something fails the call');
SELECT is(count(*), 0::bigint, 'and leaves nothing of its push') FROM push
    WHERE push_id = 'bad';

SELECT is(octet_length(push_digest('pi', repeat('x', 5000))), 16,
    'push-ids may be long');
SELECT isnt(push_digest('a', 'bc'), push_digest('ab', 'c'),
    'PI and push-id do not run together');
SELECT * FROM finish();
SQL
