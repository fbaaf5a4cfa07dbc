#!/bin/bash
# push_store: addresses that are refused at once, and pushes that replace
# others.
exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(37);
SELECT t.start('box');

-- A push of one PI to receivers; refused: PAP codes, NULL for good ones.
CREATE FUNCTION t.push(name text, receivers text[], replaces text DEFAULT NULL,
    pending_only bool DEFAULT false, refused int[] DEFAULT '{}',
    priority int DEFAULT 1, later interval DEFAULT NULL, pi text DEFAULT 'pi')
RETURNS int LANGUAGE sql AS $$
    SELECT s.code FROM (SELECT ARRAY[cardinality(receivers)] AS a) n,
        convoy.push_store(
        ARRAY[pi], ARRAY[name], '{http://pi/}', '{NULL}', '{NULL}',
        ARRAY[replaces], ARRAY[pending_only], array_fill(1, a),
        ARRAY(SELECT 'to ' || r FROM unnest(receivers) r), receivers,
        array_fill(''::text, a), array_fill('s'::text, a),
        array_fill('v'::text, a), array_fill(priority::smallint, a),
        array_fill(convoy.moment_us(clock_timestamp() + later), a),
        array_fill(NULL::bigint, a),
        array_fill(1::smallint, a), array_fill(8::smallint, a),
        array_fill('\x0b8423f0'::bytea, a), array_fill('\x01'::bytea, a),
        array_fill(NULL::text, a), refused,
        ARRAY(SELECT 'why ' || c FROM unnest(refused) c),
        86400000000, 3600000000) s
$$;

-- What became of the push: receiver state, ..., in the order of its groups.
CREATE FUNCTION t.groups(name text, initiator text DEFAULT 'pi') RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(v.receiver || ' ' || v.state
                      || CASE WHEN v.waiting THEN ' waits' ELSE '' END
                      || coalesce(' ' || v.code, ''), ', ' ORDER BY i.no)
    FROM convoy.push p, unnest(p.groups) WITH ORDINALITY i (id, no),
         convoy.group_view v
    WHERE p.push_id = name AND p.pi = initiator AND v.group_id = i.id
$$;

-- The receivers of the groups that the owner is given.
CREATE FUNCTION t.claims() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(receiver, ' ' ORDER BY id) FROM t.claim('box')
$$;
CREATE FUNCTION t.dues() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(receiver || ' ' || cancel_requested, ' ' ORDER BY id)
    FROM t.due('box')
$$;
-- The first group of `name` moves to a state.
CREATE FUNCTION t.ends(name text, state int) RETURNS bool LANGUAGE sql AS $$
    SELECT t.move('box', name, state)
$$;

-- --- refused addresses ------------------------------------------------------

SELECT is(t.push('mixed', '{1,"",2}', refused => '{NULL,2002,NULL}'), 1001,
    'a push with one bad address is stored');
SELECT is(t.groups('mixed'), '1 QUEUED,  REJECTED 2002, 2 QUEUED',
    'the bad one ends at once');
SELECT is(count(*), 2::bigint, 'and never is in the queue') FROM live;
SELECT is(count(*), 2::bigint, 'nor has it a body') FROM body;
SELECT is(r.cause || ' ' || r.address, 'why 2002 to ', 'its result has words')
    FROM result r;
SELECT is(n.cause || ' ' || n.address || ' ' || n.push_id || ' ' || n.url
    || ' ' || state_name(n.state), 'why 2002 to  mixed http://pi/ REJECTED',
    'its PI is to be notified') FROM notification n;
SELECT is(t.push('mixed', '{1,"",2}', refused => '{NULL,2002,NULL}'), 2007,
    'stored again it is known');
SELECT is(count(*), 1::bigint, 'and nothing is refused twice') FROM result;
SELECT is(t.claims(), '1 2', 'the good ones are sent');

-- --- replacing all ----------------------------------------------------------

SELECT is(t.push('new', '{8}', 'nothing'), 2004,
    'what is not known cannot be replaced');
