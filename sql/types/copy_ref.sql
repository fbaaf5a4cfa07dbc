-- One copy: one submit of one segment; day: of the ledger row that says so.
CREATE TYPE copy_ref AS (
    group_id  bigint,
    segment   smallint,
    attempt   smallint,
    copy      int,
    day       date
);
