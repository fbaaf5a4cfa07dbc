-- Microseconds, which the module counts in, to PostgreSQL's times and back.
CREATE FUNCTION span(us bigint) RETURNS interval
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT us * interval '1 microsecond'
$$;

CREATE FUNCTION span_us(span interval) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (date_part('epoch', span) * 1000000)::bigint
$$;

-- From microseconds since 1970; what lies beyond the year 9999 becomes 9999.
CREATE FUNCTION moment(us bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT 'epoch'::timestamptz
           + least(us, 253370764800000000) * interval '1 microsecond'
$$;

-- STABLE as date_part() of a timestamptz is, or it would not be inlined.
CREATE FUNCTION moment_us(at timestamptz) RETURNS bigint
LANGUAGE sql STABLE STRICT AS $$
    SELECT (date_part('epoch', at) * 1000000)::bigint
$$;

CREATE FUNCTION utc_day(at timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (at AT TIME ZONE 'UTC')::date
$$;
