-- A free concatenation reference of this receiver out of `space` ones, from
-- the group's number on upwards so that none is used again soon; NULL if 256
-- in a row are taken.
-- Called by: group_take.
CREATE FUNCTION reference_find(receiver text, id bigint, space int)
RETURNS int
LANGUAGE plpgsql STABLE AS $$
DECLARE
    choice int := id % space;
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
        choice := (choice + 1) % space;
    END LOOP;
    RETURN NULL;
END $$;
