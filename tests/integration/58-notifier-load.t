#!/usr/bin/python3 -B
"""Thousands of results for a Push Initiator that takes 200 ms for each, fails
one in ten and goes away for a while: each is told at least once, and twice
only where an answer was lost; wapbox has no more threads and no more memory
afterwards, and few connections are enough.

CONVOY_NOTIFICATIONS and CONVOY_AWAY say how many pushes and for how many
seconds it goes away; the issue's are 10000 and 60."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import usage                                                # noqa: E402
from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)
from usage import MIB                                       # noqa: E402

PUSHES = int(os.environ.get('CONVOY_NOTIFICATIONS', 1500))
AWAY = float(os.environ.get('CONVOY_AWAY', 5))
DELAY = 0.2             # seconds for an answer
GROWTH = 8 * MIB


class Slow:
    """Of the first tries one in twenty is answered 503, and one in twenty
    not at all, although it is taken."""

    def __init__(self):
        self.seen, self.failed, self.lost = set(), 0, 0

    def __call__(self, notification):
        push_id = notification['push-id']
        if push_id in self.seen:
            return 202, DELAY
        self.seen.add(push_id)
        turn = len(self.seen) % 20
        self.failed += turn == 0
        self.lost += turn == 10
        return (503, DELAY) if turn == 0 else None if turn == 10 else (
            202, DELAY)


def threads(box):
    return sum(len(os.listdir(f'/proc/{pid}/task'))
               for pid in box.pids('wapbox'))


def memory(box):
    return sum(usage.memory(pid, 'RssAnon') for pid in box.pids('wapbox'))


def go_away(tap, box, pi, batch):
    """In the middle of it all; returns when."""
    wait_until(lambda: len(pi.received) > PUSHES / 4, 120,
               'a quarter is notified')
    pi.go_away()
    gone = time.time()
    heard = len(pi.received)
    time.sleep(AWAY)            # the fault itself
    batch.result()
    wait_until(box.database.all_ended, 60 + PUSHES / 50,
               'every group has ended')
    left = box.database.value('SELECT count(*) FROM convoy.notification')
    tap.ok(left > PUSHES / 4, f'{left} results wait while it is away')
    status = box.convoyctl('status')
    tap.ok(f'127.0.0.1:{pi.port} ' in status and 'onnect' in status,
           'convoyctl status says for whom, and why', status)
    tap.ok(len(pi.received) <= heard + 64, 'it hears nothing meanwhile')
    pi.come()
    return gone


def told_twice(received, gone):
    """Those that were told again although their answer got through."""
    times = {}
    for one in received:
        # What was on its way when it went may not have arrived.
        if one['status'] == 202 and not gone - DELAY < one['at'] < gone + 1:
            times[one['push-id']] = times.get(one['push-id'], 0) + 1
    return [push_id for push_id, count in times.items() if count > 1]


def test(tap):
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        warm = pi.push(pushes.make(200, 1, prefix='+4671'))
        wait_for_results(box, pi, warm)
        before = threads(box), memory(box)
        pi.treat, pi.connections = Slow(), 0

        begun = time.monotonic()
        batch = pi.begin(pushes.make(PUSHES, 1, prefix='+4672'), 50)
        gone, all_pushes = go_away(tap, box, pi, batch), batch.pushes
        wait_for_results(box, pi, all_pushes, 120 + PUSHES / 50)
        took = time.monotonic() - begun - AWAY
        tap.note(f'{PUSHES} pushes, all told after {took:.1f} s and {AWAY} s '
                 f'away, over {pi.connections} connections; '
                 f'{len(pi.received)} notifications')

        tap.ok(pi.treat.failed >= PUSHES // 20 and
               pi.treat.lost >= PUSHES // 20 - 1,
               f'{pi.treat.failed} were refused, {pi.treat.lost} answers lost')
        tap.none(told_twice(pi.received, gone),
                 'none is told again whose answer came')
        tap.none(checks.wrong_notifications(warm + all_pushes, pi.received,
                                            repeats=True),
                 'each is told, always with the same words')
        # One is lost with each answer, and with each that is out of work when
        # the Push Initiator goes.
        limit = pi.treat.lost + pi.treat.failed + 3 * 64
        tap.ok(pi.connections < limit, f'{pi.connections} connections are '
               f'enough, of {len(pi.received)}', limit)
        after = threads(box), memory(box)
        tap.equal(after[0], before[0], 'wapbox has as many threads as before')
        grown = after[1] - before[1]
        tap.ok(grown < GROWTH, f'its memory has grown by {grown / MIB:.1f} '
               'MiB')
        pi.treat = None
        judge(tap, box, pi, warm + all_pushes, outage=True, name='in the end')


run(test)
