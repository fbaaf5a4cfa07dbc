-- Functions that the module needs now: notify_forgotten. It has no tables.
SELECT;
