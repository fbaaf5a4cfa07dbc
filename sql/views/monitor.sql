-- What convoy_monitor may read; numbers in words, times as times.

CREATE VIEW queue_view AS
SELECT l.route, state_name(g.state) AS state, count(*) AS groups,
       count(*) FILTER (WHERE g.waiting) AS behind_others,
       count(*) FILTER (WHERE g.parked) AS parked,
       min(b.stored_at) AS oldest, min(g.deadline_at) AS next_deadline
FROM live g
     JOIN lease l ON l.id = g.lease
     JOIN body b ON b.day = g.body_day AND b.group_id = g.id
GROUP BY l.route, g.state;

CREATE VIEW parked_view AS
SELECT g.id, state_name(g.state) AS state, aim_name(g.aim) AS aim, g.attempt,
       g.takeovers, g.receiver, b.route, b.stored_at, g.deadline_at
FROM live g JOIN body b ON b.day = g.body_day AND b.group_id = g.id
WHERE g.parked;

CREATE VIEW push_view AS
SELECT p.pi, p.push_id, p.accepted_at, p.notify_url, p.groups FROM push p;

-- Every group that is known: while it lives, and as a result.
CREATE VIEW group_view AS
SELECT g.id AS group_id, g.receiver, state_name(g.state) AS state,
       aim_name(g.aim) AS aim, g.attempt, g.segments, g.closed, g.waiting,
       g.parked, NULL::int AS code, NULL::text AS cause,
       NULL::timestamptz AS ended_at
FROM live g
UNION ALL
SELECT r.group_id, r.receiver, state_name(r.state), NULL, r.attempt,
       r.segments, false, false, false, r.code, r.cause, r.ended_at
FROM result r;

CREATE VIEW result_view AS
SELECT r.group_id, p.pi, p.push_id, r.address, r.receiver,
       state_name(r.state) AS state, r.code, r.cause, r.attempt, r.segments,
       r.stored_at, r.ended_at
FROM result r LEFT JOIN push p ON p.digest = r.concerns;

CREATE VIEW ledger_view AS
SELECT e.id, e.group_id, e.at, e.segment, e.attempt, e.copy,
       outcome_name(e.outcome) AS outcome, e.smsc_id, e.link, e.message_id,
       e.code, e.text
FROM ledger e;

CREATE VIEW lease_view AS
SELECT l.route, l.shard, l.owner, l.epoch, i.expires_at,
       coalesce(i.expires_at > clock_timestamp(), false) AS alive
FROM lease l LEFT JOIN instance i ON i.name = l.owner;

CREATE VIEW notification_view AS
SELECT n.id AS group_id, n.pi, n.push_id, n.url, n.host,
       state_name(n.state) AS state, n.tries, n.due_at, n.holder, n.answer,
       n.event_at
FROM notification n;

CREATE VIEW notified_view AS
SELECT n.group_id, p.pi, n.at, n.tries, n.verdict, n.answer
FROM notified n
     LEFT JOIN result r ON r.group_id = n.group_id
     LEFT JOIN push p ON p.digest = r.concerns;

CREATE VIEW deployment_view AS
SELECT s.deployment, s.system_identifier, s.held,
       (SELECT max(m.version) FROM migration m) AS version
FROM setting s;
