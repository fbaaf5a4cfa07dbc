-- The next ready groups in the order of the claim, not locked; moves the
-- cursors behind them. With many leases each contributes only about twice its
-- even share, so that not all of them are read and sorted every time. None
-- come from leases of routes that their owner cannot send: it has those only
-- so that their groups expire.
-- Called by: group_claim.
CREATE FUNCTION group_pick(leases int[], epochs bigint[], max int, sweep bool)
RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    share int := least(max, 4 + 2 * max / greatest(cardinality(leases), 1));
    picked bigint[];
BEGIN
    WITH scope AS MATERIALIZED (
        SELECT l.id AS lease, p.priority,
               CASE WHEN sweep THEN 0
                    ELSE cursor_get(l.id, p.priority) END AS low
        FROM unnest(leases, epochs) asked (id, epoch)
             JOIN lease l ON l.id = asked.id AND l.epoch = asked.epoch
             JOIN instance i ON i.name = l.owner AND l.route = ANY (i.routes),
             unnest('{2, 1, 0}'::smallint[]) p (priority)
    ), head AS MATERIALIZED (
        -- Bounds and order as of the index live_ready, or the planner may
        -- think that the primary key will do.
        SELECT h.id, s.lease, s.priority
        FROM scope s, LATERAL (
            SELECT g.id FROM live g
            WHERE g.ready AND g.deadline_at > clock_timestamp()
                  AND (g.lease, g.priority, g.id)
                      >= (s.lease, s.priority, s.low)
                  AND (g.lease, g.priority, g.id)
                      < (s.lease, s.priority + 1, 0)
            ORDER BY g.lease, g.priority, g.id LIMIT share) h
        ORDER BY s.priority DESC, h.id LIMIT max
    ), moved AS (
        SELECT count(cursor_set(h.lease, h.priority, h.top + 1))
        FROM (SELECT h.lease, h.priority, max(h.id) AS top FROM head h
              GROUP BY 1, 2) h
    )
    SELECT array_agg(h.id) INTO picked FROM head h, moved;
    RETURN picked;
END $$;
