-- Takes results that PIs are to be told of, for one try each.
--
-- Arguments: the notifier's name; how many at most; for how long (in
--   microseconds) nobody else is to try them; how many at most for one host
--   of a URL, and, in parallel arrays, hosts for which it is another number.
-- Returns them. tries counts this one and names the lease in notify_done.
-- Called by: notifier.
CREATE FUNCTION notify_take(instance text, max int, lease_us bigint,
                            per_host int, hosts text[], rooms int[])
RETURNS TABLE (id bigint, url text, pi text, push_id text, address text,
               source_reference text, qos text, state smallint, code int,
               cause text, accepted_at_us bigint, event_at_us bigint,
               age_us bigint, tries int, host text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
#variable_conflict use_column
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    -- From host to host by the index, however many wait for each.
    WITH RECURSIVE step AS (
        (SELECT n.host FROM notification n ORDER BY n.host LIMIT 1)
        UNION ALL
        SELECT (SELECT n.host FROM notification n WHERE n.host > h.host
                ORDER BY n.host LIMIT 1)
        FROM step h WHERE h.host IS NOT NULL
    ), due AS MATERIALIZED (
        SELECT n.id
        FROM (SELECT h.host,
                     least(notify_take.max, coalesce((
                         SELECT r.room
                         FROM unnest(hosts, rooms) r (host, room)
                         WHERE r.host = h.host), per_host)) AS room
              FROM step h WHERE h.host IS NOT NULL) h
             CROSS JOIN LATERAL (
                 SELECT n.id, n.due_at FROM notification n
                 WHERE n.host = h.host AND n.due_at <= started
                 ORDER BY n.due_at LIMIT h.room
                 FOR UPDATE SKIP LOCKED
             ) n
        ORDER BY n.due_at LIMIT max
    )
    UPDATE notification n
    SET due_at = started + span(lease_us), tries = n.tries + 1,
        holder = notify_take.instance
    FROM due d WHERE n.id = d.id
    RETURNING n.id, n.url, n.pi, n.push_id, n.address, n.source_reference,
              n.qos, n.state, n.code, n.cause, moment_us(n.accepted_at),
              moment_us(n.event_at), span_us(started - n.since), n.tries,
              n.host;
END $$;
