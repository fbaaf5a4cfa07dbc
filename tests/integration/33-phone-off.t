#!/usr/bin/python3 -B
"""A phone goes off when it has the first segment only, and is on again when
it has thrown that away: every segment has its receipt, and nothing would be
displayed. The dates in the receipts tell; the push is sent again, and its
result is true. Dates by clocks that disagree are no reason to."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, judge, pushes,      # noqa: E402
                        run, wait_for_results, wait_until)

PUSHES = 50
WINDOW = 8          # seconds, of phones and of Convoy
PLAN = 'segment=2-3 deliver 5s\n'
AHEAD = 'segment=2 receipt-clock 1m..2m\n'
CONVOY = {'window': WINDOW, 'answer-timeout': 3, 'retry-delay': 1}


def events(box, kind):
    return len(box.journal.read().events(kind))


def attempts(box, some):
    ids = {push.push_id for push in some}
    return {row.attempt for row in box.database.results()
            if row.push_id in ids}


def phones_forget(tap, box, pi):
    some = pi.push(pushes.make(PUSHES))
    wait_until(lambda: events(box, 'part') == PUSHES, 5,
               'every phone has the first segment')
    box.smsc('phone off *')
    wait_until(lambda: events(box, 'forget') == PUSHES, 20,
               'every phone has thrown it away')
    tap.equal(len(box.journal.displays), 0, 'nothing is displayed so far')
    box.smsc('phone on *')
    wait_for_results(box, pi, some, 60)
    tap.equal(attempts(box, some), {2}, 'each took a second attempt')
    return some


def clocks_disagree(tap, box, pi):
    box.smsc.plan(AHEAD)
    some = pi.push(pushes.make(PUSHES))
    wait_for_results(box, pi, some, 60)
    tap.equal(attempts(box, some), {1}, 'a clock that is ahead repeats none')
    return some


def test(tap):
    with Sandbox('--phone-window', str(WINDOW), plan=PLAN,
                 convoy=CONVOY) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        all_pushes = phones_forget(tap, box, pi)
        all_pushes += clocks_disagree(tap, box, pi)
        judge(tap, box, pi, all_pushes)


run(test)
