-- Gives a parked group back to the scheduler. One that was being sent queues
-- again in its old place; what it had sent stays on its ledger. One that was
-- being rolled back is adopted by its lease's owner within seconds.
-- Returns false if there is no such parked group.
-- Called by: convoyctl unpark.
CREATE FUNCTION group_unpark(id bigint) RETURNS bool
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE live g
    SET parked = false, takeovers = 0,
        state = CASE g.state WHEN 2 THEN 0 ELSE g.state END,
        ready = g.state = 2,
        look_at = CASE g.state WHEN 2 THEN g.deadline_at END,
        epoch = 0
    WHERE g.id = group_unpark.id AND g.parked;
    RETURN FOUND;
END $$;
