#!/usr/bin/python3 -B
"""The database is there and does not answer: the network to it is cut without
a word, or somebody holds a lock. The PI reads 4001 within a second, the box
sends nothing after its leases, both wait without busy loop and with a line in
the log for each change; and go on by themselves: nothing is lost, nothing is
sent twice."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, pushes, run,        # noqa: E402
                        wait_until)
from outage import BOXES, Outage, finish, refused, under_way    # noqa: E402

LEASE = 15              # seconds that a lease lasts


def cut(tap, box, pi):
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
        done = finish(tap, box, pi, batch.result(), what, tried)
        # Two connections each: gone, perhaps why it stays so, back.
        outage.told(tap, what, 6)
        return done


def locked(tap, box, pi, done):
    """The queue is locked for longer than a statement may wait."""
    what = 'queue locked'
    with under_way(box, pi) as batch:
        with box.database.somebody('LOCK TABLE convoy.live'):
            outage = Outage(box)
            tried = refused(tap, pi, what)
            outage.quiet(tap, what, 12)
        done = finish(tap, box, pi, done + batch.result(), what, tried)
        outage.told(tap, what, 6)
        return done


def no_renewal(tap, box, pi, done):
    """The leases cannot be renewed, though all else goes on."""
    what = 'renewals locked'
    with box.database.somebody('SELECT FROM convoy.instance FOR UPDATE'):
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
    finish(tap, box, pi, done + batch, what, [])
    tap.none([line for line in outage.said('wapbox') if 'ERROR' in line],
             f'{what}: wapbox does not notice')
    wait_until(lambda: len(outage.said('bearerbox')) > 1, LEASE,
               'bearerbox says that it is over')
    outage.told(tap, what, 2, ['bearerbox'])


def test(tap):
    with Sandbox('--proxy', '--log', '1', plan='delay 20..60ms\n') as box, \
            Initiator(box.env['PPG_URL']) as pi:
        before = [box.pids(name) for name in BOXES]
        done = cut(tap, box, pi)
        done = locked(tap, box, pi, done)
        no_renewal(tap, box, pi, done)
        tap.equal(box.database.value(
            'SELECT count(*) FROM convoy.result WHERE attempt > 1'), 0,
            'no push needed a second attempt')
        tap.equal([box.pids(name) for name in BOXES], before,
                  'the boxes are the same processes')


run(test)
