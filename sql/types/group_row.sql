-- A group as the scheduler takes it into its hands: what to send, how far it
-- is, and its ledger so far (h_*, parallel arrays, oldest first).
-- Returned by group_claim, group_adopt, group_due and receipts.
CREATE TYPE group_row AS (
    id               bigint,
    lease            int,
    epoch            bigint,
    receiver         text,
    route            text,
    sender           text,
    service          text,
    priority         smallint,
    state            smallint,
    aim              smallint,
    attempt          smallint,
    closed           bool,
    takeovers        smallint,
    segments         smallint,
    concat_bits      smallint,
    reference        int,
    ports            bytea,
    payload          bytea,
    extra            text,
    deadline_in_us   bigint,
    deadline_at_us   bigint,     -- since 1970
    due_in_us        bigint,
    cancel_requested bool,
    h_segment        smallint[],
    h_attempt        smallint[],
    h_copy           int[],
    h_outcome        smallint[],
    h_ago_us         bigint[],
    h_code           int[],
    h_smsc_id        text[],
    h_message_id     text[],
    h_text           text[]     -- of acceptances only
);
