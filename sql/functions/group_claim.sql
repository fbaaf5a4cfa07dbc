-- Takes ready groups for sending: QUEUED -> SENDING.
--
-- Arguments: the caller's leases with their epochs (one whose epoch is no
--   longer the lease's counts for nothing), and how many groups at most.
-- Returns the groups, by priority, then age. None: nothing is ready now.
--   Fewer than max: call again, there may be more.
-- Called by: scheduler. Invariant 4: one group at a time per receiver. A
--   ready group whose receiver is held is set waiting, out of the ready
--   index, so that it is looked at once and not by every claim;
--   receiver_free sets it ready again. Invariant 9: a group of several
--   segments leaves with a concatenation reference; with none free it keeps
--   its receiver and group_due tries it again.
CREATE FUNCTION group_claim(leases int[], epochs bigint[], max int)
RETURNS SETOF group_row
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
DECLARE
    sweep bool;
    picked bigint[];
    claimed bigint[];
BEGIN
    -- Each round takes what it looks at out of the ready index.
    FOR round IN 1..10 LOOP
        sweep := sweep_begin();
        picked := group_pick(leases, epochs, max, sweep);
        IF sweep THEN
            PERFORM sweep_end();
        END IF;
        EXIT WHEN picked IS NULL;
        BEGIN
            claimed := group_take(picked);
            IF coalesce(cardinality(claimed), 0)
               <= cardinality(picked) - 3 THEN
                PERFORM group_sift(picked);
            END IF;
            EXIT WHEN claimed IS NOT NULL;
        EXCEPTION WHEN unique_violation THEN
            -- Another instance was first with a receiver: look again.
            PERFORM cursor_lower(picked);
        END;
    END LOOP;
    IF claimed IS NOT NULL THEN
        RETURN QUERY SELECT * FROM group_rows(claimed, true);
    END IF;
END $$;
