#!/usr/bin/python3 -B
"""The disk of the database is full: first its tables cannot grow, then its
log, which ends the server. The PI reads 4001, the boxes wait, and go on by
themselves once there is room (and the server runs) again."""

import os
import sys

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from admin import Admin                                         # noqa: E402
from convoytest import Initiator, Sandbox, run, wait_until      # noqa: E402
from outage import BOXES, Outage, finish, refused, under_way    # noqa: E402
import pushes                                                   # noqa: E402


def fill(box):
    """No file grows from now on."""
    with open(f'{box.folder}/disk-full', 'w'):
        pass


def make_room(box):
    os.remove(f'{box.folder}/disk-full')


def no_more_tables(tap, box, pi):
    """Both boxes have more to write than the last pages take."""
    what = 'tables full'
    outage, admin = Outage(box), Admin(box.env)
    admin('suspend')
    stored = pi.push(pushes.make(400, 4))
    fill(box)
    admin('resume')
    batch = pi.begin(pushes.make(400, 2, prefix='+4675'), at_a_time=4,
                     until_accepted=True)
    wait_until(lambda: outage.said('wapbox') and outage.said('bearerbox'),
               20, 'both boxes notice')
    tried = refused(tap, pi, what)
    outage.quiet(tap, what, 5)
    tap.ok('No space left on device' in ''.join(outage.said('wapbox')),
           f'{what}: the reason is told')
    make_room(box)
    done = finish(tap, box, pi, stored + batch.result(), what, tried)
    outage.told(tap, what, 8)
    return done


def no_more_log(tap, box, pi, done):
    what = 'log full'
    with under_way(box, pi) as batch:
        outage = Outage(box)
        fill(box)
        try:
            box.database.rows('SELECT pg_switch_wal()')
        except psycopg2.OperationalError:
            pass                # the server may have ended by now
        wait_until(lambda: not box.pids('postgres'), 30, 'the server ends')
        tap.ok('PANIC' in box.log('postgres'), f'{what}: the server panics')
        tried = refused(tap, pi, what)
        outage.quiet(tap, what, 3)
        make_room(box)
        box.start('postgres')
        finish(tap, box, pi, done + batch.result(), what, tried)
        # before the server ends, a table may not grow, either
        outage.told(tap, what, 8)


def test(tap):
    with Sandbox('--disk', '--log', '1', plan='delay 200..400ms\n') as box, \
            Initiator(box.env['PPG_URL']) as pi:
        before = [box.pids(name) for name in BOXES]
        done = no_more_tables(tap, box, pi)
        no_more_log(tap, box, pi, done)
        tap.equal([box.pids(name) for name in BOXES], before,
                  'the boxes are the same processes')


run(test)
