-- How many leases of each route this live instance should hold: 32 divided
-- by the live instances that can send the route, rounded up. A route that
-- none can send is shared among all; one that only others can send is absent.
-- Called by: lease_renew.
CREATE FUNCTION lease_share(instance text)
RETURNS TABLE (route text, share int)
LANGUAGE sql STABLE AS $$
    WITH alive AS (
        SELECT i.name, i.routes FROM convoy.instance i
        WHERE i.expires_at > clock_timestamp()
    ), able AS (
        SELECT r.route, count(*) FILTER (WHERE r.route = ANY (a.routes)) AS n,
               bool_or(a.name = lease_share.instance
                       AND r.route = ANY (a.routes)) AS mine,
               count(*) AS everybody
        FROM (SELECT DISTINCT l.route FROM convoy.lease l) r, alive a
        GROUP BY r.route
    )
    SELECT a.route, ceil(32.0 / CASE WHEN a.n > 0 THEN a.n
                                     ELSE a.everybody END)::int
    FROM able a
    WHERE a.mine OR a.n = 0
$$;
