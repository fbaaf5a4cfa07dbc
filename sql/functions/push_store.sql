-- Stores pushes with their groups: each whole, or not at all.
--
-- Arguments: per push pi .. pending_only; replaces: the push_id of one that
--   an earlier call stored, or NULL: its groups that have not ended are to be
--   cancelled; with pending_only only their receivers get the new push; per
--   group push_no (1-based index of its push) .. cause; refused: the PAP code
--   with which it ends here and now, REJECTED, or NULL; times in microseconds
--   since 1970 (not_before NULL: now, deadline NULL: not_before + lifetime),
--   durations in microseconds.
-- Returns for each push (1-based index) a PAP code: 1001, it is stored; 2007,
--   it is not, the pair (pi, push_id) is known already, or comes twice in
--   this call (the first one counts); 2004, what it replaces is not known;
--   2008, because of pending_only there is nobody left to send it to.
-- Errors: none of its own; a NULL where none may be fails the whole call.
-- Called by: intake. Invariants 1 (durable before accepted), 2 (one unit).
CREATE FUNCTION push_store(
    pi text[], push_id text[], notify_url text[], source_reference text[],
    qos text[], replaces text[], pending_only bool[],
    push_no int[], address text[], receiver text[], route text[],
    sender text[], service text[], priority smallint[],
    not_before_us bigint[], deadline_us bigint[], segments smallint[],
    concat_bits smallint[], ports bytea[], payload bytea[], extra text[],
    refused int[], cause text[],
    lifetime_us bigint, receipt_timeout_us bigint)
