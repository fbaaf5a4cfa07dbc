-- Drives the functions as the boxes do, from inside the server: every call is
-- a transaction of its own. What it costs to build the arrays is in it, what
-- libpq and the network cost is not.

CREATE SCHEMA bench;
SET search_path = bench, convoy;

-- Stores `n` groups of three segments in batches; receivers are all different.
CREATE PROCEDURE bench.store(n int, batch int, tag text)
LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 0 .. n / batch - 1 LOOP
        PERFORM count(*) FROM convoy.push_store(
            array_fill(''::text, ARRAY[batch]),
            ARRAY(SELECT tag || (i * batch + k) || '@pi.example.com'
                  FROM generate_series(1, batch) k),
            array_fill('http://127.0.0.1/n'::text, ARRAY[batch]),
            array_fill(NULL::text, ARRAY[batch]),
            array_fill(NULL::text, ARRAY[batch]),
            array_fill(NULL::text, ARRAY[batch]),
            array_fill(false, ARRAY[batch]),
            ARRAY(SELECT k FROM generate_series(1, batch) k),
            array_fill('WAPPUSH=+46/TYPE=PLMN@x'::text, ARRAY[batch]),
            ARRAY(SELECT '46' || tag || (i * batch + k)
                  FROM generate_series(1, batch) k),
            array_fill(''::text, ARRAY[batch]),
            array_fill('sender'::text, ARRAY[batch]),
            array_fill('service'::text, ARRAY[batch]),
            array_fill(1::smallint, ARRAY[batch]),
            array_fill(NULL::bigint, ARRAY[batch]),
            array_fill(NULL::bigint, ARRAY[batch]),
            array_fill(3::smallint, ARRAY[batch]),
            array_fill(8::smallint, ARRAY[batch]),
            array_fill('\x0b8423f0'::bytea, ARRAY[batch]),
            array_fill(decode(repeat('ab', 380), 'hex'), ARRAY[batch]),
            array_fill(NULL::text, ARRAY[batch]),
            array_fill(NULL::int, ARRAY[batch]),
            array_fill(NULL::text, ARRAY[batch]),
            86400000000, 86400000000);
        COMMIT;
    END LOOP;
END $$;

-- Sends `n` of them: claim, three ledger batches (the last with AWAITING),
-- receipts, the end. Prints what each step cost.
CREATE PROCEDURE bench.send(n int, size int, tag text)
LANGUAGE plpgsql AS $$
DECLARE
    me text := 'bench' || tag;
    leases int[];
    epochs bigint[];
    ids bigint[];
    owned bigint[];
    t0 timestamptz;
    spent interval[] := array_fill('0'::interval, ARRAY[4]);
    number bigint := 0;
    done int := 0;
    none bigint[] := '{}';
