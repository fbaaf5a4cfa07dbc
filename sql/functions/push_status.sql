-- What has become of a push: one row for each of its groups, in the order in
-- which they were stored.
--
-- Arguments: the PI and its push-id.
-- Returns: state: by name; code and cause: of a group that has ended; event_at:
--   when that happened which decided its end (group_end), or when it was
--   stored; live: it has not ended; cancelling: its cancel is requested
--   (push_cancel); partly: a segment of it was delivered, so that it is too
--   late for one; qos: of the push.
--   None: no such push of this PI is known. A group whose result is older than
--   the retention is left out.
-- Called by: intake, for status queries and, until all is decided, cancels.
CREATE FUNCTION push_status(pi text, push_id text)
RETURNS TABLE (group_id bigint, address text, state text, code int,
               cause text, event_at_us bigint, live bool, cancelling bool,
               partly bool, qos text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
#variable_conflict use_column
DECLARE
    today date := utc_day(clock_timestamp());
BEGIN
    RETURN QUERY
    SELECT i.id, coalesce(b.address, r.address),
           state_name(coalesce(g.state, r.state)), coalesce(r.code, 0),
           coalesce(r.cause, ''), moment_us(coalesce(r.event_at, b.stored_at)),
           g.id IS NOT NULL, coalesce(g.cancel_requested, false),
           g.id IS NOT NULL AND group_is_partly(g.id, g.stored_day), p.qos
    FROM push p
         CROSS JOIN LATERAL unnest(p.groups) WITH ORDINALITY i (id, no)
         LEFT JOIN live g ON g.id = i.id
         LEFT JOIN body b ON b.day = g.body_day AND b.group_id = g.id
         LEFT JOIN LATERAL (
             SELECT e.address, e.state, e.code, e.cause,
                    coalesce(e.event_at, e.ended_at) AS event_at
             FROM result e
             WHERE g.id IS NULL AND e.group_id = i.id
                   AND e.day BETWEEN utc_day(p.accepted_at) AND today
         ) r ON true
    WHERE p.digest = push_digest(push_status.pi, push_status.push_id)
          AND (g.id IS NOT NULL OR r.event_at IS NOT NULL)
    ORDER BY i.no;
END $$;

-- Has a segment of this group been delivered, in whichever attempt?
-- Called by: push_status, push_cancel.
CREATE FUNCTION group_is_partly(id bigint, stored_day date) RETURNS bool
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM convoy.ledger e
                   WHERE e.group_id = group_is_partly.id AND e.outcome = 4
                         AND e.day BETWEEN group_is_partly.stored_day
                                       AND convoy.utc_day(clock_timestamp()))
$$;
