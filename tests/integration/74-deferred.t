#!/usr/bin/python3 -B
"""500 pushes with the same deliver-after leave within three seconds of it, all
in the second that was asked for, whatever is killed before; what is killed
in that second loses none of them, and sends no more than a segment twice."""

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
# So slow that those which follow a kill have not all left before it.
PLAN = 'receiver=46702* delay 200..400ms\n'
TAKEOVER = 18       # seconds for which a bearerbox that was killed is waited


def store(tap, pi, prefix, at):
    """Pushes that are due at that time, and stored before it."""
    some = pi.push(pushes.make(PUSHES, prefix=prefix,
                               deliver_after_timestamp=timestamp(at)))
    tap.ok(time.time() < at, 'all are stored before their time')
    return some


def restart(box, *names):
    for name in names:
        box.kill(name)
    for name in names:
        box.start(name)


def sent(box, some):
    """When each segment of them left."""
    numbers = {push.number for push in some}
    return [submit.sent for submit in box.journal.read().submits
            if submit.tag in numbers]


def begun(box, some):
    wait_until(lambda: len(sent(box, some)) >= PUSHES / 5, 60,
               'the first have left')


def notified(pi, some, seconds):
    wait_until(lambda: {push.push_id for push in some} <= pi.notified(),
               seconds, 'all are notified')


def killed_before(tap, box, pi):
    """Both boxes, as long before as leases last; and wapbox once more, when
    the first have left."""
    at = int(time.time()) + TAKEOVER + 8
    some = store(tap, pi, '+46701', at)
    restart(box, 'bearerbox', 'wapbox')
    begun(box, some)
    restart(box, 'wapbox')
    notified(pi, some, 60)
    times = sent(box, some)
    tap.note(f'from {min(times) - at:.2f} to {max(times) - at:.2f} s after')
    tap.ok(at <= min(times), 'after kill -9 of both boxes none leaves before '
           'its time')
    tap.ok(max(times) < at + SPAN, f'and all within {SPAN} s of it')
    tap.equal(len(times), 3 * PUSHES, 'each segment once')
    return some


def killed_after(tap, box, pi):
    """Both boxes, when the first have left."""
    at = int(time.time()) + 6
    some = store(tap, pi, '+46702', at)
    begun(box, some)
    restart(box, 'bearerbox', 'wapbox')
    tap.ok(len(sent(box, some)) < 3 * PUSHES, 'both are killed in between')
    notified(pi, some, 60)
    tap.ok(at <= min(sent(box, some)), 'none leaves before its time')
    tap.note(f'the last {max(sent(box, some)) - at:.2f} s after')
    return some


def test(tap):
    with Sandbox(plan=PLAN) as box, Initiator(box.env['PPG_URL']) as pi:
        all_pushes = killed_before(tap, box, pi)
        all_pushes += killed_after(tap, box, pi)
        wait_for_results(box, pi, all_pushes, outage=True)
        judge(tap, box, pi, all_pushes, crash=True)
        tap.none([tag for tag, submits in box.journal.by_tag().items()
                  if checks.repeated(submits) > 1],
                 'a push has at most one segment twice')


run(test)
