-- Requests the cancel of groups: the owner of each gets it from group_due at
-- once, or when it takes the group, and ends it or takes back what was sent.
--
-- Arguments: groups of one push, as push_status gave them.
-- Passed over are those that have ended, those of which a segment was
--   delivered, and those that somebody has locked now: push_status tells them
--   from the others, and the call may be repeated.
-- Called by: intake. A cancel_wake should follow its commit.
CREATE FUNCTION push_cancel(groups bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
BEGIN
    -- Not waited for: behind this call others wait on the same connection.
    WITH mine AS MATERIALIZED (
        SELECT g.id, g.stored_day FROM live g
        WHERE g.id = ANY (groups)
        FOR UPDATE SKIP LOCKED
    )
    UPDATE live g
    SET cancel_requested = true, look_at = '-infinity'
    FROM mine m
    WHERE g.id = m.id AND NOT g.cancel_requested
          AND NOT group_is_partly(m.id, m.stored_day);
END $$;
