-- Takes over groups in SENDING or ROLLBACK that an earlier epoch of these
-- leases left behind.
--
-- Arguments as for group_claim.
-- Returns the groups with their ledgers. A group whose owner died (its lease
--   was not given back in order) more than three times is parked instead,
--   lest it kill box after box: it lets go of its receiver, is not returned,
--   and waits for convoyctl unpark. The warning of it is for the box's log.
-- Called by: scheduler, for fresh leases at once, for all every few seconds:
--   a claim of the old owner may commit after the takeover.
-- Invariants 10 (crash-safe), 11 (fenced: the old epoch changes nothing now).
CREATE FUNCTION group_adopt(leases int[], epochs bigint[], max int)
RETURNS SETOF group_row
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
DECLARE
    adopted bigint[];
    left_alone text[];
    parked bigint[];
BEGIN
    WITH orphan AS MATERIALIZED (
        SELECT o.id, l.epoch, l.orderly
        FROM unnest(leases, epochs) asked (id, epoch)
             JOIN lease l ON l.id = asked.id AND l.epoch = asked.epoch,
             LATERAL (SELECT g.id FROM live g
                      WHERE g.state IN (2, 4) AND NOT g.parked
                            AND g.lease = l.id AND g.epoch < l.epoch
                      ORDER BY g.epoch LIMIT max
                      FOR UPDATE SKIP LOCKED) o
        LIMIT max
    ), taken AS (
        UPDATE live g
        SET epoch = o.epoch, look_at = NULL,
            takeovers = g.takeovers + (NOT o.orderly)::int,
            parked = g.takeovers + (NOT o.orderly)::int > 3,
            holds = g.holds AND g.takeovers + (NOT o.orderly)::int <= 3
        FROM orphan o
        WHERE g.id = o.id
        RETURNING g.id, g.receiver, g.parked
    )
    SELECT array_agg(t.id) FILTER (WHERE NOT t.parked),
           array_agg(t.receiver) FILTER (WHERE t.parked),
           array_agg(t.id) FILTER (WHERE t.parked)
    INTO adopted, left_alone, parked FROM taken t;

    IF left_alone IS NOT NULL THEN
        RAISE WARNING 'parked, since the box that sent it died too often:'
            ' group %; see convoyctl status and unpark',
            array_to_string(parked, ', ');
        PERFORM receiver_free(left_alone);
    END IF;
    IF adopted IS NOT NULL THEN
        RETURN QUERY SELECT * FROM group_rows(adopted, false);
    END IF;
END $$;
