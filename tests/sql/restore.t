#!/bin/bash
# A database that was restored from a backup, or copied to another cluster.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(27);
SELECT t.start('a');
SELECT t.store('before', '4601', 2, notify => 'http://pi/');
SELECT t.store('waiting', '4601');
SELECT t.store('deferred', '4602', later => '1 h');
SELECT t.claimed('a');
SELECT t.outcome('a', 'before', 1, 1, 1, 'm1');

SELECT is(held, false, 'what the database knows is no restore')
    FROM instance_start('b', 'default', 'a', 1);
SELECT is(held, false, 'nor is a box without memory')
    FROM instance_start('c', 'default', NULL, 0);
SELECT throws_ok('SELECT restore_accept()', 'P0001', NULL,
    'there is nothing to accept');
SELECT is(count(*), 3::bigint, 'and nothing ends') FROM live;

-- It could not write its file for long, and what it says there has expired.
INSERT INTO instance (name) VALUES ('long');
INSERT INTO batch (instance, number) VALUES ('long', 3002), ('long', 3003);
SELECT is(held, false, 'nor is one whose memory is old')
    FROM instance_start('long2', 'default', 'long', 2001);

SELECT is(held, true, 'a box that knows a later batch holds the queue')
    FROM instance_start('d', 'default', 'a', 2);
SELECT is(held, true, 'for every box') FROM instance_start('e', 'default',
    NULL, 0);
SELECT is(count(*), 0::bigint, 'there are no leases')
    FROM lease_renew('e', '{""}', 15000000, '{}');
SELECT is(held, true, 'as the view says') FROM deployment_view;
SELECT is(t.store('after', '4603'), true, 'pushes are stored all the same');
SELECT is(restore_accept(), 3::bigint, 'accepting ends what was there');
SELECT set_eq('SELECT state FROM result_view', '{UNKNOWN}'::text[],
    'unknown: it may have been sent');
SELECT is(count(*), 3::bigint, 'each once') FROM result;
SELECT is(push_id, 'before', 'who asked is told') FROM notification;
SELECT t.die('a');
SELECT is(count(*), 32::bigint, 'leases are given again')
    FROM lease_renew('e', '{""}', 15000000, '{}');
SELECT is(t.claimed('e'), 'after', 'and what came after goes on');
SELECT is(held, false, 'an instance unknown to the backup is forgiven')
    FROM instance_start('f', 'default', NULL, 0);
SELECT set_eq($$SELECT held, restores FROM instance_start('h', 'default',
    'a', 2, 0)$$, $$VALUES (false, 1)$$, 'so is one that was down meanwhile');
SELECT is(held, true, 'but not one that has seen more since')
    FROM instance_start('i', 'default', 'a', 2, 1);
SELECT is(restore_accept(), 1::bigint, 'which is accepted, too');
SELECT is(t.store('later', '4604'), true, 'and another push comes');

-- A later batch does not hide the loss of an earlier one.
INSERT INTO batch VALUES ('e', 2), ('e', 3);
SELECT is(held, false, 'this very batch') FROM instance_start('j', 'default',
    'e', 2, 2);
SELECT is(held, true, 'and no other') FROM instance_start('k', 'default',
    'e', 1, 2);
UPDATE setting SET held = false, held_group = NULL;

-- A copy on another cluster.
UPDATE setting SET system_identifier = '1';
SELECT matches(deployment_check('default'), 'copy from another cluster.*'
    'convoyctl accept-restore', 'a copy is refused, with the cure');
SELECT throws_ok($$SELECT * FROM instance_start('g', 'default', NULL, 0)$$,
    'P0001', NULL, 'at the start of an instance');
SELECT is(restore_accept(), 1::bigint, 'accepting ends all that is in it');
SELECT is(deployment_check('default'), NULL, 'and makes it the original');
SELECT * FROM finish();
SQL
