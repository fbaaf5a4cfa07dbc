-- Takes delivery receipts: each becomes a ledger row of the copy it is about.
--
-- Arguments: instance and its rising batch number (the counter of
--   group_batch); smsc_id and message_id as in the ledger; outcome 4
--   delivered, 5 not delivered, 8 not final; raw: the SMSC's own words;
--   at_us: how many microseconds ago.
-- Returns the groups under this instance's leases, in QUEUED, DEFERRED or
--   AWAITING, that these receipts may move: all segments delivered in the
--   current attempt, or one copy not delivered. They are lent as by
--   group_due. Groups of other instances, and those in an owner's memory,
--   reach their owner through group_due.
-- A receipt of no known message waits for its answer in receipt_inbox; one
--   that is in the ledger already is ignored.
-- Errors: 55000 if the instance was never started.
-- Called by: scheduler. Invariants 5, 7.
CREATE FUNCTION receipts(
    instance text, batch bigint, smsc_id text[], message_id text[],
    outcome smallint[], code int[], raw text[], at_us bigint[])
RETURNS SETOF group_row
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
#variable_conflict use_column
DECLARE
    started timestamptz := clock_timestamp();
    accepted copy_ref[];                -- one for each receipt, or NULL
    groups bigint[];
    lent bigint[];
BEGIN
    IF NOT batch_begin(receipts.instance, receipts.batch) THEN
        RETURN;
    END IF;

    -- Nearly all are about messages of today and yesterday. For the rest no
    -- batch may be under way, lest the answer they belong to be missed.
    accepted := receipt_match(receipts.smsc_id, receipts.message_id,
                              utc_day(started) - 1);
    IF array_position(accepted, NULL) IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(lock_key('receipt'));
        accepted := receipt_match(receipts.smsc_id, receipts.message_id,
                                  '-infinity');
        INSERT INTO receipt_inbox (smsc_id, message_id, outcome, code, text,
                                   at)
        SELECT r.smsc_id, r.message_id, r.outcome, r.code, r.raw,
               started - span(r.at_us)
        FROM unnest(receipts.smsc_id, receipts.message_id, receipts.outcome,
                    receipts.code, receipts.raw, receipts.at_us)
             WITH ORDINALITY
             AS r (smsc_id, message_id, outcome, code, raw, at_us, no)
        WHERE accepted[r.no] IS NULL
        ON CONFLICT DO NOTHING;
    END IF;

    -- Two boxes with one receipt each of the same group: the second waits
    -- here, and then sees the first one's. An ended group has no row to lock.
    groups := ARRAY(SELECT DISTINCT a.group_id FROM unnest(accepted) a
                    WHERE a.group_id IS NOT NULL ORDER BY 1);
    PERFORM g.id FROM live g WHERE g.id = ANY (groups)
    ORDER BY g.id FOR UPDATE;
    PERFORM pg_advisory_xact_lock(lock_key('group ' || e))
    FROM unnest(groups) e
    WHERE NOT EXISTS (SELECT FROM live g WHERE g.id = e);

    INSERT INTO ledger (id, day, at, group_id, segment, attempt, copy,
                        outcome, smsc_id, message_id, code, text)
    SELECT nextval('ledger_seq'), utc_day(started), started - span(n.at_us),
           n.group_id, n.segment, n.attempt, n.copy, n.outcome, n.smsc_id,
           n.message_id, n.code, n.raw
    FROM (SELECT DISTINCT ON (a.group_id, a.copy, r.outcome)
                 a.group_id, a.segment, a.attempt, a.copy, a.day, r.*
          FROM unnest(receipts.smsc_id, receipts.message_id,
                      receipts.outcome, receipts.code, receipts.raw,
                      receipts.at_us) WITH ORDINALITY
                   AS r (smsc_id, message_id, outcome, code, raw, at_us, no),
               LATERAL (SELECT (accepted[r.no]).*) a
          WHERE a.group_id IS NOT NULL
          ORDER BY a.group_id, a.copy, r.outcome, r.no) n
    WHERE NOT EXISTS (SELECT FROM ledger e
                      WHERE e.group_id = n.group_id AND e.copy = n.copy
                            AND e.outcome = n.outcome
                            AND e.day BETWEEN n.day AND utc_day(started))
    ORDER BY n.no;

    lent := receipt_news(
        receipts.instance, groups,
        ARRAY(SELECT (accepted[r.no]).group_id
              FROM unnest(receipts.outcome) WITH ORDINALITY r (outcome, no)
              WHERE r.outcome = 5));
    IF lent IS NOT NULL THEN
        RETURN QUERY SELECT * FROM group_rows(lent, false);
    END IF;
END $$;
