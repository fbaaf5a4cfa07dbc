-- Day partitions of body, ledger, result and notified; days are UTC.

-- Makes one unless it exists. It is attached rather than created in place,
-- which would wait for, and then hold up, everything that uses the parent.
CREATE FUNCTION partition_add(parent text, day date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    child text := parent || '_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass('convoy.' || child) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE convoy.%I (LIKE convoy.%I INCLUDING ALL)',
                   child, parent);
    EXECUTE format('ALTER TABLE convoy.%I ATTACH PARTITION convoy.%I
                    FOR VALUES FROM (%L) TO (%L)',
                   parent, child, day, day + 1);
END $$;

-- Drops one. It needs the parent for itself for a moment: rather than queue
-- before everybody else it gives up after two seconds (SQLSTATE 55P03).
-- Called by: convoyctl maintain.
CREATE FUNCTION partition_drop(name text) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
    EXECUTE format('DROP TABLE convoy.%I', name);
END $$;

CREATE FUNCTION partition_list()
RETURNS TABLE (parent text, name text, day date)
LANGUAGE sql STABLE AS $$
    SELECT p.relname::text, c.relname::text,
           to_date(right(c.relname, 8), 'YYYYMMDD')
    FROM pg_inherits i
         JOIN pg_class c ON c.oid = i.inhrelid
         JOIN pg_class p ON p.oid = i.inhparent
    WHERE p.relnamespace = 'convoy'::regnamespace AND p.relkind = 'p'
          AND p.relname IN ('body', 'ledger', 'result', 'notified')
    ORDER BY 3, 1
$$;
