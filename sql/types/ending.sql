-- How a group ends: final state, PAP code, words for desc, and how long its
-- concatenation reference stays taken (microseconds).
CREATE TYPE ending AS (
    id       bigint,
    state    smallint,
    code     int,
    cause    text,
    hold_us  bigint
);
