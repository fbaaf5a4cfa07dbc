-- Makes the day partitions of today and the next three days, and deletes what
-- has expired outside of partitions, up to some thousand rows of a kind: a
-- box's other calls wait behind this one, and its statements are timed out.
-- Cheap when there is nothing to do, and safe to run from several places at
-- once.
-- Returns whether there may be more to delete.
-- Called by: both boxes when they connect, bearerbox every hour, and
--   convoyctl, whose maintain repeats it until nothing is left.
CREATE FUNCTION maintain_ahead(OUT more bool)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
DECLARE
    most CONSTANT int := 20000;
    today date := utc_day(clock_timestamp());
    gone int;
BEGIN
    -- One at a time; who comes second finds everything done.
    PERFORM pg_advisory_xact_lock(lock_key('maintain'));

    PERFORM partition_add(parent, today + ahead)
    FROM unnest(ARRAY['body', 'ledger', 'result', 'notified']) parent,
         generate_series(0, 3) ahead;

    -- One that was taken again meanwhile is not free any more.
    DELETE FROM reference_in_use u
    WHERE u.ctid = ANY (ARRAY(SELECT o.ctid FROM reference_in_use o
                              WHERE o.free_after < clock_timestamp()
                              LIMIT most))
          AND u.free_after < clock_timestamp();
    GET DIAGNOSTICS gone = ROW_COUNT;
    more := gone = most;

    DELETE FROM receipt_inbox
    WHERE at < clock_timestamp() - interval '2 days';

    -- The last batch of each instance stays: it proves that this database
    -- is not older than a box's memory of it.
    DELETE FROM batch b
    WHERE b.ctid = ANY (ARRAY(
        SELECT o.ctid
        FROM instance i,
             LATERAL (SELECT max(m.number) - 1000 AS first FROM batch m
                      WHERE m.instance = i.name) k,
             batch o
        WHERE o.instance = i.name AND o.number < k.first
        LIMIT most));
    GET DIAGNOSTICS gone = ROW_COUNT;
    more := more OR gone = most;
END $$;
