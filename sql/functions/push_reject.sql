-- Writes the results of groups that are refused when their push is stored:
-- they never live. PIs who asked are to be notified.
-- Arguments: per group its id, push_no, and what push_store was given; per
--   push (1-based index) its digest, and whether it is new.
-- Called by: push_store.
CREATE FUNCTION push_reject(ids bigint[], digests bytea[], fresh bool[],
    push_no int[], address text[], receiver text[], refused int[],
    cause text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    WITH rejected AS MATERIALIZED (
        SELECT g.id, digests[g.push_no] AS digest, g.address, g.receiver,
               g.refused, g.cause
        FROM unnest(ids, push_reject.push_no, push_reject.address,
                    push_reject.receiver, push_reject.refused,
                    push_reject.cause)
             AS g (id, push_no, address, receiver, refused, cause)
        WHERE fresh[g.push_no] AND g.refused IS NOT NULL
    ), results AS (
        INSERT INTO result (day, group_id, stored_at, ended_at, code, state,
                            attempt, segments, concerns, address, receiver,
                            cause)
        SELECT utc_day(started), r.id, started, started, r.refused,
               10, 0, 0, r.digest, r.address, r.receiver, r.cause -- REJECTED
        FROM rejected r
    )
    INSERT INTO notification (id, due_at, accepted_at, event_at, code, state,
                              cause, url, pi, push_id, address,
                              source_reference, qos)
    SELECT r.id, started, started, started, r.refused, 10, r.cause,
           p.notify_url, p.pi, p.push_id, r.address, p.source_reference, p.qos
    FROM rejected r JOIN push p ON p.digest = r.digest
    WHERE p.notify_url IS NOT NULL;
END $$;
