-- Enters a batch number. False: it is in already.
CREATE FUNCTION batch_begin(instance text, number bigint) RETURNS bool
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO batch (instance, number)
    SELECT i.name, batch_begin.number FROM instance i
    WHERE i.name = batch_begin.instance
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN true;
    END IF;
    IF NOT EXISTS (SELECT FROM instance i
                   WHERE i.name = batch_begin.instance) THEN
        RAISE EXCEPTION 'instance % is not started', batch_begin.instance
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'call instance_start first';
    END IF;
    RETURN false;
END $$;
