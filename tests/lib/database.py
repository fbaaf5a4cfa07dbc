"""What the database of a sandbox says: the views that an operator has, read
as the superuser. A connection is made for each question, so that a test may
stop the server meanwhile; with several servers the primary is asked."""

import contextlib

import psycopg2
import psycopg2.extras


class Database:
    def __init__(self, env):
        self.where = dict(host=env['PGHOST'], port=env['PGPORT'],
                          dbname=env['PGDATABASE'], user=env['PGUSER'],
                          target_session_attrs='read-write')

    def rows(self, query, *values):
        """The rows of a query, with named columns. `values` are those of its
        %s, or one dictionary of those of its %(name)s."""
        with contextlib.closing(psycopg2.connect(
                cursor_factory=psycopg2.extras.NamedTupleCursor,
                **self.where)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                if values and isinstance(values[0], dict):
                    values, = values
                cursor.execute(query, values or None)
                return cursor.fetchall() if cursor.description else []

    def value(self, query, *values):
        return self.rows(query, *values)[0][0]

    @contextlib.contextmanager
    def somebody(self, statement):
        """Does this in a transaction, and then nothing for a while."""
        with contextlib.closing(psycopg2.connect(**self.where)) as other, \
                other.cursor() as cursor:
            cursor.execute(statement)
            yield
            other.rollback()

    def live(self):
        """How many groups have not ended."""
        return int(self.value('SELECT coalesce(sum(groups), 0) '
                              'FROM convoy.queue_view'))

    def all_ended(self):
        return self.live() == 0

    def results(self):
        return self.rows('SELECT * FROM convoy.result_view')

    def ledger(self):
        """The ledger in the order of writing."""
        return self.rows('SELECT * FROM convoy.ledger_view ORDER BY id')

    def groups(self, state):
        """How many groups are in this live state."""
        return int(self.value('SELECT coalesce(sum(groups), 0) FROM '
                              'convoy.queue_view WHERE state = %s', state))

    def notifications(self):
        """How many results have not been acknowledged by their PI."""
        return self.value('SELECT count(*) FROM convoy.notification_view')
