-- Takes back what was lent to a notifier that does not know of it: the answer
-- of notify_take was lost with its connection. It is due at once, instead of
-- when that lease ends.
--
-- Arguments: the notifier's name; what it knows that it holds.
-- Called by: notifier, after each connect.
CREATE FUNCTION notify_forgotten(instance text, known bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = convoy, pg_temp AS $$
    UPDATE notification n SET due_at = clock_timestamp(), holder = NULL
    WHERE n.due_at > clock_timestamp()
          AND n.holder = notify_forgotten.instance
          AND n.id <> ALL (notify_forgotten.known)
$$;
