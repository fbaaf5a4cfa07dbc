-- Decides over picked groups: claimed, or waiting for their receiver, or for
-- a reference. Returns the claimed ones, or NULL.
CREATE FUNCTION group_take(picked bigint[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
    claimed bigint[];
BEGIN
    WITH candidate AS MATERIALIZED (
        SELECT g.id, g.receiver, g.priority, g.lease, g.reference,
               g.concat_bits, g.segments > 1 AND g.reference IS NULL AS wants
        FROM live g
        WHERE g.id = ANY (picked) AND g.ready
        FOR UPDATE SKIP LOCKED
    ), holder AS MATERIALIZED (
        SELECT h.id, h.receiver FROM candidate c
        JOIN live h ON h.receiver = c.receiver AND h.holds
    ), kept AS MATERIALIZED (
        -- Locked, a holder cannot end before this commits, so that its
        -- owner's receiver_free will see who waits. One that is locked by
        -- its owner now may be gone soon: its followers stay ready.
        SELECT h.receiver FROM live h
        WHERE h.id IN (SELECT o.id FROM holder o)
        FOR SHARE SKIP LOCKED
    ), first AS MATERIALIZED (
        SELECT DISTINCT ON (c.receiver) c.*
        FROM candidate c
        WHERE c.receiver NOT IN (SELECT o.receiver FROM holder o)
        ORDER BY c.receiver, c.priority DESC, c.id
    ), taken AS MATERIALIZED (
        SELECT f.id, f.receiver, f.lease, f.wants,
               CASE WHEN f.wants
                    THEN reference_find(f.receiver, f.id, f.concat_bits)
                    ELSE f.reference END AS reference
        FROM first f
    ), reserved AS (
        INSERT INTO reference_in_use AS u (receiver, reference, group_id)
        SELECT t.receiver, t.reference, t.id FROM taken t
        WHERE t.wants AND t.reference IS NOT NULL
        ON CONFLICT (receiver, reference) DO UPDATE
        SET group_id = excluded.group_id, free_after = NULL
    ), queued_again AS (
        UPDATE live g
        SET ready = false,
            waiting = t.id IS NULL,
            holds = t.id IS NOT NULL,
            look_at = CASE WHEN t.id IS NULL THEN g.deadline_at
                ELSE least(g.deadline_at, started + interval '5 s') END
        FROM candidate c LEFT JOIN taken t ON t.id = c.id
        WHERE g.id = c.id
              AND CASE WHEN t.id IS NULL
                  THEN c.receiver IN (SELECT k.receiver FROM kept k
                                      UNION ALL
                                      SELECT f.receiver FROM first f)
                  ELSE t.wants AND t.reference IS NULL END
    ), sending AS (
        UPDATE live g
        SET state = 2, ready = false, holds = true, look_at = NULL,
            due_at = NULL, tries = g.tries + 1, reference = t.reference,
            epoch = (SELECT l.epoch FROM lease l WHERE l.id = t.lease)
        FROM taken t
        WHERE g.id = t.id AND (t.reference IS NOT NULL OR NOT t.wants)
        RETURNING g.id
    )
    SELECT array_agg(s.id) INTO claimed FROM sending s;
    RETURN claimed;
END $$;
