-- A free reference of this receiver, from the group's number on upwards so
-- that one is not used again soon; NULL if 256 in a row are taken.
CREATE FUNCTION reference_find(receiver text, id bigint, bits smallint)
RETURNS int
LANGUAGE plpgsql STABLE AS $$
DECLARE
    size int := 1 << bits;
    choice int := id % size;
BEGIN
    FOR n IN 1..256 LOOP
        IF NOT EXISTS (
            SELECT FROM reference_in_use u
            WHERE u.receiver = reference_find.receiver
                  AND u.reference = choice
                  AND (u.free_after IS NULL
                       OR u.free_after > clock_timestamp())) THEN
            RETURN choice;
        END IF;
        choice := (choice + 1) % size;
    END LOOP;
    RETURN NULL;
END $$;
