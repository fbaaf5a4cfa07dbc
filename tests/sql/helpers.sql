-- Single calls for the tests, out of the functions that take arrays. Groups
-- are named by their push-id: every push here has one group.
CREATE SCHEMA t;

CREATE FUNCTION t.id(name text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT groups[1] FROM convoy.push WHERE push_id = name
$$;

CREATE FUNCTION t.store(name text, receiver text, segments int DEFAULT 1,
    priority int DEFAULT 1, route text DEFAULT '', later interval DEFAULT NULL,
    deadline interval DEFAULT '1 day', notify text DEFAULT NULL,
    bits int DEFAULT 8)
RETURNS bool LANGUAGE sql AS $$
    SELECT code = 1001 FROM convoy.push_store(
        '{pi}', ARRAY[name], ARRAY[notify], '{NULL}', '{NULL}', '{}', '{}',
        '{1}',
        ARRAY['WAPPUSH=' || receiver || '/TYPE=PLMN'], ARRAY[receiver],
        ARRAY[route], '{sender}', '{service}', ARRAY[priority::smallint],
        ARRAY[convoy.moment_us(clock_timestamp() + later)],
        ARRAY[convoy.moment_us(clock_timestamp() + deadline)],
        ARRAY[segments::smallint], ARRAY[bits::smallint], '{"\\x0b8423f0"}',
        '{"\\x010203"}', '{extra}', '{}', '{}', 86400000000, 3600000000)
$$;

-- An instance with leases, and the number of its next batch.
CREATE TABLE t.counter (name text PRIMARY KEY, number bigint DEFAULT 0);

CREATE FUNCTION t.start(instance text, routes text[] DEFAULT '{""}')
RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO t.counter VALUES (instance);
    SELECT * FROM convoy.instance_start(instance, 'default', NULL, 0);
    SELECT count(*) FROM convoy.lease_renew(instance, routes, 15000000, '{}')
$$;

CREATE FUNCTION t.number(instance text) RETURNS bigint LANGUAGE sql AS $$
    UPDATE t.counter SET number = number + 1 WHERE name = instance
    RETURNING number
$$;

CREATE FUNCTION t.leases(instance text) RETURNS int[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM convoy.lease
    WHERE owner = instance
$$;

CREATE FUNCTION t.epochs(instance text) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(epoch ORDER BY id), '{}') FROM convoy.lease
    WHERE owner = instance
$$;

CREATE FUNCTION t.claim(instance text, max int DEFAULT 100)
RETURNS SETOF convoy.group_row LANGUAGE sql AS $$
    SELECT * FROM convoy.group_claim(t.leases(instance), t.epochs(instance),
                                     max)
$$;

CREATE FUNCTION t.adopt(instance text, max int DEFAULT 100)
RETURNS SETOF convoy.group_row LANGUAGE sql AS $$
    SELECT * FROM convoy.group_adopt(t.leases(instance), t.epochs(instance),
                                     max)
$$;

CREATE FUNCTION t.due(instance text, max int DEFAULT 100)
RETURNS SETOF convoy.group_row LANGUAGE sql AS $$
    SELECT * FROM convoy.group_due(t.leases(instance), t.epochs(instance),
                                   max)
$$;

-- What such a call returned, as push-ids in order.
CREATE FUNCTION t.names(ids bigint[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(p.push_id, ' ' ORDER BY i.no)
    FROM unnest(ids) WITH ORDINALITY i (id, no)
         JOIN convoy.push p ON p.groups[1] = i.id
$$;

CREATE FUNCTION t.claimed(instance text, max int DEFAULT 100)
RETURNS text LANGUAGE sql AS $$
    SELECT t.names(array_agg(id)) FROM t.claim(instance, max)
$$;

CREATE FUNCTION t.adopted(instance text) RETURNS text LANGUAGE sql AS $$
    SELECT t.names(array_agg(id ORDER BY id)) FROM t.adopt(instance)
$$;

CREATE FUNCTION t.looked_at(instance text) RETURNS text LANGUAGE sql AS $$
    SELECT t.names(array_agg(id ORDER BY id)) FROM t.due(instance)
$$;

-- One ledger row. Outcomes: 1 accepted, 2 refused, 4 delivered, ...
CREATE FUNCTION t.outcome(instance text, name text, outcome int,
    segment int DEFAULT 1, copy int DEFAULT 1, message text DEFAULT NULL,
    attempt int DEFAULT 1, code int DEFAULT NULL)
RETURNS SETOF bigint LANGUAGE sql AS $$
    SELECT * FROM convoy.group_batch(instance, t.number(instance),
        ARRAY[t.id(name)], ARRAY[segment::smallint], ARRAY[attempt::smallint],
        ARRAY[copy], ARRAY[outcome::smallint], '{smsc}', '{7}',
        ARRAY[message], ARRAY[code], '{NULL}', '{0}',
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')
$$;

-- One transition; returns whether it was accepted. The epoch, unless given,
-- is the one that the group was handed out with.
CREATE FUNCTION t.move(instance text, name text, state int,
    wait interval DEFAULT NULL, attempt int DEFAULT 1,
    new_attempt int DEFAULT NULL, aim int DEFAULT 0,
    closed bool DEFAULT false, cause text DEFAULT 'words', code int
    DEFAULT 1000, hold interval DEFAULT '0', epoch bigint DEFAULT NULL)
RETURNS bool LANGUAGE sql AS $$
    SELECT NOT EXISTS (SELECT FROM convoy.group_batch(
        instance, t.number(instance),
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
        ARRAY[t.id(name)],
        ARRAY[coalesce(epoch, (SELECT g.epoch FROM convoy.live g
                               WHERE g.id = t.id(name)), 0)],
        ARRAY[attempt::smallint], ARRAY[state::smallint],
        ARRAY[aim::smallint], ARRAY[coalesce(new_attempt, attempt)::smallint],
        ARRAY[closed], ARRAY[convoy.span_us(wait)], ARRAY[cause], ARRAY[code],
        ARRAY[convoy.span_us(hold)]))
$$;

-- One receipt; returns the groups lent, as push-ids.
CREATE FUNCTION t.receipt(instance text, message text, outcome int DEFAULT 4,
    smsc text DEFAULT 'smsc')
RETURNS text LANGUAGE sql AS $$
    SELECT t.names(array_agg(id)) FROM convoy.receipts(
        instance, t.number(instance), ARRAY[smsc], ARRAY[message],
        ARRAY[outcome::smallint], '{0}', '{raw}', '{0}')
$$;

CREATE FUNCTION t.state(name text) RETURNS text LANGUAGE sql AS $$
    SELECT state FROM convoy.group_view WHERE group_id = t.id(name)
$$;

-- The ledger of a group in a line: segment/copy outcome.
CREATE FUNCTION t.ledger(name text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(segment || '/' || copy || ' ' || outcome, ', '
                      ORDER BY id)
    FROM convoy.ledger_view WHERE group_id = t.id(name)
$$;

-- Lets time pass for one group.
CREATE FUNCTION t.pass(name text, span interval) RETURNS void
LANGUAGE sql AS $$
    UPDATE convoy.live
    SET deadline_at = deadline_at - span, due_at = due_at - span,
        look_at = look_at - span
    WHERE id = t.id(name)
$$;

-- Lets an instance's expiry pass, as if it had died.
CREATE FUNCTION t.die(box text) RETURNS void LANGUAGE sql AS $$
    UPDATE convoy.instance SET expires_at = '-infinity' WHERE name = box
$$;
