-- Reports tries of notify_take: over, with a verdict (see `notified`), or, if
-- that is NULL, to be tried again retry_in_us microseconds from now; answer:
-- what the PI said, or NULL if it was not told after all. One whose tries
-- differ was lent to somebody else meanwhile: ignored.
-- Called by: notifier. Invariant 7: repeats until it is acknowledged.
CREATE FUNCTION notify_done(id bigint[], tries int[], verdict text[],
                            retry_in_us bigint[], answer text[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    WITH gone AS (
        DELETE FROM notification n
        USING unnest(notify_done.id, notify_done.tries, notify_done.verdict,
                     notify_done.answer) AS t (id, tries, verdict, answer)
        WHERE n.id = t.id AND n.tries = t.tries AND t.verdict IS NOT NULL
        RETURNING n.id, n.tries, t.verdict, t.answer
    )
    INSERT INTO notified (day, group_id, at, tries, verdict, answer)
    SELECT utc_day(started), g.id, started, g.tries, g.verdict, g.answer
    FROM gone g;

    UPDATE notification n
    SET due_at = started + span(t.retry_in_us), holder = NULL,
        answer = coalesce(t.answer, n.answer)
    FROM unnest(notify_done.id, notify_done.tries, notify_done.verdict,
                notify_done.retry_in_us, notify_done.answer)
         AS t (id, tries, verdict, retry_in_us, answer)
    WHERE n.id = t.id AND n.tries = t.tries AND t.verdict IS NULL;
END $$;
