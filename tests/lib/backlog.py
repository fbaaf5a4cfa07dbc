"""Groups queued by the thousand without the PPG: push_store called in SQL,
with a payload as wapbox makes it, so far as it takes to recognise a segment.

Their tags are numbers that no push of pushes.py reaches.
"""

from pushes import SEGMENT

FIRST_TAG = 500_000     # the tags go to 999,999
CHUNK = 2000

STORE = '''
SELECT count(*) FROM convoy.push_store(
    array_fill(''::text, ARRAY[%(n)s]),
    ARRAY(SELECT 'backlog-' || t FROM {tags} t),
    array_fill(NULL::text, ARRAY[%(n)s]),
    array_fill(NULL::text, ARRAY[%(n)s]),
    array_fill(NULL::text, ARRAY[%(n)s]), '{{}}', '{{}}',
    ARRAY(SELECT k FROM generate_series(1, %(n)s) k),
    array_fill('WAPPUSH=+46/TYPE=PLMN@ppg'::text, ARRAY[%(n)s]),
    ARRAY(SELECT coalesce(%(receiver)s, '+4671' || lpad(t::text, 7, '0'))
          FROM {tags} t),
    array_fill(%(route)s::text, ARRAY[%(n)s]),
    array_fill('sender'::text, ARRAY[%(n)s]),
    array_fill(''::text, ARRAY[%(n)s]),
    array_fill(%(priority)s::smallint, ARRAY[%(n)s]),
    array_fill(NULL::bigint, ARRAY[%(n)s]),
    array_fill(NULL::bigint, ARRAY[%(n)s]),
    array_fill(%(segments)s::smallint, ARRAY[%(n)s]),
    array_fill(8::smallint, ARRAY[%(n)s]),
    array_fill('\\x0b8423f0'::bytea, ARRAY[%(n)s]),
    ARRAY(SELECT convert_to(repeat('p' || lpad(t::text, 6, '0') || '.',
                                   %(length)s / 8), 'UTF8')
          FROM {tags} t),
    array_fill(NULL::text, ARRAY[%(n)s]), '{{}}', '{{}}',
    86400000000, 86400000000)
'''.format(tags='generate_series(%(first)s, %(first)s + %(n)s - 1)')


class Backlog:
    """Queues groups in the database of a sandbox."""

    def __init__(self, database):
        self.database, self.next_tag = database, FIRST_TAG

    def queue(self, count, route='', receiver=None, priority=1, segments=3):
        """Stores `count` groups, to `receiver` or to one phone each; returns
        their tags, in the order of their age."""
        tags = range(self.next_tag, self.next_tag + count)
        for first in tags[::CHUNK]:
            self.database.rows(STORE, dict(
                n=min(CHUNK, tags.stop - first), first=first, route=route,
                receiver=receiver, priority=priority, segments=segments,
                length=SEGMENT * (segments - 1) + 64))
        self.next_tag = tags.stop
        return tags
