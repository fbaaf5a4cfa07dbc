-- The key of a push: 128 bits of SHA-256 over PI and push-id. Short whatever
-- the push-id's length, and no PI can make one that collides with another's.
-- Not IMMUTABLE, as convert_to is not: PostgreSQL would not inline it.
CREATE FUNCTION push_digest(pi text, push_id text) RETURNS bytea
LANGUAGE sql STABLE STRICT AS $$
    SELECT substring(sha256(convert_to(pi, 'UTF8') || '\x00'::bytea
                            || convert_to(push_id, 'UTF8')) FROM 1 FOR 16)
$$;
