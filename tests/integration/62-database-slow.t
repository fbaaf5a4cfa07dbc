#!/usr/bin/python3 -B
"""The database is there and does not answer: the network to it is cut without
a word, or somebody holds a lock. The PI reads 4001 within a second, the box
sends nothing after its leases, both wait without busy loop and with a line in
the log for each change; and go on by themselves: nothing is lost, nothing is
sent twice."""

import contextlib
import os
import sys
import time

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)
from usage import MIB, cpu_seconds, memory                      # noqa: E402

PUSHES = 400
BOXES = 'bearerbox', 'wapbox'
LEASE = 15              # seconds that a lease lasts
CPU = 0.06              # of one core, that a box may use while it waits


class Outage:
    """What the boxes do during a time without database: their memory, CPU
    time and log, and what leaves to the SMSC."""

    def __init__(self, box):
        self.box = box
        self.pids = {name: box.pids(name) for name in BOXES}
        self.begun = time.monotonic()
        self.log = {name: len(box.log(name)) for name in BOXES}
        self.submits = len(box.journal.read().submits)
        self.memory = self._memory()
        self.cpu = self._cpu()

    def _memory(self):
        return {name: memory(pids[0], 'RssAnon')
                for name, pids in self.pids.items()}

    def _cpu(self):
        return {name: cpu_seconds(pids) for name, pids in self.pids.items()}

    def seconds(self):
        return time.monotonic() - self.begun

    def said(self, name):
        """The module's lines about the database since the beginning."""
        lines = self.box.log(name)[self.log[name]:].splitlines()
        return [line for line in lines if 'the database' in line]

    def quiet(self, tap, what, seconds):
        """For so long it is watched how they wait."""
        cpu, since = self._cpu(), time.monotonic()
        wait_until(lambda: time.monotonic() > since + seconds, seconds + 5,
                   'time passes')
        for name, used in self._cpu().items():
            share = (used - cpu[name]) / (time.monotonic() - since)
            tap.ok(share < CPU, f'{what}: {name} waits without busy loop',
                   f'{share:.1%} of a core')
        for name, used in self._memory().items():
            grown = (used - self.memory[name]) / MIB
            tap.ok(grown < 24, f'{what}: {name} does not grow meanwhile',
                   f'{grown:.1f} MiB')

    def told(self, tap, what, lines):
        """At most so many lines, each once but for the time in it."""
        for name in BOXES:
            said = [line.split('convoy: ')[-1] for line in self.said(name)]
            tap.ok(0 < len(said) <= lines and len(set(said)) == len(said),
                   f'{what}: {name} says what changes, once', *said)


def refused(tap, pi, what):
    """Pushes that the PI has to repeat; each is answered in time."""
    tried = pi.push(pushes.make(20, 2, prefix='+4673'))
    tap.equal({push.code for push in tried}, {4001},
              f'{what}: pushes are answered 4001')
    slowest = max(push.seconds for push in tried)
    tap.ok(slowest < 1, f'{what}: within a second', f'{slowest:.3f} s')
    return tried


@contextlib.contextmanager
def under_way(box, pi):
    """Many groups in all stages; gives the batch of pushes."""
    batch = pi.begin(pushes.make(PUSHES), until_accepted=True)
    sent = len(box.journal.read().submits)
    wait_until(lambda: len(box.journal.read().submits) > sent + PUSHES, 30,
               'segments are under way')
    yield batch


def finish(tap, box, pi, all_pushes, what, tried):
    """Everything comes to its end by itself."""
    again = pi.begin(tried, until_accepted=True)
    all_pushes += again.result()
    wait_for_results(box, pi, all_pushes, 90, outage=True)
    judge(tap, box, pi, all_pushes, outage=True, name=what)
    tap.none([submits for submits in box.journal.by_tag().values()
              if checks.repeated(submits)],
             f'{what}: no segment is sent again')


def cut(tap, box, pi, all_pushes):
    """The network is cut until nobody holds a lease any more."""
    what = 'network cut'
    with under_way(box, pi) as batch:
        box.kill('proxy', 'STOP')
        outage = Outage(box)
        tried = refused(tap, pi, what)
        wait_until(lambda: outage.said('bearerbox'), LEASE,
                   'bearerbox knows')
        outage.quiet(tap, what, LEASE + 1 - outage.seconds())
        sent = len(box.journal.read().submits)
        outage.quiet(tap, what + ', leases over', 3)
        tap.equal(len(box.journal.read().submits), sent,
                  f'{what}: nothing is sent after the leases')
        box.kill('proxy', 'CONT')
        tap.note(f'{what} for {outage.seconds():.0f} s')
        finish(tap, box, pi, all_pushes + batch.result(), what, tried)
        # Two connections each: gone, perhaps why it stays so, back.
        outage.told(tap, what, 6)
        return all_pushes + batch.pushes + tried


@contextlib.contextmanager
def somebody(box, statement):
    """Does this in a transaction, and then nothing."""
    with contextlib.closing(psycopg2.connect(
            **box.database.where)) as other, other.cursor() as cursor:
        cursor.execute(statement)
        yield
        other.rollback()


def locked(tap, box, pi, all_pushes):
    """The queue is locked for longer than a statement may wait."""
    what = 'queue locked'
    with under_way(box, pi) as batch:
        with somebody(box, 'LOCK TABLE convoy.live'):
            outage = Outage(box)
            tried = refused(tap, pi, what)
            outage.quiet(tap, what, 12)
        finish(tap, box, pi, all_pushes + batch.result(), what, tried)
        outage.told(tap, what, 6)
        return all_pushes + batch.pushes + tried


def no_renewal(tap, box, pi, all_pushes):
    """The leases cannot be renewed, though all else goes on."""
    what = 'renewals locked'
    with somebody(box, 'SELECT FROM convoy.instance FOR UPDATE'):
        outage = Outage(box)
        outage.quiet(tap, what, LEASE)
        batch = pi.push(pushes.make(100))
        tap.equal({push.code for push in batch}, {1001},
                  f'{what}: pushes are accepted')
        sent = len(box.journal.read().submits)
        outage.quiet(tap, what + ', leases over', 2)
        tap.equal((sent, len(box.journal.read().submits)),
                  (outage.submits, outage.submits),
                  f'{what}: nothing is sent without a lease')
    finish(tap, box, pi, all_pushes + batch, what, [])
    tap.equal(outage.said('wapbox'), [], f'{what}: wapbox does not notice')
    said = outage.said('bearerbox')
    tap.equal(len(said), 2, f'{what}: bearerbox says what changes, once')
    return all_pushes + batch


def test(tap):
    with Sandbox('--proxy', '--log', '1', plan='delay 20..60ms\n') as box, \
            Initiator(box.env['PPG_URL']) as pi:
        before = [box.pids(name) for name in BOXES]
        done = cut(tap, box, pi, [])
        done = locked(tap, box, pi, done)
        no_renewal(tap, box, pi, done)
        tap.equal(box.database.value(
            'SELECT count(*) FROM convoy.result WHERE attempt > 1'), 0,
            'no push needed a second attempt')
        tap.equal([box.pids(name) for name in BOXES], before,
                  'the boxes are the same processes')


run(test)
