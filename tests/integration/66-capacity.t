#!/usr/bin/python3 -B
"""More pushes than the PPG can store: the database takes nothing for a while, or
takes its time, and PIs come over as many connections as there may be, and over
twice as many. Each push is answered 1001 or 4001 within a second of its turn,
the memory of wapbox stays bounded, and then all is as before: what is repeated
arrives once."""

import contextlib
import os
import sys
import urllib.parse

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import flood                                                # noqa: E402
import usage                                                # noqa: E402
from convoytest import (Initiator, Sandbox, checks, pushes,     # noqa: E402
                        run, wait_for_results)
from usage import MIB                                       # noqa: E402

CLIENTS = 500               # max-clients
AT_A_TIME = 400             # pushes of one PI
ANSWER = 0.85               # seconds in which the PPG gives up a push
# The machine is shared with other tests, and the PI is one thread.
NOISE = 3
GROWTH = 32                 # MiB

SLOW = '''
CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END $$;
CREATE TRIGGER slow AFTER INSERT ON convoy.live
    FOR EACH STATEMENT EXECUTE FUNCTION public.slow();
'''
FAST = 'DROP TRIGGER slow ON convoy.live; DROP FUNCTION public.slow()'


class Bed:
    def __init__(self, tap, box, pi):
        self.tap, self.box, self.pi = tap, box, pi
        url = urllib.parse.urlsplit(box.env['PPG_URL'])
        self.address, self.path = (url.hostname, url.port), url.path
        self.all_pushes = self.good('+4671', 'before')
        self.before = self.memory()

    def memory(self):
        return usage.memory(self.box.pids('wapbox')[0], 'VmRSS')

    def bounded(self, what):
        grown = (self.memory() - self.before) / MIB
        self.tap.ok(grown < GROWTH, f'{what}: the memory of wapbox is bounded',
                    f'it grew by {grown:.1f} MiB')

    def good(self, prefix, what):
        some = self.pi.push(pushes.make(100, 1, prefix=prefix))
        self.tap.equal({push.code for push in some}, {1001},
                       f'{what}: every push is accepted')
        return some

    def many(self, prefix, what, codes):
        """A PI pushes more at a time than there is room in a batch; these are
        the codes that it reads."""
        some = self.pi.push(pushes.make(1200, 1, prefix=prefix),
                            at_a_time=AT_A_TIME)
        self.tap.equal({push.code for push in some}, codes,
                       f'{what}: each push is answered')
        slowest = max(push.seconds for push in some)
        self.tap.ok(slowest < ANSWER + NOISE, f'{what}: and soon',
                    f'{slowest:.2f} s')
        self.bounded(what)
        return some

    def crowd(self, clients, what, unavailable):
        """So many clients push once, all at the same time."""
        turns = -(-clients // CLIENTS)
        counts = flood.Running('push', self.address, self.path, clients,
                               turns * ANSWER + 2 * NOISE).result()
        self.tap.note(f'{what}, {clients} clients: {counts}')
        self.tap.equal((counts['made'], counts['failed'], counts['answered'],
                        counts['unavailable']),
                       (clients, 0, clients, unavailable),
                       f'{what}: each of {clients} clients is answered')
        self.tap.ok(counts['wait'] < turns * ANSWER + NOISE,
                    f'{what}: none of them hangs',
                    f'{counts["wait"]:.2f} s')
        self.bounded(what)


def locked(bed):
    """Nothing can be stored."""
    what = 'locked'
    with contextlib.closing(psycopg2.connect(
            **bed.box.database.where)) as other, other.cursor() as cursor:
        cursor.execute('LOCK TABLE convoy.live')
        some = bed.many('+4672', what, {4001})
        bed.crowd(2 * CLIENTS, what, 2 * CLIENTS)
        other.rollback()
    return some


def slow(bed):
    """Half of what comes in the time of an answer can be stored."""
    what = 'slow'
    bed.box.database.rows(SLOW)
    some = bed.many('+4673', what, {1001, 4001})
    bed.box.database.rows(FAST)
    return some


def test(tap):
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        bed, before = Bed(tap, box, pi), box.pids('wapbox')
        bed.crowd(2 * CLIENTS, 'nothing is wrong', 0)
        tried = locked(bed) + slow(bed)
        bed.all_pushes += bed.good('+4674', 'afterwards')
        bed.all_pushes += pi.push(tried, until_accepted=True)
        wait_for_results(box, pi, bed.all_pushes, 90)
        ids = {push.push_id for push in bed.all_pushes}
        tap.none(checks.wrong_results(
            bed.all_pushes, [row for row in box.database.results()
                             if row.push_id in ids]), 'none is lost')
        tap.none(checks.wrong_notifications(
            bed.all_pushes, pi.received_of(bed.all_pushes)),
            'each is notified, once')
        by_tag = box.journal.by_tag()
        tap.none([push for push in bed.all_pushes
                  if len(by_tag[push.number]) != 1], 'and sent once')
        tap.equal(box.pids('wapbox'), before, 'it is the same process')


run(test)
