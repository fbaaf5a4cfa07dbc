-- Functions that the module needs now: notify_forgotten; and the text of
-- acceptances in group_row.

-- How many restores from a backup the operator has accepted: what a box saw
-- committed before the last of them proves nothing any more.
ALTER TABLE setting ADD COLUMN restores int NOT NULL DEFAULT 0;
