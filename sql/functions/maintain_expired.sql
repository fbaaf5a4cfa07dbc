-- What a retention lets go: deletes pushes that were accepted before it and
-- ended before it, and lists the partitions that may be dropped
-- (partition_drop). Bodies go as soon as no live group needs them.
-- Called by: convoyctl maintain.
CREATE FUNCTION maintain_expired(retention interval)
RETURNS TABLE (name text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    today date := utc_day(clock_timestamp());
    since timestamptz := clock_timestamp() - retention;
BEGIN
    DELETE FROM push p
    WHERE p.accepted_at < since
          -- One that waited for long, until a short while ago.
          AND NOT EXISTS (SELECT FROM result r
                          WHERE r.concerns = p.digest
                                AND r.stored_at < since
                                AND r.ended_at >= since
                                AND r.day >= utc_day(since))
          AND NOT EXISTS (SELECT FROM live g WHERE g.id = ANY (p.groups))
          AND NOT EXISTS (SELECT FROM notification n
                          WHERE n.id = ANY (p.groups));
    DELETE FROM instance i
    WHERE i.expires_at < clock_timestamp() - interval '400 days'
          AND i.started_at < clock_timestamp() - interval '400 days';
    DELETE FROM batch b
    WHERE NOT EXISTS (SELECT FROM instance i WHERE i.name = b.instance);

    RETURN QUERY
    SELECT p.name FROM partition_list() p
    WHERE CASE p.parent
          WHEN 'body' THEN p.day < today
               AND NOT EXISTS (SELECT FROM live g WHERE g.body_day = p.day)
          WHEN 'ledger' THEN p.day < today - retention
               AND NOT EXISTS (SELECT FROM live g
                               WHERE g.stored_day <= p.day)
          ELSE p.day < today - retention END;
END $$;
