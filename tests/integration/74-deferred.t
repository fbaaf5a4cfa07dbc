#!/usr/bin/python3 -B
"""500 pushes with the same deliver-after leave within three seconds of it, not
before, whatever is killed before and restarted in time. What is killed in that
second loses none of them, and sends no more than a segment of one twice."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)
from push_initiator import timestamp                        # noqa: E402

PUSHES = 500
SPAN = 3            # seconds in which all have left
TAKEOVER = 18       # seconds for which a bearerbox that was killed is waited
PUSHING = 25        # seconds in which all are pushed and all boxes killed
# Seconds after the first.
SECOND, THIRD = 20, 35
# So slow that those which follow a kill have not all left before it; and with
# receipts after it: one that is answered and not on record yet may be lost.
PLAN = '''
receiver=46703* delay 500ms..1s
receiver=46703* receipt DELIVRD after 10s..11s
'''


def push(pi, prefix, at):
    return pi.push(pushes.make(PUSHES, prefix=prefix,
                               deliver_after_timestamp=timestamp(at)))


def sent(box, some):
    """When each segment of them left."""
    numbers = {push.number for push in some}
    return [submit.sent for submit in box.journal.read().submits
            if submit.tag in numbers]


def begun(box, some):
    wait_until(lambda: len(sent(box, some)) >= PUSHES / 5, 60,
               'the first have left')


def kill(box, *names):
    for name in names:
        box.kill(name)


def start(box, *names):
    for name in names:
        box.start(name)


def in_time(tap, box, some, at, name):
    wait_until(lambda: len(sent(box, some)) >= 3 * PUSHES, 60,
               'all have left')
    times = sent(box, some)
    tap.note(f'{name}: from {min(times) - at:.2f} to {max(times) - at:.2f} s')
    tap.ok(at <= min(times), f'{name}: none leaves before its time')
    tap.ok(max(times) < at + SPAN, f'{name}: all within {SPAN} s of it')
    tap.equal(len(times), 3 * PUSHES, f'{name}: each segment once')


def test(tap):
    with Sandbox(plan=PLAN) as box, Initiator(box.env['PPG_URL']) as pi:
        at = int(time.time()) + TAKEOVER + PUSHING
        first = push(pi, '+46701', at)
        second = push(pi, '+46702', at + SECOND)
        third = push(pi, '+46703', at + THIRD)
        kill(box, 'wapbox', 'bearerbox', 'postgres')
        start(box, 'postgres', 'bearerbox', 'wapbox')
        begun(box, first)
        kill(box, 'wapbox')
        start(box, 'wapbox')
        in_time(tap, box, first, at, 'after kill -9 of all')

        box.stop('bearerbox')
        box.start('bearerbox')
        tap.ok(time.time() < at + SECOND, 'bearerbox is restarted in good order')
        in_time(tap, box, second, at + SECOND, 'right after that')

        begun(box, third)
        kill(box, 'bearerbox', 'wapbox')
        tap.ok(len(sent(box, third)) < 3 * PUSHES,
               'both boxes are killed in the second of the third')
        start(box, 'bearerbox', 'wapbox')
        wait_until(lambda: {push.push_id for push in third} <= pi.notified(),
                   60, 'all are notified')
        tap.ok(at + THIRD <= min(sent(box, third)),
               'of it, too, none leaves before its time')

        all_pushes = first + second + third
        wait_for_results(box, pi, all_pushes, outage=True)
        judge(tap, box, pi, all_pushes, crash=True)
        tap.none([tag for tag, submits in box.journal.by_tag().items()
                  if checks.repeated(submits) > 1],
                 'a push has at most one segment twice')


run(test)
