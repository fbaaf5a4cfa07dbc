-- Gives a parked group back to the scheduler. One that was being sent queues
-- again in its old place; what it had sent stays on its ledger, and the
-- segment in turn is in doubt there, since the dead owner may have sent it.
-- One that was being rolled back is adopted by its lease's owner within
-- seconds.
-- Returns false if there is no such parked group.
-- Called by: convoyctl unpark.
CREATE FUNCTION group_unpark(id bigint) RETURNS bool
LANGUAGE plpgsql AS $$
DECLARE
    g live;
BEGIN
    SELECT * INTO g FROM live l
    WHERE l.id = group_unpark.id AND l.parked FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF g.state = 2 THEN
        INSERT INTO ledger (id, day, at, group_id, segment, attempt, copy,
                            outcome)
        SELECT nextval('ledger_seq'), utc_day(clock_timestamp()),
               clock_timestamp(), g.id, min(s.segment), g.attempt,
               (SELECT coalesce(max(l.copy), 0) + 1 FROM ledger l
                WHERE l.group_id = g.id AND l.day >= g.stored_day), 3
        FROM generate_series(1, g.segments) s (segment)
        WHERE NOT EXISTS (
            SELECT FROM ledger l
            WHERE l.group_id = g.id AND l.day >= g.stored_day
                  AND l.segment = s.segment AND l.attempt = g.attempt
                  AND l.outcome = 1)
        HAVING min(s.segment) IS NOT NULL;
    END IF;
    UPDATE live l
    SET parked = false, takeovers = 0,
        state = CASE g.state WHEN 2 THEN 0 ELSE g.state END,
        ready = g.state = 2,
        look_at = CASE g.state WHEN 2 THEN g.deadline_at END,
        epoch = 0
    WHERE l.id = g.id;
    RETURN true;
END $$;
