-- A sweep is a claim that ignores the cursors. It may take a twentieth of the
-- time, however long one takes: a cursor that is too high then usually costs
-- milliseconds, and dead index entries cost little where they abound.
-- Called by: group_claim.

-- Is it time for one? If so it begins now.
CREATE FUNCTION sweep_begin() RETURNS bool
LANGUAGE plpgsql AS $$
DECLARE
    now_us bigint := moment_us(clock_timestamp());
    next_us bigint := nullif(current_setting('convoy.sweep_next', true), '');
BEGIN
    IF now_us < next_us THEN
        RETURN false;
    END IF;
    PERFORM set_config('convoy.sweep_began', now_us::text, false);
    RETURN true;
END $$;

CREATE FUNCTION sweep_end() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    now_us bigint := moment_us(clock_timestamp());
    began_us bigint := current_setting('convoy.sweep_began');
BEGIN
    PERFORM set_config('convoy.sweep_next',
                       (now_us + 20 * (now_us - began_us))::text, false);
END $$;
