-- Renews an instance and shares out the leases.
--
-- Arguments: routes: smsc-ids that the instance's links can send ('' among
--   them if they may take groups that name none), none if no link is there
--   now; ttl_us: for how long the instance is good without another renewal,
--   0: it gives everything back and is no more; release: leases that it gives
--   back now.
-- Returns all leases that it holds from now on. fresh: taken by this call.
--   yielding: another instance waits for it; finish what is under way, claim
--   no more, then name it in release. A lease of a route that no live
--   instance can send is given to anybody, so that its groups expire.
-- Errors: 55000 if the instance was never started.
-- Called by: scheduler, on a connection of its own, every fifth of the TTL.
--   The database's clock alone decides. Invariant 11 (fenced): a lease that
--   changes hands gets a new epoch. Whoever comes, goes or gives back tells
--   the others on the channel convoy_lease, so that they need not wait for
--   their next renewal.
CREATE FUNCTION lease_renew(instance text, routes text[], ttl_us bigint,
                            release int[])
RETURNS TABLE (lease int, route text, shard int, epoch bigint, fresh bool,
               yielding bool)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
#variable_conflict use_column
DECLARE
    ends bool := ttl_us = 0;
    lived bool;
    taken int[];
BEGIN
    -- One at a time, so that two never count the same lease as free.
    PERFORM pg_advisory_xact_lock(lock_key('lease'));

    SELECT i.expires_at > clock_timestamp()
           AND i.routes = lease_renew.routes INTO lived
    FROM instance i WHERE i.name = lease_renew.instance;
    UPDATE instance i
    SET routes = lease_renew.routes,
        expires_at = CASE WHEN ends THEN '-infinity'
                          ELSE clock_timestamp() + span(ttl_us) END
    WHERE i.name = lease_renew.instance;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'instance % is not started', lease_renew.instance
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'call instance_start first';
    END IF;
    PERFORM lease_create(lease_renew.routes);

    UPDATE lease l SET owner = NULL, orderly = true
    WHERE l.owner = lease_renew.instance
          AND (ends OR l.id = ANY (lease_renew.release));
    IF FOUND OR NOT lived THEN
        PERFORM pg_notify('convoy_lease', lease_renew.instance);
    END IF;
    IF ends OR (SELECT held FROM setting) THEN
        RETURN;
    END IF;

    -- An even share of each route, rounded up, among those who can send it.
    WITH shares AS (
        SELECT s.route, s.share FROM lease_share(lease_renew.instance) s
    ), vacant AS (
        SELECT l.id, s.share - (SELECT count(*) FROM lease m
                                WHERE m.route = l.route
                                      AND m.owner = lease_renew.instance)
                     AS wanted,
               row_number() OVER (PARTITION BY l.route ORDER BY l.shard) AS n
        FROM lease l JOIN shares s ON s.route = l.route
        WHERE l.id <> ALL (lease_renew.release)
              AND NOT EXISTS (SELECT FROM instance i
                              WHERE i.name = l.owner
                                    AND i.expires_at > clock_timestamp())
    ), took AS (
        UPDATE lease l
        SET orderly = l.owner IS NULL, owner = lease_renew.instance,
            epoch = nextval('epoch_seq')
        FROM vacant v
        WHERE l.id = v.id AND v.n <= v.wanted
        RETURNING l.id
    )
    SELECT array_agg(t.id) INTO taken FROM took t;

    RETURN QUERY
    SELECT l.id, l.route, l.shard, l.epoch,
           l.id = ANY (coalesce(taken, '{}')),
           row_number() OVER (PARTITION BY l.route ORDER BY l.shard)
               > coalesce(s.share, 0)
    FROM lease l
         LEFT JOIN lease_share(lease_renew.instance) s ON s.route = l.route
    WHERE l.owner = lease_renew.instance
    ORDER BY l.id;
END $$;
