-- Makes an instance known: one connection epoch of one box.
--
-- Arguments: instance: a name never used before; deployment as configured;
--   last_instance, last_batch: what the box remembers of its last batch in a
--   file beside the database (NULL, 0: nothing), last_restores: how many
--   restores had been accepted by then; predecessor: an instance of the same
--   process (NULL: none), which is no more and leaves its leases to this one
--   under new epochs, lest other boxes take them in between.
-- Returns the number of this instance's last batch (0 when new), the
--   cluster's system identifier, whether the queue is held, and how many
--   restores have been accepted (restore_accept). Held: this database does
--   not know a batch that the box saw committed, so it was restored from a
--   backup, and groups in it may have been sent since. What was seen before
--   a restore that has been accepted proves nothing any more.
-- Errors: P0001 if this is another deployment's queue or a copy of one.
-- Called by: scheduler, after each connect. Invariants 7, 10.
CREATE FUNCTION instance_start(instance text, deployment text,
                               last_instance text, last_batch bigint,
                               last_restores int DEFAULT 0,
                               predecessor text DEFAULT NULL)
RETURNS TABLE (batch bigint, system_identifier text, held bool, restores int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wrong text := deployment_check(instance_start.deployment);
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong;
    END IF;

    INSERT INTO instance (name) VALUES (instance_start.instance)
    ON CONFLICT DO NOTHING;

    PERFORM pg_advisory_xact_lock(lock_key('lease'));
    UPDATE instance i SET expires_at = '-infinity'
    WHERE i.name = instance_start.predecessor;
    UPDATE lease l SET owner = instance_start.instance, orderly = true,
                       epoch = nextval('epoch_seq')
    WHERE l.owner = instance_start.predecessor;
    UPDATE instance i SET expires_at = clock_timestamp() + interval '5 s'
    WHERE i.name = instance_start.instance AND FOUND;

    -- Exactly this batch: the next one, on its way then, may have come in
    -- after the restore. Where there are many later ones it has expired here
    -- (maintain_ahead), and the box could not write its file for long.
    IF instance_start.last_batch > 0
       AND last_restores >= (SELECT s.restores FROM setting s)
       AND NOT EXISTS (SELECT FROM batch b
                       WHERE b.instance = instance_start.last_instance
                             AND (b.number = instance_start.last_batch
                                  OR b.number
                                     > instance_start.last_batch + 1000)) THEN
        UPDATE setting SET held = true, held_group = nextval('group_seq')
        WHERE NOT held;
    END IF;

    RETURN QUERY
    SELECT coalesce((SELECT max(b.number) FROM batch b
                     WHERE b.instance = instance_start.instance), 0),
           s.system_identifier, s.held, s.restores
    FROM setting s;
END $$;