SELECT t.push('other', '{8}', pi => 'other');
SELECT is(t.push('new', '{8}', 'other'), 2004, 'nor what is another PI''s');
SELECT is(t.groups('new'), NULL, 'nothing is stored then');
SELECT t.push('old', '{3,4,5}');
SELECT is(t.push('new', '{4,6,7}', 'old', priority => 2), 1001,
    'a push replaces another');
SELECT is(t.groups('new'), '4 QUEUED waits, 6 QUEUED, 7 QUEUED',
    'it waits where the other is');
SELECT is(string_agg(receiver || ' ' || ready, ' ' ORDER BY id),
    '3 true 4 true 5 true', 'all of that is to be cancelled') FROM live
    WHERE cancel_requested;
SELECT is(t.push('new', '{4,6,7}', 'old'), 2007,
    'stored again it is known, however old what it replaces');
SELECT is(t.dues(), '3 true 4 true 5 true', 'its owner hears of it');
SELECT is(t.claims(), '8 6 7', 'meanwhile nothing goes to that phone');
UPDATE live SET look_at = NULL;
SELECT is(t.move('box', 'old', 8, cause => 'cancelled'), true, 'one has ended');
SELECT is(t.claims(), NULL, 'the others have not');
CREATE TABLE second AS SELECT groups[2] AS id FROM push WHERE push_id = 'old';
SELECT is(count(receiver_free(group_end(ARRAY[ROW(id, 8, 1000, 'x', 0)::ending]))),
    1::bigint, 'the next') FROM second;
SELECT is(t.claims(), '4', 'frees its phone for what replaces it');

-- --- replacing what is pending ----------------------------------------------

SELECT t.push('first', '{10,11,12}');
SELECT t.claims();
SELECT t.ends('first', 5);
SELECT is(t.push('vain', '{10,13}', 'first', true), 2008,
    'pending for none of its addresses, nothing is replaced');
SELECT is(t.groups('vain'), NULL, 'or stored');
SELECT is(count(*), 0::bigint, 'or cancelled') FROM live
    WHERE cancel_requested AND receiver IN ('10', '11', '12');
SELECT is(t.push('vain', '{10}'), 1001, 'the push-id can be used');
SELECT is(t.push('late', '{10,11,13,""}', 'first', true,
    '{NULL,NULL,NULL,2002}'), 1001, 'pending for one of them');
SELECT is(t.groups('late'), '10 REJECTED 2008, 11 QUEUED waits,'
    ' 13 REJECTED 2008,  REJECTED 2002', 'that one gets it');
SELECT is(string_agg(receiver, ' ' ORDER BY id), '11 12',
    'all that was pending is to be cancelled') FROM live
    WHERE cancel_requested AND receiver IN ('10', '11', '12');
SELECT is(count(*), 3::bigint, 'its PI is told of the others')
    FROM notification WHERE push_id = 'late';

-- --- replacing what is parked -----------------------------------------------

SELECT t.push('stuck', '{15,16}');
SELECT t.claims();
UPDATE live SET parked = true, holds = false WHERE receiver = '15';
SELECT is(t.push('fix', '{15,16}', 'stuck', true), 1001, 'what is parked is'
    ' pending');
SELECT is(t.groups('fix'), '15 QUEUED, 16 QUEUED waits',
    'but not waited for');
SELECT is(t.claims(), '15', 'so the new one is sent');
SELECT is(group_unpark(t.id('stuck')), true, 'unparked later');
SELECT is(cancel_requested AND ready, true, 'the old one is to be cancelled')
    FROM live WHERE id = t.id('stuck');

-- --- with times -------------------------------------------------------------

SELECT t.push('soon', '{20}', later => '1 hour');
SELECT t.push('later', '{20}', 'soon', later => '2 hours');
SELECT is(t.groups('later'), '20 DEFERRED', 'one that is for later waits for'
    ' its time');
SELECT t.pass('soon', '1 hour');
SELECT t.dues();
SELECT is(t.state('soon'), 'DEFERRED', 'one whose time has come is cancelled'
    ' all the same');
SELECT * FROM finish();
SQL
