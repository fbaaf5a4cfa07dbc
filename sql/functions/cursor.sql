-- Low-water cursors of the claim: for each lease and priority the lowest
-- group id that may still be ready. Without them a claim walks over the index
-- entries of all groups claimed before, as long as a long transaction
-- anywhere in the cluster keeps VACUUM from removing them.
--
-- They live in settings of the session, since as rows they would bloat the
-- same way. A cursor that is too high (rows that another session made ready
-- or committed late) is mended by the sweeps of group_claim.
CREATE FUNCTION cursor_get(lease int, priority smallint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting(
        'convoy.low_' || lease || '_' || priority, true), ''), '0')::bigint
$$;

CREATE FUNCTION cursor_set(lease int, priority smallint, low bigint)
RETURNS text
LANGUAGE sql VOLATILE AS $$
    SELECT set_config('convoy.low_' || lease || '_' || priority,
                      low::text, false)
$$;

-- These groups have become ready.
CREATE FUNCTION cursor_lower(groups bigint[]) RETURNS void
LANGUAGE sql AS $$
    SELECT convoy.cursor_set(l.lease, l.priority, min(l.id))
    FROM convoy.live l
    WHERE l.id = ANY (groups)
    GROUP BY l.lease, l.priority
    HAVING min(l.id) < convoy.cursor_get(l.lease, l.priority)
$$;
