-- One copy: one submit of one segment.
CREATE TYPE copy_ref AS (
    group_id  bigint,
    segment   smallint,
    attempt   smallint,
    copy      int
);
