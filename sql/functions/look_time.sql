-- The two times of a group in a new state.
-- Called by: group_batch.

-- DEFERRED until, AWAITING until: the new time, or the one kept; no other
-- state has one.
CREATE FUNCTION due_time(state smallint, given timestamptz, kept timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN state IN (1, 3) THEN coalesce(given, kept) END
$$;

-- When group_due is to pick up a group of this state. A deadline that has
-- passed was told already.
CREATE FUNCTION look_time(state smallint, deadline_at timestamptz,
                          due_at timestamptz, started timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN state IN (2, 4) THEN NULL          -- in its owner's memory
        WHEN deadline_at > started THEN least(due_at, deadline_at)
        ELSE coalesce(due_at, deadline_at) END
$$;
