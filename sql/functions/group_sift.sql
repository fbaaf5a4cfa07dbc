-- Sets more groups of busy receivers waiting: of those that lie next behind
-- the picked ones in the ready index. Ten thousand groups of one phone would
-- otherwise be looked at a few by each claim, and all that lie behind them in
-- their shard would have to wait for that.
--
-- A receiver is busy if three of the picked groups now wait for it; who holds
-- it was locked, or claimed, by group_take in this transaction.
-- Called by: group_claim.
CREATE FUNCTION group_sift(picked bigint[]) RETURNS void
LANGUAGE sql AS $$
    WITH busy AS MATERIALIZED (
        SELECT g.lease, g.priority, g.receiver, max(g.id) AS top
        FROM convoy.live g
        WHERE g.id = ANY (picked) AND g.waiting::int = 1
        GROUP BY g.lease, g.priority, g.receiver
        HAVING count(*) >= 3
    ), behind AS MATERIALIZED (
        SELECT n.id
        FROM busy b, LATERAL (
            SELECT g.id, g.receiver FROM convoy.live g
            WHERE g.ready
                  AND (g.lease, g.priority, g.id)
                      > (b.lease, b.priority, b.top)
                  AND (g.lease, g.priority, g.id)
                      < (b.lease, b.priority + 1, 0)
            ORDER BY g.lease, g.priority, g.id LIMIT 500) n
        WHERE n.receiver = b.receiver
    ), mine AS MATERIALIZED (
        SELECT g.id FROM convoy.live g
        WHERE g.id = ANY (ARRAY(SELECT b.id FROM behind b))
        FOR UPDATE SKIP LOCKED
    )
    UPDATE convoy.live g
    SET ready = false, waiting = true, look_at = g.deadline_at
    FROM mine m
    WHERE g.id = m.id AND g.ready::int = 1
$$;
