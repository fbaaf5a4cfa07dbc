-- Functions that the module needs now: notify_forgotten; and the text of
-- acceptances in group_row. It has no tables.
SELECT;
