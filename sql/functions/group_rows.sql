-- Completes groups to group_row: body, and the ledger so far if there may be
-- any (a group claimed for the first time has none: no look for it).
-- Called by: group_claim (claimed = true), group_adopt, group_due, receipts.
CREATE FUNCTION group_rows(groups bigint[], claimed bool)
RETURNS SETOF group_row
LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    SELECT l.id, l.lease, l.epoch, l.receiver, b.route, b.sender, b.service,
           l.priority, l.state, l.aim, l.attempt, l.closed, l.takeovers,
           l.segments, l.concat_bits, l.reference, b.ports, b.payload,
           b.extra, span_us(l.deadline_at - started),
           moment_us(l.deadline_at), span_us(l.due_at - started), l.cancel_requested,
           coalesce(h.segment, '{}'), coalesce(h.attempt, '{}'),
           coalesce(h.copy, '{}'), coalesce(h.outcome, '{}'),
           coalesce(h.ago_us, '{}'), coalesce(h.code, '{}'),
           coalesce(h.smsc_id, '{}'), coalesce(h.message_id, '{}'),
           coalesce(h.text, '{}')
    FROM live l
         JOIN body b ON b.day = l.body_day AND b.group_id = l.id
         LEFT JOIN LATERAL (
             SELECT array_agg(e.segment) AS segment,
                    array_agg(e.attempt) AS attempt,
                    array_agg(e.copy) AS copy,
                    array_agg(e.outcome) AS outcome,
                    array_agg(span_us(started - e.at)) AS ago_us,
                    array_agg(coalesce(e.code, -1)) AS code,
                    array_agg(e.smsc_id) AS smsc_id,
                    array_agg(e.message_id) AS message_id,
                    array_agg(CASE WHEN e.outcome = 1 THEN e.text END)
                        AS text
             FROM (SELECT * FROM ledger a
                   WHERE (l.tries > 1 OR NOT claimed) AND a.group_id = l.id
                         AND a.day BETWEEN l.stored_day AND utc_day(started)
                   ORDER BY a.id) e
         ) h ON true
    WHERE l.id = ANY (groups)
    ORDER BY l.priority DESC, l.id;
END $$;
