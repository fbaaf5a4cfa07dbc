-- Lets the next group of each of these receivers be claimed: of those that
-- wait behind a holder, the first by priority and age becomes ready. Does
-- nothing for a receiver that is still held.
-- Called by: whoever ends a group or lets go of a receiver. Invariant 4.
CREATE FUNCTION receiver_free(receivers text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    chosen bigint[];
    freed bigint[];
BEGIN
    LOOP
        SELECT array_agg(n.id) INTO chosen
        FROM (SELECT DISTINCT unnest(receivers)) r (receiver), LATERAL (
                 SELECT g.id FROM live g
                 WHERE g.waiting AND g.receiver = r.receiver
                 ORDER BY g.priority DESC, g.id LIMIT 1) n
        WHERE NOT EXISTS (SELECT FROM live h
                          WHERE h.holds AND h.receiver = r.receiver);
        EXIT WHEN chosen IS NULL;

        -- The cast keeps the planner from the index live_waiting.
        WITH freed AS (
            UPDATE live g SET waiting = false, ready = true
            WHERE g.id = ANY (chosen) AND g.waiting::int = 1
            RETURNING g.id
        )
        SELECT array_agg(f.id) INTO freed FROM freed f;
        PERFORM cursor_lower(freed);

        -- A chosen one that another session ended meanwhile: choose again.
        EXIT WHEN cardinality(freed) = cardinality(chosen);
        SELECT array_agg(DISTINCT r) INTO receivers
        FROM unnest(receivers) r
        WHERE NOT EXISTS (SELECT FROM live g
                          WHERE g.id = ANY (freed) AND g.receiver = r);
    END LOOP;
END $$;
