-- The numbers of plugin/core/group.h in words, for views and convoyctl.
-- A test compares them with the header.
CREATE FUNCTION state_name(state smallint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (ARRAY['QUEUED', 'DEFERRED', 'SENDING', 'AWAITING', 'ROLLBACK',
                  'DELIVERED', 'UNDELIVERABLE', 'EXPIRED', 'CANCELLED',
                  'UNKNOWN', 'REJECTED'])[state + 1]
$$;

CREATE FUNCTION aim_name(aim smallint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (ARRAY['NONE', 'RETRY', 'EXPIRE', 'CANCEL', 'FAIL'])[aim + 1]
$$;

CREATE FUNCTION outcome_name(outcome smallint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (ARRAY['accepted', 'refused', 'in doubt', 'delivered',
                  'not delivered', 'cancelled', 'too late to cancel',
                  'receipt, not final', 'not sent'])[outcome]
$$;
