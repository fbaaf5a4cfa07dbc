-- When it happened that decided how a group ends, as the PI is told (PAP
-- event-time): by the ledger the last receipt, refusal or cancellation, or
-- the deadline; not when that became known and was written.
-- `ended`: that moment; it stands where the end itself is the event (nothing
-- came, or nothing was sent).
-- Called by: group_end.
CREATE FUNCTION event_time(state smallint, group_id bigint, stored_day date,
                           deadline_at timestamptz, ended timestamptz)
RETURNS timestamptz
LANGUAGE sql AS $$
    SELECT least(ended, CASE state WHEN 7 THEN deadline_at      -- EXPIRED
        ELSE coalesce((
            SELECT max(e.at) FROM ledger e
            WHERE e.group_id = event_time.group_id
                  AND e.day BETWEEN stored_day AND utc_day(ended)
                  AND e.outcome = ANY (CASE state
                      WHEN 5 THEN '{1,4}'       -- DELIVERED: the last such
                      WHEN 6 THEN '{2,3,5}'     -- UNDELIVERABLE: refused,
                                                -- in doubt, not delivered
                      WHEN 8 THEN '{6}'         -- CANCELLED
                      ELSE '{}' END::smallint[])),      -- UNKNOWN
            ended) END)
$$;
