-- Receipts that came before their answers: those of the messages accepted
-- here move from receipt_inbox to the ledger, and the groups' owners look
-- again (group_due). An answer may be ten minutes late; what came long before
-- is about another message with the same id.
-- Called by: group_batch, with its ledger rows.
CREATE FUNCTION receipt_fetch(
    smsc_ids text[], message_ids text[], outcomes smallint[],
    groups bigint[], segments smallint[], attempts smallint[], copies int[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    WITH early AS (
        DELETE FROM receipt_inbox i
        USING unnest(smsc_ids, message_ids, outcomes, groups, segments,
                     attempts, copies)
              AS l (smsc_id, message_id, outcome, group_id, segment, attempt,
                    copy)
        WHERE l.outcome = 1 AND i.message_id = l.message_id
              AND i.smsc_id = l.smsc_id
              AND i.at > started - interval '15 min'
        RETURNING l.group_id, l.segment, l.attempt, l.copy, i.*
    ), written AS (
        INSERT INTO ledger (id, day, at, group_id, segment, attempt, copy,
                            outcome, smsc_id, message_id, code, text)
        SELECT nextval('ledger_seq'), utc_day(started), e.at, e.group_id,
               e.segment, e.attempt, e.copy, e.outcome, e.smsc_id,
               e.message_id, e.code, e.text
        FROM early e
        ORDER BY e.at
    )
    UPDATE live g SET look_at = '-infinity'
    FROM early e
    WHERE g.id = e.group_id AND NOT g.parked;
END $$;
