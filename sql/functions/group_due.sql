-- What the owner of these leases must look at, by the database's clock or
-- because of news that did not pass through its hands.
--
-- Arguments as for group_claim.
-- Returns groups that are past their deadline or receipt time-out, that are
--   to be cancelled, or for which a receipt came by another way. Those in
--   QUEUED, DEFERRED and AWAITING are lent for ten seconds: the owner answers
--   with a transition, the same state if nothing changed.
-- By itself it makes DEFERRED groups ready when their time has come (after an
--   attempt, which leaves an aim, this begins the next one), and gives those
--   that wait for a concatenation reference another try.
-- None: nothing is due. Otherwise call again, there may be more.
-- Called by: scheduler, every 250 ms. Invariants 6 (deadline), 7 (a result).
CREATE FUNCTION group_due(leases int[], epochs bigint[], max int)
RETURNS SETOF group_row
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
DECLARE
    started timestamptz := clock_timestamp();
    looked_at int;
    ready_now bigint[];
    handed bigint[];
BEGIN
    -- Promotions are not bounded by max, or ten thousand groups deferred to
    -- nine o'clock would trickle.
    FOR round IN 1..20 LOOP
        WITH due AS MATERIALIZED (
            SELECT d.id, l.epoch, d.promote
            FROM unnest(leases, epochs) asked (id, epoch)
                 JOIN lease l ON l.id = asked.id AND l.epoch = asked.epoch,
                 LATERAL (
                     SELECT g.id,
                            g.deadline_at > started AND NOT g.cancel_requested
                            AND (g.state = 1 AND g.look_at = g.due_at
                                 OR g.state = 0 AND g.holds) AS promote
                     FROM live g
                     WHERE g.lease = l.id AND g.look_at <= started
                           AND NOT g.parked
                           AND (g.state NOT IN (2, 4)
                                OR g.epoch = l.epoch) -- else adopted first
                     ORDER BY g.look_at LIMIT max
                     FOR UPDATE SKIP LOCKED) d
            LIMIT max
        ), looked AS (
            UPDATE live g
            SET state = CASE WHEN d.promote THEN 0 ELSE g.state END,
                attempt = g.attempt
                    + (d.promote AND g.state = 1 AND g.aim <> 0)::int,
                due_at = CASE WHEN NOT d.promote THEN g.due_at END,
                epoch = CASE WHEN d.promote THEN g.epoch ELSE d.epoch END,
                ready = d.promote, waiting = false,
                holds = g.holds AND NOT d.promote,
                look_at = CASE WHEN d.promote THEN g.deadline_at
                               WHEN g.state NOT IN (2, 4)
                               THEN started + interval '10 s' END
            FROM due d
            WHERE g.id = d.id AND g.epoch <= d.epoch
            RETURNING g.id, g.ready
        )
        SELECT count(*), array_agg(k.id) FILTER (WHERE k.ready),
               array_agg(k.id) FILTER (WHERE NOT k.ready)
        INTO looked_at, ready_now, handed
        FROM looked k;
        IF ready_now IS NOT NULL THEN
            PERFORM cursor_lower(ready_now);
        END IF;
        EXIT WHEN looked_at < max OR handed IS NOT NULL;
    END LOOP;
    IF handed IS NOT NULL THEN
        RETURN QUERY SELECT * FROM group_rows(handed, false);
    END IF;
END $$;
