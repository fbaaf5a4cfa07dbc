#!/usr/bin/python3 -B
"""SIGTERM of a box under load: it ends in good order and soon, and after a
start nothing is lost and nothing is sent twice."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

PUSHES = 1500
# Within which a box must have ended; a build with sanitizers takes longer.
SECONDS = 25 if 'CONVOY_BUILD' in os.environ else 8


def stop_in_the_middle(tap, name):
    with Sandbox(plan='delay 5..40ms\n') as box, \
            Initiator(box.env['PPG_URL']) as pi:
        batch = pi.begin(pushes.make(PUSHES), until_accepted=True)
        wait_until(lambda: len(box.journal.read().submits) > PUSHES, 60,
                   'a third of the segments is sent')
        seconds = box.stop(name)
        tap.ok(seconds < SECONDS, f'{name} ends soon', f'{seconds:.1f} s')
        tap.none(box.pids(name), f'no process of {name} is left')
        tap.none([line for line in box.log(name).splitlines()
                  if 'PANIC' in line], f'{name} does not panic')
        box.start(name)
        all_pushes = batch.result()
        wait_for_results(box, pi, all_pushes)
        judge(tap, box, pi, all_pushes, restart=True, name=name)
        tap.none([submits for submits in box.journal.by_tag().values()
                  if checks.repeated(submits)],
                 f'{name}: no segment is sent twice')


def last_words(tap):
    """bearerbox ends while it cannot have its leases again: what the SMSC has
    told it is on record all the same."""
    with Sandbox(plan='receipt DELIVRD after 10s..11s\n') as box, \
            Initiator(box.env['PPG_URL']) as pi:
        some = pi.push(pushes.make(50, 1), until_accepted=True)
        wait_until(lambda: box.database.groups('AWAITING') == 50, 30,
                   'all wait for their receipts')
        with box.database.somebody("SELECT pg_advisory_xact_lock("
                                   "convoy.lock_key('lease'))"):
            box.database.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'convoy scheduler'")
            wait_until(lambda: len(box.journal.read().events(
                'receipt-answer')) == 50, 30, 'all receipts are taken')
            box.stop('bearerbox')
            tap.equal(sum(row.outcome == 'delivered'
                          for row in box.database.ledger()), 50,
                      'without leases: every receipt is in the ledger')
        box.start('bearerbox')
        wait_for_results(box, pi, some)
        judge(tap, box, pi, some, restart=True, name='without leases')


def all_at_once(tap):
    """The whole sandbox goes down under load; nothing may be left."""
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        batch = pi.begin(pushes.make(PUSHES))
        wait_until(lambda: batch.done > PUSHES / 3, 30, 'a third is pushed')
        box.down()
        tap.none(box.leftovers, 'no process is left of all')


def test(tap):
    for name in 'bearerbox', 'wapbox':
        stop_in_the_middle(tap, name)
    last_words(tap)
    all_at_once(tap)


run(test)
