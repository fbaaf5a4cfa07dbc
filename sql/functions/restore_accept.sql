-- Lets a queue go on that was restored from a backup, or copied to another
-- cluster. Whatever it holds from before may have been sent since then:
-- those groups end UNKNOWN, and are never sent again (invariant 9 cannot be
-- kept for them, invariant 7 can). Returns how many.
-- Errors: P0001 if the queue is neither held nor a copy.
-- Called by: convoyctl accept-restore.
CREATE FUNCTION restore_accept() RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    cluster text := (SELECT c.system_identifier::text
                     FROM pg_control_system() c);
    newest bigint := nextval('group_seq');
    endings ending[];
BEGIN
    SELECT least(newest, s.held_group) INTO newest FROM setting s
    WHERE s.held OR s.system_identifier <> cluster;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the queue is not held: there is nothing to accept';
    END IF;

    SELECT array_agg(ROW(g.id, 9, 4000, 'the queue was restored from a'
                         ' backup; it may have been sent', 0)::ending)
    INTO endings
    FROM (SELECT g.id FROM live g WHERE g.id < newest
          ORDER BY g.id FOR UPDATE) g;
    IF endings IS NOT NULL THEN
        PERFORM receiver_free(group_end(endings));
    END IF;
    UPDATE setting
    SET held = false, held_group = NULL, system_identifier = cluster,
        restores = restores + 1;
    RETURN coalesce(cardinality(endings), 0);
END $$;
