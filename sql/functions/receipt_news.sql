-- Decides what receipts in the ledger mean for their groups' owners.
--
-- Arguments: the instance that brought them, the groups, and among them those
--   of which a copy was not delivered.
-- Returns the groups that this instance may handle itself, lent to it; marks
--   the others for their owners' group_due. A group that still misses a
--   receipt is left alone: the pre-filter that keeps segment after segment
--   from going through the scheduler.
-- Called by: receipts; group_batch, on nobody's behalf, so that every owner is
--   told by its group_due. Both have locked the groups.
CREATE FUNCTION receipt_news(instance text, groups bigint[], failed bigint[])
RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
    lent bigint[];
BEGIN
    WITH news AS MATERIALIZED (
        SELECT g.id, l.epoch,
               l.owner IS NOT DISTINCT FROM receipt_news.instance
                   AND g.state NOT IN (2, 4) AND g.epoch <= l.epoch AS own
        FROM live g JOIN lease l ON l.id = g.lease
        WHERE g.id = ANY (groups) AND NOT g.parked
              AND (g.state IN (2, 4) OR g.id = ANY (failed)
                   OR g.segments = (
                       SELECT count(DISTINCT e.segment) FROM ledger e
                       WHERE e.group_id = g.id AND e.attempt = g.attempt
                             AND e.outcome = 4
                             AND e.day BETWEEN g.stored_day
                                           AND utc_day(started)))
    ), told AS (
        UPDATE live g
        SET epoch = CASE WHEN n.own THEN n.epoch ELSE g.epoch END,
            ready = g.ready AND NOT n.own,
            waiting = g.waiting AND NOT n.own,
            look_at = CASE WHEN n.own THEN started + interval '10 s'
                           ELSE '-infinity' END
        FROM news n WHERE g.id = n.id
        RETURNING g.id, n.own
    )
    SELECT array_agg(t.id) FILTER (WHERE t.own) INTO lent FROM told t;
    RETURN lent;
END $$;
