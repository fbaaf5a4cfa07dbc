-- One step of a box that does anything that a box may do, at random. What it
-- has in memory is a table, which a crash empties.
CREATE TABLE t.box (client int PRIMARY KEY, name text);
CREATE TABLE t.memory (client int, id bigint, epoch bigint, receiver text,
    segments int, attempt int, state int, PRIMARY KEY (client, id));
CREATE TABLE t.crime (what text);
CREATE SEQUENCE t.serial;

CREATE FUNCTION t.routes(client int) RETURNS text[] LANGUAGE sql AS $$
    SELECT CASE client % 4 WHEN 0 THEN '{""}'::text[] WHEN 1 THEN '{gold}'
        ELSE '{"",gold}' END
$$;

-- A new instance; the old one, if any, has died.
CREATE FUNCTION t.birth(me int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    born text := 'box' || me || '-' || nextval('t.serial');
BEGIN
    UPDATE convoy.instance SET expires_at = '-infinity'
    WHERE name = (SELECT b.name FROM t.box b WHERE b.client = me);
    DELETE FROM t.memory WHERE client = me;
    INSERT INTO t.box VALUES (me, born)
    ON CONFLICT (client) DO UPDATE SET name = born;
    PERFORM t.start(born, t.routes(me));
END $$;

-- Takes groups into memory.
CREATE FUNCTION t.keep(me int, g convoy.group_row) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO t.memory VALUES (me, g.id, g.epoch, g.receiver, g.segments,
                                 g.attempt, g.state)
    ON CONFLICT (client, id) DO UPDATE
    SET epoch = g.epoch, attempt = g.attempt, state = g.state
$$;

-- A transition of a group in memory, with ledger rows for all its segments.
CREATE FUNCTION t.finish(me int, m t.memory, new_state int, accept bool)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    box text := (SELECT name FROM t.box WHERE client = me);
    n int := CASE WHEN accept THEN m.segments ELSE 0 END;
    refused bigint[];
BEGIN
    refused := ARRAY(SELECT * FROM convoy.group_batch(box, t.number(box),
        array_fill(m.id, ARRAY[n]), ARRAY(SELECT generate_series(1, n)
        ::smallint), array_fill(m.attempt::smallint, ARRAY[n]),
        ARRAY(SELECT nextval('t.serial')::int FROM generate_series(1, n)),
        array_fill(1::smallint, ARRAY[n]), array_fill('smsc'::text,
        ARRAY[n]), array_fill(1::bigint, ARRAY[n]),
        ARRAY(SELECT m.id || '/' || m.attempt || '/' || s
              FROM generate_series(1, n) s),
        array_fill(0, ARRAY[n]), array_fill(NULL::text, ARRAY[n]),
        array_fill(0::bigint, ARRAY[n]),
        ARRAY[m.id], ARRAY[m.epoch], ARRAY[m.attempt::smallint],
        ARRAY[new_state::smallint], ARRAY[CASE WHEN new_state = 1 THEN 1
        ELSE 0 END::smallint], ARRAY[m.attempt::smallint], '{f}',
        ARRAY[CASE WHEN new_state = 1 THEN 0 ELSE 3600000000 END],
        '{words}', '{1000}', '{0}'));
    IF new_state IN (2, 4) AND cardinality(refused) = 0 THEN
        UPDATE t.memory SET state = new_state
        WHERE client = me AND id = m.id;
    ELSE
        DELETE FROM t.memory WHERE client = me AND id = m.id;
    END IF;
END $$;

CREATE FUNCTION t.step(me int, storing bool) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    box text;
    m t.memory;
    g convoy.group_row;
    chance float := random();
    yielded int[];
BEGIN
    IF NOT EXISTS (SELECT FROM t.box WHERE client = me)
       OR storing AND random() < 0.01 THEN
        PERFORM t.birth(me);
    END IF;
    SELECT name INTO box FROM t.box WHERE client = me;

    IF chance < 0.2 AND storing THEN
        PERFORM t.store('p' || nextval('t.serial'), '46' ||
            floor(random() * 15), 1 + floor(random() * 3)::int,
            floor(random() * 3)::int, (ARRAY['', 'gold'])[1 +
            floor(random() * 2)::int], CASE WHEN random() < 0.1 THEN
            interval '10 ms' END, notify => 'http://pi/');
    ELSIF chance < 0.25 THEN
        SELECT array_agg(lease) FILTER (WHERE yielding) INTO yielded
        FROM convoy.lease_renew(box, t.routes(me), 15000000, '{}');
        DELETE FROM t.memory WHERE client = me AND id IN
            (SELECT l.id FROM convoy.live l WHERE l.lease = ANY (yielded));
        PERFORM convoy.lease_renew(box, t.routes(me), 15000000,
                                   coalesce(yielded, '{}'));
    ELSIF chance < 0.4 THEN
        FOR g IN SELECT * FROM t.claim(box, 5) LOOP
            IF g.state <> 2 THEN
                INSERT INTO t.crime VALUES ('claimed in state ' || g.state);
            END IF;
            PERFORM t.keep(me, g);
        END LOOP;
    ELSIF chance < 0.5 THEN
        FOR g IN SELECT * FROM t.adopt(box, 5) LOOP
            PERFORM t.keep(me, g);
        END LOOP;
    ELSIF chance < 0.6 THEN
        FOR g IN SELECT * FROM t.due(box, 5)
                 UNION ALL
                 SELECT r.* FROM (
                     SELECT e.message_id, e.smsc_id FROM convoy.ledger e
                     WHERE e.outcome = 1 ORDER BY random() LIMIT 1) e,
                     convoy.receipts(box, t.number(box), ARRAY[e.smsc_id],
                         ARRAY[e.message_id], ARRAY[(4 + (random() < 0.1)
                         ::int)::smallint], '{0}', '{r}', '{0}') r LOOP
            PERFORM t.keep(me, g);
            IF g.state NOT IN (2, 4) THEN
                SELECT * INTO m FROM t.memory
                WHERE client = me AND id = g.id;
                PERFORM t.finish(me, m, CASE WHEN random() < 0.7 THEN 5
                                             ELSE g.state END, false);
            END IF;
        END LOOP;
    ELSE
        SELECT * INTO m FROM t.memory WHERE client = me
        ORDER BY random() LIMIT 1;
        IF FOUND THEN
            PERFORM t.finish(me, m, (ARRAY[3, 3, 1, 5, 6, 4])
                [1 + floor(random() * 6)::int], random() < 0.8);
        END IF;
    END IF;

    INSERT INTO t.crime
    SELECT 'two to ' || l.receiver FROM convoy.live l
    WHERE l.state = 2 AND NOT l.parked
    GROUP BY l.receiver HAVING count(*) > 1;
END $$;

-- Time-outs of everything, and an end of what is parked.
CREATE FUNCTION t.hurry() RETURNS void LANGUAGE sql
SET search_path = convoy, pg_temp AS $$
    SELECT convoy.group_unpark(id) FROM convoy.live WHERE parked;
    UPDATE convoy.live SET look_at = least(look_at, clock_timestamp()),
        due_at = least(due_at, clock_timestamp())
    WHERE state IN (1, 3);
    UPDATE convoy.live SET look_at = due_at WHERE state = 1;
$$;
