#!/usr/bin/python3 -B
"""PostgreSQL is killed in the middle of 5,000 pushes and its synchronous
standby takes over. The boxes, which are not touched, find it by themselves:
nothing is lost, nothing is reported falsely, nothing is sent twice. When the
old primary comes back they do not go back to it."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)
from database import Database                                   # noqa: E402

PUSHES = 5000
SPREAD = 15         # seconds: the database is killed while they come
BOXES = 'bearerbox', 'wapbox'


def the_standby(box):
    """The standby alone, also before it may be written to."""
    standby = Database(box.env)
    standby.where.update(host=box.env['PGHOST'].split(',')[1],
                         port=box.env['PGPORT'].split(',')[1],
                         target_session_attrs='any')
    return standby


def fail_over(tap, box):
    """Kills the primary, promotes the standby; an operator's command finds
    it, too."""
    standby = the_standby(box)
    tap.equal(box.database.value('SELECT sync_state '
                                 'FROM pg_stat_replication'), 'sync',
              'commits wait for the standby')
    tap.ok(standby.value('SELECT pg_is_in_recovery()'),
           'which nobody may write to')
    stored = box.database.value('SELECT count(*) FROM convoy.push')
    box.kill('postgres')
    tap.ok(standby.value('SELECT pg_promote()'), 'it is promoted')
    box.convoyctl('maintain')
    kept = standby.value('SELECT count(*) FROM convoy.push')
    tap.ok(stored <= kept < PUSHES,
           'it has what had been committed, which was not everything',
           f'{stored} on the primary, {kept} on the standby')


def the_dead_return(tap, box, pi, done):
    """The old primary is started again, as nobody should: it may be written
    to, and stands first in the list. But what it takes is lost."""
    standby = box.database = the_standby(box)
    box.start('postgres')
    zombie = Database(box.env)
    zombie.where.update(host=box.env['PGHOST'].split(',')[0],
                        port=box.env['PGPORT'].split(',')[0])
    zombie.rows('ALTER SYSTEM RESET synchronous_standby_names')
    zombie.rows('SELECT pg_reload_conf()')
    zombie.rows('CREATE TABLE public.writable ()')
    stored = zombie.value('SELECT count(*) FROM convoy.push')

    for name in BOXES:
        tap.none(replaced(box, name), f'{name} does not know it yet')
    standby.rows('SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
                 "WHERE usename = 'convoy'")
    for name in BOXES:
        wait_until(lambda: replaced(box, name), 10,
                   f'{name} recognises the old primary')
    last = pi.push(pushes.make(200, prefix='+4674'), until_accepted=True)
    wait_for_results(box, pi, last, outage=True)
    tap.equal(zombie.value('SELECT count(*) FROM convoy.push'), stored,
              'a primary that has been replaced gets no push')
    judge(tap, box, pi, done + last, outage=True, name='old primary')


def replaced(box, name):
    return [line for line in box.log(name).splitlines()
            if 'has been replaced' in line]


def test(tap):
    with Sandbox('--standby', '--log', '1', plan='delay 5..40ms\n') as box, \
            Initiator(box.env['PPG_URL']) as pi:
        before = box.pids('bearerbox'), box.pids('wapbox')
        batch = pi.begin(pushes.make(PUSHES), until_accepted=True,
                         spread=SPREAD)
        wait_until(lambda: len(box.journal.read().submits) > PUSHES, 60,
                   'a third of the segments is sent')
        fail_over(tap, box)
        promoted = time.monotonic()
        answers = batch.done
        wait_until(lambda: batch.done > answers, 20, 'pushes are accepted')
        tap.note(f'{time.monotonic() - promoted:.1f} s after the promotion '
                 'pushes are accepted again')
        all_pushes = batch.result()
        wait_for_results(box, pi, all_pushes, 120, outage=True)
        tap.equal((box.pids('bearerbox'), box.pids('wapbox')), before,
                  'the boxes are the same processes')
        tap.ok(any(4001 in push.codes for push in all_pushes),
               'some pushes had to be repeated by their PI')
        judge(tap, box, pi, all_pushes, outage=True)
        tap.none([submits for submits in box.journal.by_tag().values()
                  if checks.repeated(submits)], 'no segment is sent again')
        the_dead_return(tap, box, pi, all_pushes)


run(test)
