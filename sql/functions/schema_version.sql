-- The number of the last migration; the module refuses any but its own.
CREATE FUNCTION schema_version() RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
    SELECT max(version) FROM migration
$$;