RETURNS TABLE (push int, code int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
#variable_conflict use_column
DECLARE
    started timestamptz := clock_timestamp();
    -- Bodies of groups that end later stay in the last partition there is.
    last_day date := utc_day(started) + 2;
    ids bigint[] := ARRAY(SELECT nextval('group_seq')
                          FROM unnest(push_store.push_no));
    digests bytea[] := ARRAY(SELECT push_digest(p.pi, p.push_id)
                             FROM unnest(push_store.pi, push_store.push_id)
                                  p (pi, push_id));
    old bytea[] := ARRAY(SELECT push_digest(p.pi, p.replaces)
                         FROM unnest(push_store.pi, push_store.replaces)
                              p (pi, replaces));
    replacing bool := array_remove(old, NULL) <> '{}';
    orphans bigint[] := '{}';       -- what they replace is not known
    vain bigint[] := '{}';          -- nobody is left to send them to
    follows bool[];                 -- groups behind those they replace
    fresh bool[];
BEGIN
    IF EXISTS (SELECT FROM unnest(push_store.route) r
               WHERE NOT EXISTS (SELECT FROM lease l
                                 WHERE l.route = r)) THEN
        PERFORM lease_create(push_store.route);
    END IF;

    IF replacing THEN
        orphans := ARRAY(
            SELECT o.no
            FROM unnest(old, digests) WITH ORDINALITY o (old, digest, no)
            WHERE o.old IS NOT NULL
                  AND NOT EXISTS (SELECT FROM push p
                                  WHERE p.digest IN (o.old, o.digest)));
    END IF;

    -- Sorted by digest, so that two calls with pushes in common wait for
    -- each other instead of deadlocking.
    WITH offered AS MATERIALIZED (
        SELECT DISTINCT ON (p.digest) p.*
        FROM unnest(digests, push_store.pi, push_store.push_id,
                    push_store.notify_url, push_store.source_reference,
                    push_store.qos) WITH ORDINALITY
             AS p (digest, pi, push_id, notify_url, source_reference, qos, no)
        WHERE p.no <> ALL (orphans)
        ORDER BY p.digest, p.no
    ), members AS (
        SELECT g.no, array_agg(g.id) AS ids
        FROM unnest(push_store.push_no, ids) g (no, id)
        GROUP BY g.no
    ), written AS (
        INSERT INTO push (digest, accepted_at, pi, push_id, notify_url,
                          source_reference, qos, groups)
        SELECT o.digest, started, o.pi, o.push_id, o.notify_url,
               o.source_reference, o.qos, m.ids
        FROM offered o JOIN members m ON m.no = o.no
        ORDER BY o.digest
        ON CONFLICT DO NOTHING
        RETURNING digest
    )
    SELECT array_agg(w.digest IS NOT NULL ORDER BY p.no) INTO fresh
    FROM unnest(digests) WITH ORDINALITY p (digest, no)
         LEFT JOIN offered o ON o.digest = p.digest AND o.no = p.no
         LEFT JOIN written w ON w.digest = o.digest;

    IF replacing THEN
        SELECT r.refused, r.cause, r.follows, r.vain
        INTO refused, cause, follows, vain
        FROM push_replace(
            ARRAY(SELECT CASE WHEN fresh[o.no] THEN o.digest END
                  FROM unnest(old) WITH ORDINALITY o (digest, no)
                  ORDER BY o.no),
            push_store.pending_only, push_store.push_no, push_store.receiver,
            push_store.refused, push_store.cause) r;
        DELETE FROM push p
        WHERE p.digest = ANY (ARRAY(SELECT digests[v] FROM unnest(vain) v));
        fresh := ARRAY(SELECT f.new AND f.no <> ALL (vain)
                       FROM unnest(fresh) WITH ORDINALITY f (new, no)
                       ORDER BY f.no);
    END IF;
    IF array_remove(push_store.refused, NULL) <> '{}' THEN
        PERFORM push_reject(ids, digests, fresh, push_store.push_no,
                            push_store.address, push_store.receiver,
                            push_store.refused, push_store.cause);
    END IF;

    WITH offered AS MATERIALIZED (
        SELECT g.*, e.deadline_at,
               CASE WHEN moment(g.not_before_us) > started
                    THEN moment(g.not_before_us) END AS due_at,
               least(last_day, utc_day(e.deadline_at
                                       + span(receipt_timeout_us))) AS day
        FROM unnest(ids, push_store.push_no, push_store.address,
                    push_store.receiver, push_store.route, push_store.sender,
                    push_store.service, push_store.priority,
                    push_store.not_before_us, push_store.deadline_us,
                    push_store.segments, push_store.concat_bits,
                    push_store.ports, push_store.payload, push_store.extra,
                    push_store.refused) WITH ORDINALITY
             AS g (id, push_no, address, receiver, route, sender, service,
                   priority, not_before_us, deadline_us, segments,
                   concat_bits, ports, payload, extra, refused, no),
             LATERAL (SELECT coalesce(
                          moment(g.deadline_us),
                          greatest(started, moment(g.not_before_us))
                          + span(lifetime_us))) e (deadline_at)
        WHERE fresh[g.push_no] AND g.refused IS NULL
    ), bodies AS (
        INSERT INTO body (day, group_id, stored_at, concerns, notify, address,
                          route, sender, service, ports, payload, extra)
        SELECT g.day, g.id, started, digests[g.push_no],
               push_store.notify_url[g.push_no] IS NOT NULL, g.address,
               g.route, g.sender, g.service, g.ports, g.payload, g.extra
        FROM offered g
    )
    INSERT INTO live (id, lease, receiver, priority, state, segments,
                      concat_bits, ready, waiting, deadline_at, due_at,
                      look_at, body_day, stored_day)
    SELECT g.id,
           (SELECT l.id FROM lease l
            WHERE l.route = g.route AND l.shard = shard(g.receiver)),
           g.receiver, g.priority,
           CASE WHEN g.due_at IS NULL THEN 0 ELSE 1 END, -- QUEUED, DEFERRED
           g.segments, g.concat_bits,
           g.due_at IS NULL AND follows[g.no] IS NOT TRUE,
           g.due_at IS NULL AND follows[g.no] IS TRUE,
           g.deadline_at, g.due_at, least(g.due_at, g.deadline_at), g.day,
           utc_day(started)
    FROM offered g;

    RETURN QUERY SELECT n, CASE WHEN fresh[n] THEN 1001
                                WHEN n = ANY (orphans) THEN 2004
                                WHEN n = ANY (vain) THEN 2008
                                ELSE 2007 END
                 FROM generate_series(1, cardinality(push_store.pi)) n;
END $$;
