-- Drops what is made anew each time: views, functions and their row types.
-- An object of somebody else's that depends on one of them stops it.
DO $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format('DROP VIEW %s', c.oid::regclass) FROM pg_class c
        WHERE c.relnamespace = 'convoy'::regnamespace AND c.relkind = 'v'
    LOOP
        EXECUTE command;
    END LOOP;
    FOR command IN
        SELECT format('DROP FUNCTION %s', p.oid::regprocedure)
        FROM pg_proc p WHERE p.pronamespace = 'convoy'::regnamespace
    LOOP
        EXECUTE command;
    END LOOP;
    FOR command IN
        SELECT format('DROP TYPE %s', t.oid::regtype)
        FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
        WHERE c.relnamespace = 'convoy'::regnamespace AND c.relkind = 'c'
    LOOP
        EXECUTE command;
    END LOOP;
END $$;
