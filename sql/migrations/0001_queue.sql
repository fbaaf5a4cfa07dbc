-- The queue. Only `live` changes often and is kept narrow and short; what is
-- wide or lasting (body, ledger, result, notified) is written once, into one
-- partition a day, and leaves by dropping partitions. There are no foreign
-- keys: each would cost a row lock per insert.
--
-- State, aim and outcome numbers are those of plugin/core/group.h; the
-- functions state_name, aim_name and outcome_name spell them.

CREATE TABLE migration (
    version     int         PRIMARY KEY,
    name        text        NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row: whose queue this is. A copy of the database on another cluster,
-- or a box of another deployment, must not work on it by mistake.
CREATE TABLE setting (
    one                bool   PRIMARY KEY DEFAULT true CHECK (one),
    deployment         text   NOT NULL,
    system_identifier  text   NOT NULL,
    held               bool   NOT NULL DEFAULT false, -- a box is ahead of it
    held_group         bigint                         -- newest group then
);

-- --- instances and leases --------------------------------------------------

-- One connection epoch of one box. Its expiry is the expiry of all leases it
-- holds, so that a renewal writes one row.
CREATE TABLE instance (
    name        text        PRIMARY KEY,
    routes      text[]      NOT NULL DEFAULT '{}',
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL DEFAULT '-infinity'
);

-- Which batches of an instance are in: a repeated one changes nothing.
-- Rows instead of a counter, since a counter bumped hundreds of times a
-- second turns into a chain of dead versions under a long transaction.
CREATE TABLE batch (
    instance    text        NOT NULL,
    number      bigint      NOT NULL,
    fenced      bigint[],                       -- what group_batch answered
    PRIMARY KEY (instance, number)
);

CREATE SEQUENCE epoch_seq;

-- Groups of one route and shard have one owner. The row changes only when
-- the lease changes hands.
CREATE TABLE lease (
    id          int         PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    route       text        NOT NULL,           -- smsc-id, '' for any
    shard       int         NOT NULL,
    epoch       bigint      NOT NULL DEFAULT 0,
    owner       text,                           -- instance; NULL: free
    orderly     bool        NOT NULL DEFAULT true, -- last owner gave it back
    UNIQUE (route, shard)
);

-- --- pushes ----------------------------------------------------------------

-- Makes a repeated (PI, push-id) a duplicate for the whole retention. An
-- index over day partitions could not, hence the digest and hash partitions.
CREATE TABLE push (
    digest            bytea       NOT NULL,     -- push_digest(pi, push_id)
    accepted_at       timestamptz NOT NULL,
    pi                text        NOT NULL,
    push_id           text        NOT NULL,
    notify_url        text,
    source_reference  text,
    qos               text,
    groups            bigint[]    NOT NULL,
    PRIMARY KEY (digest)
) PARTITION BY HASH (digest);

DO $$
BEGIN
    FOR i IN 0..7 LOOP
        EXECUTE format('CREATE TABLE push_%s PARTITION OF push
            FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
    END LOOP;
END $$;

CREATE INDEX push_accepted ON push USING brin (accepted_at);

-- --- groups ----------------------------------------------------------------

CREATE SEQUENCE group_seq;

CREATE TABLE live (
    id           bigint      NOT NULL,  -- from group_seq: its age in the queue
    epoch        bigint      NOT NULL DEFAULT 0, -- under which it was handed out
    deadline_at  timestamptz NOT NULL,
    due_at       timestamptz,           -- DEFERRED until, AWAITING until
    look_at      timestamptz,           -- when group_due picks it up
    lease        int         NOT NULL,
    reference    int,                   -- concatenation reference, once taken
    body_day     date        NOT NULL,  -- its partition of body
    stored_day   date        NOT NULL,  -- its first partition of ledger
    priority     smallint    NOT NULL,
    state        smallint    NOT NULL,
    aim          smallint    NOT NULL DEFAULT 0,
    attempt      smallint    NOT NULL DEFAULT 1,
    tries        smallint    NOT NULL DEFAULT 0, -- times it was claimed
    takeovers    smallint    NOT NULL DEFAULT 0, -- times its owner died
    segments     smallint    NOT NULL,
    concat_bits  smallint    NOT NULL,
    closed       bool        NOT NULL DEFAULT false,
    cancel_requested bool    NOT NULL DEFAULT false,
    parked       bool        NOT NULL DEFAULT false,
    ready        bool        NOT NULL,  -- QUEUED, to be claimed
    waiting      bool        NOT NULL DEFAULT false, -- QUEUED behind a holder
    holds        bool        NOT NULL DEFAULT false, -- nobody else may send to
    receiver     text        NOT NULL,               -- this receiver
    PRIMARY KEY (id),
    CHECK (ready::int + waiting::int + holds::int <= 1)
) WITH (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX live_ready ON live (lease, priority, id) WHERE ready;
CREATE INDEX live_waiting ON live (receiver, priority DESC, id) WHERE waiting;
CREATE UNIQUE INDEX live_holder ON live (receiver) WHERE holds;
CREATE INDEX live_look ON live (lease, look_at) WHERE look_at IS NOT NULL;
CREATE INDEX live_owned ON live (lease, epoch)
    WHERE state IN (2, 4) AND NOT parked;       -- SENDING, ROLLBACK

-- What is needed to send the group and to report on it. `day` is that of
-- deadline + receipt time-out, so that whole partitions fall out of use.
CREATE TABLE body (
    day          date        NOT NULL,
    group_id     bigint      NOT NULL,
    stored_at    timestamptz NOT NULL,
    concerns     bytea       NOT NULL,          -- digest of its push
    notify       bool        NOT NULL,
    address      text        NOT NULL,          -- as the PI wrote it
    route        text        NOT NULL,
    sender       text        NOT NULL,
    service      text        NOT NULL,
    ports        bytea       NOT NULL,
    payload      bytea       NOT NULL,
    extra        text,
    PRIMARY KEY (day, group_id)
) PARTITION BY RANGE (day);

-- A concatenation reference belongs to one group per receiver until
-- free_after (NULL: that group still lives). The row may outlast its use.
CREATE TABLE reference_in_use (
    group_id     bigint      NOT NULL,
    free_after   timestamptz,
    reference    int         NOT NULL,
    receiver     text        NOT NULL,
    PRIMARY KEY (receiver, reference)
) WITH (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0
);

-- --- what happened ---------------------------------------------------------

CREATE SEQUENCE ledger_seq;

-- One row for every outcome of every copy of a segment; never changed.
CREATE TABLE ledger (
    id           bigint      NOT NULL,          -- order of writing
    group_id     bigint      NOT NULL,
    at           timestamptz NOT NULL,          -- when it happened
    link         bigint,
    day          date        NOT NULL,          -- UTC day of writing
    copy         int         NOT NULL,          -- number of the submit, from 1
    code         int,                           -- the SMSC's
    segment      smallint    NOT NULL,
    attempt      smallint    NOT NULL,
    outcome      smallint    NOT NULL,
    smsc_id      text,
    message_id   text,
    text         text
) PARTITION BY RANGE (day);

CREATE INDEX ledger_group ON ledger (group_id);
CREATE INDEX ledger_message ON ledger (message_id, smsc_id)
    WHERE outcome = 1;                          -- accepted

-- Receipts whose segment is not known as accepted (yet).
CREATE TABLE receipt_inbox (
    smsc_id      text        NOT NULL,
    message_id   text        NOT NULL,
    outcome      smallint    NOT NULL,
    code         int,
    text         text,
    at           timestamptz NOT NULL,
    PRIMARY KEY (message_id, smsc_id, outcome)
);

CREATE TABLE result (
    day          date        NOT NULL,          -- UTC day of the end
    group_id     bigint      NOT NULL,
    stored_at    timestamptz NOT NULL,
    ended_at     timestamptz NOT NULL,
    code         int         NOT NULL,          -- PAP
    state        smallint    NOT NULL,
    attempt      smallint    NOT NULL,
    segments     smallint    NOT NULL,
    concerns     bytea       NOT NULL,          -- digest of its push
    address      text        NOT NULL,
    receiver     text        NOT NULL,
    cause        text        NOT NULL
) PARTITION BY RANGE (day);

CREATE INDEX result_group ON result (group_id);

-- --- notifications ---------------------------------------------------------

-- Results that a PI still has to hear of.
CREATE TABLE notification (
    id           bigint      PRIMARY KEY,       -- of the group
    due_at       timestamptz NOT NULL,          -- next try, or end of a lease
    tries        int         NOT NULL DEFAULT 0,
    holder       text,                          -- instance that tries now
    accepted_at  timestamptz NOT NULL,
    event_at     timestamptz NOT NULL,
    code         int         NOT NULL,
    state        smallint    NOT NULL,
    cause        text        NOT NULL,
    url          text        NOT NULL,
    pi           text        NOT NULL,
    push_id      text        NOT NULL,
    address      text        NOT NULL,
    source_reference text,
    qos          text,
    answer       text                           -- to the last try
) WITH (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX notification_due ON notification (due_at);

-- What became of them.
CREATE TABLE notified (
    day          date        NOT NULL,
    group_id     bigint      NOT NULL,
    at           timestamptz NOT NULL,
    tries        int         NOT NULL,
    answer       text
) PARTITION BY RANGE (day);

CREATE INDEX notified_group ON notified (group_id);
