-- Lets pushes that are being stored take the place of others: what has not
-- ended of those is to be cancelled, in the transaction that stores the new.
--
-- Arguments: per push the digest of the one it replaces (NULL: none) and
--   whether only receivers for which that one is pending are to get the new
--   one; per group push_no, receiver, and refused and cause of push_store.
-- Returns refused and cause, with the groups refused that are not to be sent
--   for that reason; follows: per group whether its receiver still has the old
--   one, behind which it has to wait (not where that is parked: it may be so
--   for ever, and when it is unparked it is cancelled); vain: the pushes
--   (1-based index) that have nothing left to send, and so replace nothing.
-- Called by: push_store. Invariant 8: of an old group nothing more is sent
--   once its owner has seen this, and it looks before it begins one.
CREATE FUNCTION push_replace(old bytea[], pending_only bool[], push_no int[],
    receiver text[], INOUT refused int[], INOUT cause text[],
    OUT follows bool[], OUT vain bigint[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    pending_no bigint[];
    pending_id bigint[];
    pending_receiver text[];
    pending_parked bool[];
BEGIN
    -- Locked, in the order of group_batch, none of them can end meanwhile.
    SELECT array_agg(l.no), array_agg(l.id), array_agg(l.receiver),
           array_agg(l.parked)
    INTO pending_no, pending_id, pending_receiver, pending_parked
    FROM (SELECT o.no, g.id, g.receiver, g.parked
          FROM unnest(push_replace.old) WITH ORDINALITY o (digest, no)
               JOIN push p ON p.digest = o.digest
               CROSS JOIN LATERAL unnest(p.groups) i (id)
               JOIN live g ON g.id = i.id
          ORDER BY g.id FOR UPDATE OF g) l;

    WITH judged AS MATERIALIZED (
        SELECT g.*, p.moving AS follows,
               g.refused IS NULL AND p.no IS NULL
               AND push_replace.old[g.push_no] IS NOT NULL
               AND push_replace.pending_only[g.push_no] AS late
        FROM unnest(push_replace.push_no, push_replace.receiver,
                    push_replace.refused, push_replace.cause)
             WITH ORDINALITY AS g (push_no, receiver, refused, cause, no)
             LEFT JOIN (SELECT p.no, p.receiver,
                               bool_or(NOT p.parked) AS moving
                        FROM unnest(pending_no, pending_receiver,
                                    pending_parked) p (no, receiver, parked)
                        GROUP BY p.no, p.receiver) p
                  ON p.no = g.push_no AND p.receiver = g.receiver
    )
    SELECT array_agg(CASE WHEN j.late THEN 2008 ELSE j.refused END
                     ORDER BY j.no),
           array_agg(CASE WHEN j.late THEN 'the push to be replaced is not'
                          ' pending for this address' ELSE j.cause END
                     ORDER BY j.no),
           array_agg(j.follows ORDER BY j.no)
    INTO refused, cause, follows
    FROM judged j;

    vain := ARRAY(
        SELECT o.no
        FROM unnest(push_replace.old, push_replace.pending_only)
             WITH ORDINALITY AS o (digest, pending_only, no)
        WHERE o.digest IS NOT NULL AND o.pending_only
              AND NOT EXISTS (SELECT FROM unnest(push_replace.push_no,
                                                 push_replace.refused)
                                     g (push_no, refused)
                              WHERE g.push_no = o.no AND g.refused IS NULL));

    UPDATE live g SET cancel_requested = true, look_at = clock_timestamp()
    WHERE g.id = ANY (ARRAY(SELECT p.id
                            FROM unnest(pending_no, pending_id) p (no, id)
                            WHERE p.no <> ALL (vain)));
END $$;
