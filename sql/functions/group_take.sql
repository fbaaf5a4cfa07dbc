-- Decides over picked groups: claimed, or waiting for their receiver, or for
-- a reference. Returns the claimed ones, or NULL.
-- Called by: group_claim.
CREATE FUNCTION group_take(picked bigint[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
    claimed bigint[];
BEGIN
    WITH candidate AS MATERIALIZED (
        -- By primary key: a condition on ready would let the planner walk
        -- the whole index live_ready, which looks short when it plans.
        SELECT g.id, g.receiver, g.priority, g.lease, g.reference, g.ready,
               g.segments > 1 AND g.reference IS NULL AS wants,
               1 << g.concat_bits AS space
        FROM live g
        WHERE g.id = ANY (picked)
        FOR UPDATE SKIP LOCKED
    ), judged AS MATERIALIZED (
        SELECT c.*, row_number() OVER (PARTITION BY c.receiver
                                       ORDER BY c.priority DESC, c.id) AS turn,
               (SELECT h.id FROM live h
                WHERE h.receiver = c.receiver AND h.holds) AS holder
        FROM candidate c
        WHERE c.ready
    ), kept AS MATERIALIZED (
        -- Locked, a holder cannot end before this commits, so that its
        -- owner's receiver_free will see who waits. One that is locked by
        -- its owner now may be gone soon: its followers stay ready.
        SELECT h.id FROM live h
        WHERE h.id IN (SELECT j.holder FROM judged j)
        FOR SHARE SKIP LOCKED
    ), decided AS MATERIALIZED (
        SELECT j.id, j.lease, j.receiver, j.wants, f.first,
               CASE WHEN f.first AND j.wants
                    THEN reference_find(j.receiver, j.id, j.space)
                    ELSE j.reference END AS reference
        FROM judged j, LATERAL (SELECT j.holder IS NULL AND j.turn = 1) f (first)
        WHERE j.holder IS NULL OR j.holder IN (SELECT k.id FROM kept k)
    ), reserved AS (
        INSERT INTO reference_in_use AS u (receiver, reference, group_id)
        SELECT d.receiver, d.reference, d.id FROM decided d
        WHERE d.first AND d.wants AND d.reference IS NOT NULL
        ON CONFLICT (receiver, reference) DO UPDATE
        SET group_id = excluded.group_id, free_after = NULL
    ), moved AS (
        UPDATE live g
        SET state = CASE WHEN s.sends THEN 2 ELSE 0 END,
            epoch = CASE WHEN s.sends THEN (SELECT l.epoch FROM lease l
                                            WHERE l.id = d.lease)
                         ELSE g.epoch END,
            tries = g.tries + s.sends::int, reference = d.reference,
            ready = false, waiting = NOT d.first, holds = d.first,
            look_at = CASE WHEN s.sends THEN NULL
                WHEN d.first THEN least(g.deadline_at,
                                        started + interval '5 s')
                ELSE g.deadline_at END
        FROM decided d, LATERAL (
            SELECT d.first AND (d.reference IS NOT NULL OR NOT d.wants))
            s (sends)
        WHERE g.id = d.id
        RETURNING g.id, g.state
    )
    SELECT array_agg(m.id) FILTER (WHERE m.state = 2) INTO claimed
    FROM moved m;
    RETURN claimed;
END $$;
