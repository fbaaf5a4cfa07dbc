-- Ends groups: their live rows go, their results are written, and PIs who
-- asked are to be notified; all in the caller's transaction (invariant 7).
-- event_at, of which the PI is told (PAP event-time), is when that happened
-- which decided the end: by the ledger the last receipt, refusal or
-- cancellation, or the deadline; not when it became known and was written.
-- Where the end itself is the event (nothing came, nothing was sent) it is
-- that. It stands here and not in a function of its own, since PostgreSQL
-- would plan that one anew in each call.
-- Returns the receivers, for receiver_free.
-- Called by: group_batch, restore_accept; both have locked the groups.
CREATE FUNCTION group_end(endings ending[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
    receivers text[];
BEGIN
    WITH gone AS (
        DELETE FROM live g USING unnest(endings) e
        WHERE g.id = e.id
        RETURNING g.id, g.body_day, g.attempt, g.segments, g.receiver,
                  g.reference, g.stored_day, g.deadline_at, e.state, e.code,
                  e.cause, e.hold_us
    ), whole AS MATERIALIZED (
        SELECT g.*, b.stored_at, b.concerns, b.notify, b.address,
               least(started, CASE g.state WHEN 7 THEN g.deadline_at
                   ELSE (SELECT max(l.at) FROM ledger l
                         WHERE l.group_id = g.id
                               AND l.day BETWEEN g.stored_day
                                             AND utc_day(started)
                               AND l.outcome = ANY (CASE g.state
                                   WHEN 5 THEN '{1,4}'   -- DELIVERED
                                   WHEN 6 THEN '{2,3,5}' -- UNDELIVERABLE
                                   WHEN 8 THEN '{6}'     -- CANCELLED
                                   ELSE '{}' END::smallint[])) END)
                   AS event_at
        FROM gone g
             JOIN body b ON b.day = g.body_day AND b.group_id = g.id
    ), results AS (
        INSERT INTO result (day, group_id, stored_at, ended_at, event_at,
                            code, state, attempt, segments, concerns, address,
                            receiver, cause)
        SELECT utc_day(started), w.id, w.stored_at, started, w.event_at,
               w.code, w.state, w.attempt, w.segments, w.concerns, w.address,
               w.receiver, w.cause
        FROM whole w
    ), notifications AS (
        INSERT INTO notification (id, due_at, accepted_at, event_at, code,
                                  state, cause, url, pi, push_id, address,
                                  source_reference, qos)
        SELECT w.id, started, w.stored_at, w.event_at, w.code, w.state,
               w.cause, p.notify_url, p.pi, p.push_id, w.address,
               p.source_reference, p.qos
        FROM whole w JOIN push p ON p.digest = w.concerns
        WHERE w.notify
    ), references_left AS (
        UPDATE reference_in_use u SET free_after = started + span(w.hold_us)
        FROM whole w
        WHERE u.receiver = w.receiver AND u.reference = w.reference
              AND u.group_id = w.id
    )
    SELECT array_agg(w.receiver) INTO receivers FROM whole w;
    RETURN receivers;
END $$;
