#!/bin/bash
# What a call costs must not depend on how much is queued, nor on statistics:
# counts the pages that each of the hot functions touches, per group, before
# 20,000 groups, with plans made when the tables were empty, with plans made
# from fresh statistics, and under a transaction elsewhere that keeps VACUUM
# from removing anything.
CLUSTER_OPTIONS='-c autovacuum=off' exec "${0%/*}/pgtap" <<'SQL'
SELECT plan(33);
SELECT t.start('box');

-- n groups of three segments to n receivers, in one call.
CREATE FUNCTION t.many(n int, tag text) RETURNS text LANGUAGE sql AS $$
    SELECT format('push_store(%L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L,
        %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, 86400000000, 3600000000)',
        array_fill('pi'::text, a), array_agg(tag || i),
        array_fill('http://pi/'::text, a), array_fill(NULL::text, a),
        array_fill(NULL::text, a), array_fill(NULL::text, a),
        array_fill(false, a), array_agg(i),
        array_fill('address'::text, a), array_agg('46' || tag || i),
        array_fill(''::text, a), array_fill('s'::text, a),
        array_fill('v'::text, a), array_agg(i % 3),
        array_fill(NULL::bigint, a), array_fill(NULL::bigint, a),
        array_fill(3, a), array_fill(8, a),
        array_fill('\x0b8423f0'::bytea, a), array_fill('\x01'::bytea, a),
        array_fill(NULL::text, a), array_fill(NULL::int, a),
        array_fill(NULL::text, a))
    FROM generate_series(1, n) i, (SELECT ARRAY[n] AS a) a
    GROUP BY a
$$;

CREATE FUNCTION t.explain(call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM ' || call
    INTO plan;
    RETURN (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint
           + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
END $$;

-- Pages a group, to be compared with a bound.
CREATE FUNCTION t.costs(call text, n int, bound int, name text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    pages bigint := t.explain(call);
BEGIN
    IF current_setting('t.quiet', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RETURN cmp_ok(pages / n, '<=', bound::bigint, name || ': '
                  || pages / n || ' pages a group');
END $$;

CREATE FUNCTION t.batch(name text, ids bigint[], epochs bigint[], segments
    int, state int) RETURNS text LANGUAGE sql AS $$
    SELECT format('group_batch(%L, %s, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L,
        %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L)',
        name, t.number(name), array_agg(r.id), array_agg(r.n),
        array_fill(1, r.a), array_agg(r.n), array_fill(1, r.a),
        array_fill('smsc'::text, r.a), array_fill(7, r.a),
        array_agg(r.id || '-' || r.n), array_fill(0, r.a),
        array_fill(NULL::text, r.a), array_fill(0, r.a),
        ids, epochs, array_fill(1, r.b), array_fill(state, r.b),
        array_fill(0, r.b), array_fill(1, r.b), array_fill(false, r.b),
        array_fill(3600000000, r.b), array_fill('words'::text, r.b),
        array_fill(1000, r.b), array_fill(0, r.b))
    FROM (SELECT i AS id, n, ARRAY[cardinality(ids) * segments] AS a,
                 ARRAY[cardinality(ids)] AS b
          FROM unnest(ids) i, generate_series(1, greatest(segments, 0)) n
          UNION ALL
          SELECT NULL, NULL, '{0}', ARRAY[cardinality(ids)]
          WHERE segments = 0) r
    WHERE r.id IS NOT NULL OR segments = 0
    GROUP BY r.a, r.b
$$;

-- The life of a hundred groups, and of a cancel of each.
CREATE FUNCTION t.life(tag text, cancels bool DEFAULT true) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
    epochs bigint[];
    scope text := format('%L, %L', t.leases('box'), t.epochs('box'));
BEGIN
    RETURN NEXT t.costs(t.many(100, tag), 100, 60, tag || ' store');
    RETURN NEXT t.costs(format('group_claim(%s, 100)', scope), 100, 80,
                        tag || ' claim');
    SELECT array_agg(id), array_agg(epoch) INTO ids, epochs FROM live
    WHERE state = 2;
    RETURN NEXT t.costs(t.batch('box', ids, epochs, 3, 3),
                        cardinality(ids), 80, tag || ' ledger, AWAITING');
    RETURN NEXT t.costs(format('group_due(%s, 100)', scope), 100, 10,
                        tag || ' nothing due');
    RETURN NEXT t.costs(format('group_adopt(%s, 100)', scope), 100, 10,
                        tag || ' nothing to adopt');
    PERFORM push_status('pi', tag || 1);        -- which makes its plan
    RETURN NEXT t.costs(format('push_status(''pi'', %L)', tag || 1), 1, 80,
                        tag || ' status');
    IF cancels THEN
        RETURN NEXT t.costs(format('push_cancel(%L)', ids), cardinality(ids),
                            50, tag || ' cancel');
    END IF;
    RETURN NEXT t.costs((SELECT format('receipts(''box'', %s, %L, %L, %L, %L,
        %L, %L)', t.number('box'), array_fill('smsc'::text, a),
        array_agg(i || '-' || n), array_fill(4, a), array_fill(0, a),
        array_fill('raw'::text, a), array_fill(0, a))
        FROM unnest(ids) i, generate_series(1, 3) n,
             (SELECT ARRAY[3 * cardinality(ids)] AS a) a GROUP BY a),
        cardinality(ids), 150, tag || ' receipts');
    RETURN NEXT t.costs((SELECT format('group_batch(''box'', %s, ''{}'',
        ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'',
        ''{}'', ''{}'', %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L)',
        t.number('box'), ids, epochs, array_fill(1, a), array_fill(5, a),
        array_fill(0, a), array_fill(1, a), array_fill(false, a),
        array_fill(NULL::bigint, a), array_fill('words'::text, a),
        array_fill(1000, a), array_fill(0, a))
        FROM (SELECT ARRAY[cardinality(ids)] AS a) a),
        cardinality(ids), 80, tag || ' end');
    RETURN NEXT t.costs('notify_take(''n'', 100, 1000000, 64, ''{}'', ''{}'')', 100, 40,
                        tag || ' notify');
END $$;

-- Plans of an empty queue.
ANALYZE;
SELECT t.explain(t.many(1, 'z'));
SET t.quiet = on;
SELECT t.life('empty');
RESET t.quiet;
DO $$ BEGIN
    FOR k IN 1..100 LOOP
        PERFORM t.explain(t.many(200, 'k' || k || 'x'));
    END LOOP;
END $$;
SELECT cmp_ok(count(*), '>=', 20000::bigint, 'a long queue') FROM live;
SELECT t.life('stale');

-- Plans of a long queue.
VACUUM ANALYZE;
DISCARD PLANS;
SELECT t.life('fresh');

-- Under a transaction that sees all that was ever there.
\! (echo "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SET application_name = 'old'; SELECT pg_sleep(600);" | psql -qXAt >/dev/null 2>&1 &)
DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active'
                      AND application_name = 'old') LOOP
        PERFORM pg_stat_clear_snapshot();
    END LOOP;
END $$;
SET t.quiet = on;
SELECT t.life('w' || i, false) FROM generate_series(1, 40) i;
RESET t.quiet;
VACUUM live;
SELECT t.life('old');
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'old';
SELECT is(count(*), 0::bigint, 'nothing waited for its receiver') FROM live
    WHERE waiting;
SELECT cmp_ok(count(*), '>', 4000::bigint, 'all of it happened') FROM result;
SELECT * FROM finish();
SQL
