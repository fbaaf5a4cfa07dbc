-- A queue that has run for a week: results, with their pushes, ledgers and
-- acknowledged notifications, in the partitions of the last seven days.

-- `n` results of one segment each, all delivered.
CREATE PROCEDURE bench.history(n int) LANGUAGE plpgsql AS $$
DECLARE
    today date := convoy.utc_day(clock_timestamp());
    each int := n / 7;
BEGIN
    FOR ago IN 1..7 LOOP
        PERFORM convoy.partition_add(parent, today - ago)
        FROM unnest(ARRAY['ledger', 'result', 'notified']) parent;
        COMMIT;
        -- Their ids are below those of groups to come.
        INSERT INTO convoy.push (digest, accepted_at, pi, push_id, groups)
        SELECT convoy.push_digest('', 'old' || i), today - ago, '', 'old' || i,
               ARRAY[-i]
        FROM generate_series((ago - 1) * each + 1, ago * each) i;
        INSERT INTO convoy.ledger (id, group_id, at, link, day, copy, code,
                                   segment, attempt, outcome, smsc_id,
                                   message_id)
        SELECT -i, -i, today - ago, 1, today - ago, 1, 0, 1, 1, o.outcome,
               'smsc', md5('old' || i)
        FROM generate_series((ago - 1) * each + 1, ago * each) i,
             unnest('{1, 4}'::smallint[]) o (outcome);
        INSERT INTO convoy.result (day, group_id, stored_at, ended_at, code,
                                   state, attempt, segments, concerns,
                                   address, receiver, cause)
        SELECT today - ago, -i, today - ago, today - ago, 1000, 5, 1, 1,
               convoy.push_digest('', 'old' || i), 'WAPPUSH=+46/TYPE=PLMN@x',
               '46' || i, 'all segments delivered'
        FROM generate_series((ago - 1) * each + 1, ago * each) i;
        INSERT INTO convoy.notified (day, group_id, at, tries, answer)
        SELECT today - ago, -i, today - ago, 1, 'HTTP 202, PAP 1000'
        FROM generate_series((ago - 1) * each + 1, ago * each) i;
        COMMIT;
    END LOOP;
END $$;
