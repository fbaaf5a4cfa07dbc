-- Is this the queue that the caller means, on the cluster it was made on?
-- Returns NULL, or one sentence that says what is wrong and what mends it.
-- Called by: both boxes at start, and instance_start.
CREATE FUNCTION deployment_check(deployment text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
    SELECT CASE
        WHEN s.deployment IS DISTINCT FROM deployment_check.deployment THEN
            format('this database holds the queue of deployment "%s", not of'
                   ' "%s": correct pgsql-id or deployment in group = convoy',
                   s.deployment, deployment_check.deployment)
        WHEN s.system_identifier <> c.system_identifier::text THEN
            'this database is a copy from another cluster: stop the boxes'
            ' that use the original, then run convoyctl accept-restore'
        END
    FROM pg_control_system() c LEFT JOIN setting s ON true
$$;
