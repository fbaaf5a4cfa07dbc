-- The shard of a receiver, 0 to 31. Computed once, when the group is stored;
-- 32 leases a route let a handful of boxes share it evenly.
CREATE FUNCTION shard(receiver text) RETURNS int
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (hashtextextended(receiver, 0) & 31)::int
$$;

-- Makes the leases of routes that nobody named before.
CREATE FUNCTION lease_create(routes text[]) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO convoy.lease (route, shard)
    SELECT r.route, s.shard
    FROM (SELECT DISTINCT unnest(routes)) r (route),
         generate_series(0, 31) s (shard)
    WHERE NOT EXISTS (SELECT FROM convoy.lease l WHERE l.route = r.route)
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING
$$;
