-- The accepted copy that each of these messages is, or NULL; of several the
-- newest, since SMSCs use message ids again.
-- Called by: receipts.
CREATE FUNCTION receipt_match(smsc_id text[], message_id text[], since date)
RETURNS copy_ref[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT (SELECT ROW(e.group_id, e.segment, e.attempt, e.copy,
                           e.day)::copy_ref
                FROM ledger e
                WHERE e.message_id = r.message_id AND e.smsc_id = r.smsc_id
                      AND e.outcome = 1 AND e.day >= since
                ORDER BY e.id DESC LIMIT 1)
        FROM unnest(smsc_id, message_id) WITH ORDINALITY
             AS r (smsc_id, message_id, no)
        ORDER BY r.no);
END $$;
