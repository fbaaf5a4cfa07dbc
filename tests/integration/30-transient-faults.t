#!/usr/bin/python3 -B
"""An SMSC that throttles 5 % of the segments, answers 5 % with a system error
and 2 % not at all: every push is complete and in order, and its parts are
close together. Stock Kannel meets the same faults in the same run, and is
shown for comparison; not on a build of another kind (CONVOY_BUILD), the times
of which say nothing."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

FAULTS = '''
status 0x58 5%
status 0x08 5%
noanswer 2%
'''
PUSHES = 500
# Kannel's own default, a minute, would only make its numbers worse.
STOCK = 'sms-resend-freq = 10\n'


def shown(tap, name, numbers):
    tap.note(f'{name:6} in order {numbers["in_order"]:5.1f} %, over one link '
             f'{numbers["one_link"]:5.1f} %, complete '
             f'{numbers["complete"]:5.1f} %, last minus first p99 '
             f'{numbers["spread"]:6.2f} s')


def test_convoy(tap, all_pushes):
    with Sandbox(plan=FAULTS, convoy={'answer-timeout': 3}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        pi.push(all_pushes, until_accepted=True)
        wait_for_results(box, pi, all_pushes, 90)
        judge(tap, box, pi, all_pushes)
        statuses = {submit.status for submit in box.journal.submits}
        tap.equal(statuses, {0, 0x58, 0x08, None}, 'all faults were met')
        numbers = checks.summary(box.journal, all_pushes)
        shown(tap, 'convoy', numbers)
        return numbers


def test_stock(tap, all_pushes):
    """The same pushes; stock itself is not judged. It ends when no more
    comes than receivers whose segments went unanswered."""
    with Sandbox('--stock', plan=FAULTS, conf=STOCK) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        pi.push(all_pushes, notify=False)

        def complete():
            box.journal.read()
            unanswered = {submit.tag for submit in box.journal.submits
                          if submit.status is None}
            seen = {display['tag'] for display in box.journal.displays}
            return len(seen | unanswered) == len(all_pushes)
        wait_until(complete, 100, 'stock has sent all that was answered')
        numbers = checks.summary(box.journal, all_pushes)
        shown(tap, 'stock', numbers)
        return numbers


def test(tap):
    all_pushes = pushes.make(PUSHES)
    convoy = test_convoy(tap, all_pushes)
    if 'CONVOY_BUILD' in os.environ:
        return
    for push in all_pushes:
        push.forget_answer()
    stock = test_stock(tap, all_pushes)
    tap.ok(convoy['spread'] < 3, 'last minus first segment p99 is under 3 s, '
           'unanswered ones aside', convoy)
    tap.ok(convoy['spread'] < stock['spread'] / 2, 'and less than half of '
           'that of stock', stock)


run(test)
