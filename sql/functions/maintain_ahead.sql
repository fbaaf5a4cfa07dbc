-- Makes the day partitions of today and the next three days, and deletes what
-- has expired outside of partitions. Cheap when there is nothing to do, and
-- safe to run from several places at once.
-- Called by: both boxes at start and every hour, and convoyctl.
CREATE FUNCTION maintain_ahead() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
DECLARE
    today date := utc_day(clock_timestamp());
BEGIN
    -- One at a time; who comes second finds everything done.
    PERFORM pg_advisory_xact_lock(lock_key('maintain'));

    PERFORM partition_add(parent, today + ahead)
    FROM unnest(ARRAY['body', 'ledger', 'result', 'notified']) parent,
         generate_series(0, 3) ahead;

    DELETE FROM reference_in_use WHERE free_after < clock_timestamp();
    DELETE FROM receipt_inbox
    WHERE at < clock_timestamp() - interval '2 days';
    -- The last batch of each instance stays: it proves that this database
    -- is not older than a box's memory of it.
    DELETE FROM batch b
    WHERE number < (SELECT max(number) - 1000 FROM batch m
                    WHERE m.instance = b.instance);
END $$;
