-- Wake-ups, each in a transaction of its own: NOTIFY takes a lock of the
-- whole cluster until commit and halves the throughput of a busy one. Lost
-- ones do no harm, since everybody polls as well.
-- Called by: intake (push_wake, after a commit; cancel_wake, after a
-- push_cancel), scheduler (result_wake, after a batch that ended groups); at
-- most once every few milliseconds.
CREATE FUNCTION push_wake() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
    SELECT pg_notify('convoy_queue', '')
$$;

-- Makes owners call group_due, too.
CREATE FUNCTION cancel_wake() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
    SELECT pg_notify('convoy_queue', 'cancel')
$$;

CREATE FUNCTION result_wake() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
    SELECT pg_notify('convoy_result', '')
$$;
