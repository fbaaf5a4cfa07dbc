-- Keys of the advisory locks, in one place. 'receipt' keeps a receipt and the
-- answer it belongs to from missing each other; 'lease' lets one instance at
-- a time share out leases; 'group N' orders receipts of an ended group;
-- 'maintain' and 'init' do one at a time.
CREATE FUNCTION lock_key(purpose text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT hashtextextended('convoy.' || purpose, 0)
$$;
