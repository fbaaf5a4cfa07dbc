-- Takes results that a PI is to be told of, for one try each.
--
-- Arguments: the notifier's name; how many at most; for how long (in
--   microseconds) nobody else is to try them.
-- Returns them, oldest due first. tries counts this one and names the lease
--   in notify_done.
-- Called by: notifier.
CREATE FUNCTION notify_take(instance text, max int, lease_us bigint)
RETURNS TABLE (id bigint, url text, pi text, push_id text, address text,
               source_reference text, qos text, state smallint, code int,
               cause text, accepted_at_us bigint, event_at_us bigint,
               age_us bigint, tries int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
#variable_conflict use_column
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT n.id FROM notification n
        WHERE n.due_at <= started
        ORDER BY n.due_at LIMIT max
        FOR UPDATE SKIP LOCKED
    )
    UPDATE notification n
    SET due_at = started + span(lease_us), tries = n.tries + 1,
        holder = notify_take.instance
    FROM due d WHERE n.id = d.id
    RETURNING n.id, n.url, n.pi, n.push_id, n.address, n.source_reference,
              n.qos, n.state, n.code, n.cause, moment_us(n.accepted_at),
              moment_us(n.event_at), span_us(started - n.event_at), n.tries;
END $$;
