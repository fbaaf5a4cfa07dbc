#!/usr/bin/python3 -B
"""PostgreSQL is stopped: the PI reads 4001 within a second. It is started
again: pushes flow without touching the boxes, and no segment that was sent
is sent again. What the SMSC and the PI acknowledge meanwhile is not lost."""

import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)
from outage import refused                                  # noqa: E402

WAITING, TOLD = 1000, 48


def receipts_meanwhile(tap, box, pi):
    """Receipts of a thousand pushes come while nobody can write them down."""
    box.smsc('phone off *')
    some = pi.push(pushes.make(WAITING, 2, prefix='+4675'),
                   until_accepted=True)
    wait_until(lambda: box.database.groups('AWAITING') == WAITING, 60,
               'all segments are accepted')
    box.stop('postgres')
    before = len(box.journal.read().events('receipt-answer'))
    box.smsc('phone on *')
    box.smsc.idle()
    answered = len(box.journal.read().events('receipt-answer')) - before
    tap.equal(answered, 2 * WAITING, 'receipts come while it is away')
    box.start('postgres')
    return some


def acknowledgements_meanwhile(tap, box, pi):
    """A PI acknowledges results while nobody can write that down."""
    is_away = threading.Event()
    pi.treat = lambda result: (202, is_away.is_set)
    some = pi.push(pushes.make(TOLD, 1, prefix='+4676'), until_accepted=True)
    wait_until(lambda: box.database.value(
        "SELECT count(*) = %s AND NOT EXISTS (SELECT FROM convoy.notification"
        " WHERE holder IS NULL) FROM convoy.result"
        " WHERE receiver LIKE '+4676%%'", TOLD), 30, 'all results are being told')
    box.stop('postgres')
    is_away.set()
    wait_until(lambda: len(pi.received_of(some)) == TOLD, 30,
               'the PI acknowledges them')
    pi.treat = None
    box.start('postgres')
    return some


def test(tap):
    with Sandbox(plan='delay 20..60ms\n') as box, \
            Initiator(box.env['PPG_URL']) as pi:
        before = box.pids('bearerbox'), box.pids('wapbox')

        # Stopped while the segments of many groups are on their way.
        batch = pi.begin(pushes.make(600), until_accepted=True)
        wait_until(lambda: len(box.journal.read().submits) > 400, 30,
                   'segments are under way')
        box.stop('postgres')
        tried = refused(tap, pi, 'while segments are under way')
        box.journal.read()
        tap.none([submit for submit in box.journal.submits if submit.tag
                  in {push.number for push in tried}],
                 'nothing of a push with 4001 is sent')

        box.start('postgres')
        again = pi.begin(tried, until_accepted=True)
        all_pushes = batch.result() + again.result()
        wait_for_results(box, pi, all_pushes, outage=True)
        tap.equal((box.pids('bearerbox'), box.pids('wapbox')), before,
                  'the boxes are the same processes')
        judge(tap, box, pi, all_pushes, outage=True)
        tap.none([submits for submits in box.journal.by_tag().values()
                  if checks.repeated(submits)],
                 'no segment is sent again')

        box.stop('postgres')
        refused(tap, pi, 'when nothing was under way')
        box.start('postgres')
        last = pi.push(pushes.make(20, 2, prefix='+4674'),
                       until_accepted=True)
        wait_for_results(box, pi, last, outage=True)
        tap.equal({push.code for push in last} - {2007}, {1001},
                  'pushes flow again')

        for meanwhile in receipts_meanwhile, acknowledgements_meanwhile:
            some = meanwhile(tap, box, pi)
            wait_for_results(box, pi, some)
            tap.none(checks.wrong_results(
                some, [row for row in box.database.results() if row.push_id
                       in {push.push_id for push in some}]),
                'none of them is lost')
            tap.none(checks.wrong_notifications(some, pi.received_of(some)),
                     'and no result is told twice')


run(test)