BEGIN
    PERFORM FROM convoy.instance_start(me, 'default', NULL, 0);
    SELECT array_agg(l.lease), array_agg(l.epoch) INTO leases, epochs
    FROM convoy.lease_renew(me, '{""}', 3600000000, '{}') l;
    COMMIT;
    WHILE done < n LOOP
        t0 := clock_timestamp();
        SELECT array_agg(c.id), array_agg(c.epoch) INTO ids, owned
        FROM convoy.group_claim(leases, epochs, size) c;
        COMMIT;
        spent[1] := spent[1] + (clock_timestamp() - t0);
        EXIT WHEN ids IS NULL;

        FOR segment IN 1..3 LOOP
            t0 := clock_timestamp();
            number := number + 1;
            PERFORM count(*) FROM convoy.group_batch(me, number,
                ids, array_fill(segment::smallint, ARRAY[cardinality(ids)]),
                array_fill(1::smallint, ARRAY[cardinality(ids)]),
                array_fill(segment, ARRAY[cardinality(ids)]),
                array_fill(1::smallint, ARRAY[cardinality(ids)]),
                array_fill('smsc'::text, ARRAY[cardinality(ids)]),
                array_fill(7::bigint, ARRAY[cardinality(ids)]),
                ARRAY(SELECT md5(i::text || '-' || segment)
                      FROM unnest(ids) i),
                array_fill(0, ARRAY[cardinality(ids)]),
                array_fill(NULL::text, ARRAY[cardinality(ids)]),
                array_fill(1000::bigint, ARRAY[cardinality(ids)]),
                CASE segment WHEN 3 THEN ids ELSE none END,
                CASE segment WHEN 3 THEN owned ELSE none END,
                CASE segment WHEN 3 THEN array_fill(1::smallint,
                    ARRAY[cardinality(ids)]) ELSE '{}' END,
                CASE segment WHEN 3 THEN array_fill(3::smallint,
                    ARRAY[cardinality(ids)]) ELSE '{}' END,
                CASE segment WHEN 3 THEN array_fill(0::smallint,
                    ARRAY[cardinality(ids)]) ELSE '{}' END,
                CASE segment WHEN 3 THEN array_fill(1::smallint,
                    ARRAY[cardinality(ids)]) ELSE '{}' END,
                CASE segment WHEN 3 THEN array_fill(false,
                    ARRAY[cardinality(ids)]) ELSE '{}' END,
                CASE segment WHEN 3 THEN array_fill(86400000000,
                    ARRAY[cardinality(ids)]) ELSE none END,
                CASE segment WHEN 3 THEN array_fill(NULL::text,
                    ARRAY[cardinality(ids)]) ELSE '{}' END,
                CASE segment WHEN 3 THEN array_fill(NULL::int,
                    ARRAY[cardinality(ids)]) ELSE '{}' END,
                CASE segment WHEN 3 THEN array_fill(NULL::bigint,
                    ARRAY[cardinality(ids)]) ELSE none END);
            COMMIT;
            spent[2] := spent[2] + (clock_timestamp() - t0);
        END LOOP;

        FOR segment IN 1..3 LOOP
            t0 := clock_timestamp();
            number := number + 1;
            PERFORM count(*) FROM convoy.receipts(me, number,
                array_fill('smsc'::text, ARRAY[cardinality(ids)]),
                ARRAY(SELECT md5(i::text || '-' || segment)
                      FROM unnest(ids) i),
                array_fill(4::smallint, ARRAY[cardinality(ids)]),
                array_fill(NULL::int, ARRAY[cardinality(ids)]),
                array_fill('id:1 stat:DELIVRD err:000'::text,
                           ARRAY[cardinality(ids)]),
                array_fill(1000::bigint, ARRAY[cardinality(ids)]));
            COMMIT;
            spent[3] := spent[3] + (clock_timestamp() - t0);
        END LOOP;

        t0 := clock_timestamp();
        number := number + 1;
        PERFORM count(*) FROM convoy.group_batch(me, number,
            '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
            ids, owned, array_fill(1::smallint, ARRAY[cardinality(ids)]),
            array_fill(5::smallint, ARRAY[cardinality(ids)]),
            array_fill(0::smallint, ARRAY[cardinality(ids)]),
            array_fill(1::smallint, ARRAY[cardinality(ids)]),
            array_fill(false, ARRAY[cardinality(ids)]),
            array_fill(NULL::bigint, ARRAY[cardinality(ids)]),
            array_fill('all segments delivered'::text,
                       ARRAY[cardinality(ids)]),
            array_fill(1000, ARRAY[cardinality(ids)]),
            array_fill(0::bigint, ARRAY[cardinality(ids)]));
        COMMIT;
        spent[4] := spent[4] + (clock_timestamp() - t0);
        done := done + cardinality(ids);
    END LOOP;
    RAISE NOTICE '% groups; us a group: claim % ledger % receipts % end %',
        done, round(1e6 * extract(epoch FROM spent[1]) / done, 1),
        round(1e6 * extract(epoch FROM spent[2]) / done, 1),
        round(1e6 * extract(epoch FROM spent[3]) / done, 1),
        round(1e6 * extract(epoch FROM spent[4]) / done, 1);
    PERFORM FROM convoy.lease_renew(me, '{}', 0, '{}');
    COMMIT;
END $$;
