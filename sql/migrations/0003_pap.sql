-- Functions that the module needs now: push_status, push_cancel, cancel_wake;
-- and times by the database's clock in group_row and notify_take, since that
-- of a box may be wrong.

-- Notifications are lent by host, so that a PI that hangs holds up only what
-- is for itself. `host` is the URL's host and port.
ALTER TABLE notification ADD COLUMN host text NOT NULL GENERATED ALWAYS AS (
    left(lower(coalesce(substring(url FROM
        '^[^:/?#]*://(?:[^/?#]*@)?([^/?#]*)'), '')), 300)) STORED;
-- For how long it has been tried: event_at may be long past by then.
ALTER TABLE notification ADD COLUMN since timestamptz NOT NULL
    DEFAULT clock_timestamp();
DROP INDEX notification_due;
CREATE INDEX notification_host ON notification (host, due_at);

-- How a notification ended: acknowledged by the PI, refused by it, answered
-- 2xx with something that is no resultnotification-response (malformed), or
-- given up.
ALTER TABLE notified ADD COLUMN verdict text NOT NULL DEFAULT 'acknowledged';
CREATE INDEX notified_trouble ON notified (at)
    WHERE verdict <> 'acknowledged';

-- When that happened which decided how a group ended (group_end); NULL:
-- when it ended.
ALTER TABLE result ADD COLUMN event_at timestamptz;
