-- Writes what happened: outcomes of segments, and the groups' new states.
--
-- Arguments: instance and its rising batch number; l_*: ledger rows (l_at_us:
--   how many microseconds ago); t_*: transitions, each based on an epoch and
--   an attempt. t_in_us: DEFERRED until, AWAITING until, in microseconds from
--   now, NULL keeps what is stored; t_cause, t_code, t_hold_us (how long the
--   concatenation reference stays taken): final states only.
-- Returns the groups whose transition was refused, because they have another
--   epoch or attempt by now, or are gone. A batch that is in already changes
--   nothing and returns the same again.
-- Errors: 55000 if the instance was never started.
-- Called by: scheduler. Invariants 2, 5 (ledger rows are facts, whoever
--   reports them), 7 (one result, with its notification), 11.
CREATE FUNCTION group_batch(
    instance text, batch bigint,
    l_group bigint[], l_segment smallint[], l_attempt smallint[],
    l_copy int[], l_outcome smallint[], l_smsc_id text[], l_link bigint[],
    l_message_id text[], l_code int[], l_text text[], l_at_us bigint[],
    t_group bigint[], t_epoch bigint[], t_attempt smallint[],
    t_state smallint[], t_aim smallint[], t_new_attempt smallint[],
    t_closed bool[], t_in_us bigint[], t_cause text[], t_code int[],
    t_hold_us bigint[])
RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
DECLARE
    started timestamptz := clock_timestamp();
    owned bigint[];
    free text[];
    queued bigint[];
    refused bigint[];
    receipted bigint[] := ARRAY(
        SELECT l.id FROM unnest(l_group, l_outcome) l (id, outcome)
        WHERE l.outcome IN (4, 5));         -- delivered, not delivered
BEGIN
    IF NOT batch_begin(instance, batch) THEN
        RETURN QUERY SELECT unnest(b.fenced) FROM batch b
                     WHERE b.instance = group_batch.instance
                           AND b.number = group_batch.batch;
        RETURN;
    END IF;

    IF 1 = ANY (l_outcome) THEN         -- accepted: a receipt may be there
        PERFORM pg_advisory_xact_lock_shared(lock_key('receipt'));
    END IF;
    IF cardinality(l_group) > 0 THEN
        INSERT INTO ledger (id, day, at, group_id, segment, attempt, copy,
                            outcome, smsc_id, link, message_id, code, text)
        SELECT nextval('ledger_seq'), utc_day(started),
               started - span(l.at_us), l.group_id, l.segment, l.attempt,
               l.copy, l.outcome, l.smsc_id, l.link, l.message_id, l.code,
               l.text
        FROM unnest(l_group, l_segment, l_attempt, l_copy, l_outcome,
                    l_smsc_id, l_link, l_message_id, l_code, l_text, l_at_us)
             AS l (group_id, segment, attempt, copy, outcome, smsc_id, link,
                   message_id, code, text, at_us);
    END IF;

    -- All in one order, which is that of receipts, too.
    IF cardinality(receipted) > 0 THEN
        PERFORM g.id FROM live g WHERE g.id = ANY (receipted || t_group)
        ORDER BY g.id FOR UPDATE;
    END IF;
    IF cardinality(t_group) > 0 THEN
        SELECT array_agg(o.id) INTO owned
        FROM (SELECT g.id
              FROM unnest(t_group, t_epoch, t_attempt) t (id, epoch, attempt)
                   JOIN live g ON g.id = t.id AND g.epoch = t.epoch
                               AND g.attempt = t.attempt
              WHERE NOT g.parked
              ORDER BY g.id FOR UPDATE OF g) o;

        WITH moved AS (
            UPDATE live g
            SET state = t.state, aim = t.aim, attempt = t.new_attempt,
                closed = t.closed, ready = t.state = 0, waiting = false,
                holds = g.holds AND t.state IN (2, 4),
                due_at = due_time(t.state, started + span(t.in_us), g.due_at),
                -- news that the owner has not been shown yet must still be,
                -- also while the group is lent
                look_at = least(
                    CASE WHEN g.state IN (2, 4) OR g.look_at = '-infinity'
                         THEN g.look_at END,
                    look_time(t.state, g.deadline_at,
                        due_time(t.state, started + span(t.in_us), g.due_at),
                        started))
            FROM unnest(t_group, t_epoch, t_attempt, t_state, t_aim,
                        t_new_attempt, t_closed, t_in_us)
                 AS t (id, epoch, attempt, state, aim, new_attempt, closed,
                       in_us)
            WHERE g.id = t.id AND g.epoch = t.epoch
                  AND g.attempt = t.attempt AND NOT g.parked
                  AND t.state < 5
            RETURNING g.id, g.receiver, g.state
        )
        SELECT array_agg(m.receiver) FILTER (WHERE m.state NOT IN (2, 4)),
               array_agg(m.id) FILTER (WHERE m.state = 0)
        INTO free, queued FROM moved m;
        IF queued IS NOT NULL THEN
            PERFORM cursor_lower(queued);
        END IF;

        IF EXISTS (SELECT FROM unnest(t_state) s WHERE s >= 5) THEN
            free := free || group_end(
                (SELECT array_agg(ROW(t.id, t.state, t.code, t.cause,
                                      t.hold_us)::ending)
                 FROM unnest(t_group, t_state, t_code, t_cause, t_hold_us)
                      AS t (id, state, code, cause, hold_us)
                 WHERE t.state >= 5 AND t.id = ANY (owned)));
        END IF;
        IF free IS NOT NULL THEN
            PERFORM receiver_free(free);
        END IF;

        IF coalesce(cardinality(owned), 0) < cardinality(t_group) THEN
            refused := ARRAY(SELECT t FROM unnest(t_group) t
                             WHERE t <> ALL (coalesce(owned, '{}')));
            UPDATE batch b SET fenced = refused
            WHERE b.instance = group_batch.instance
                  AND b.number = group_batch.batch;
            RETURN QUERY SELECT unnest(refused);
        END IF;
    END IF;

    -- A receipt that the owner wrote of a group which it has given back may
    -- be the last one missing, the others having come over another box: what
    -- brought them saw this one as little as the owner saw them.
    IF cardinality(receipted) > 0 THEN
        PERFORM receipt_news('', ARRAY(
            SELECT g.id FROM live g
            WHERE g.id = ANY (receipted) AND g.state NOT IN (2, 4)), '{}');
    END IF;

    -- Last, since it makes the owner look again whatever the new state is.
    -- Most inboxes have been empty since ever, or since a VACUUM.
    IF 1 = ANY (l_outcome) AND pg_relation_size('receipt_inbox') > 0 THEN
        PERFORM receipt_fetch(l_smsc_id, l_message_id, l_outcome, l_group,
                              l_segment, l_attempt, l_copy);
    END IF;
END $$;
