#!/usr/bin/python3 -B
"""bearerbox is stopped in good order with a wapbox connected, is away, and comes
back: it ends in time, wapbox stays the same process and answers every push
1001 at its first try and as fast as ever, and once bearerbox is back they flow:
nothing is lost and nothing is sent twice."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from admin import Admin                                     # noqa: E402
from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

RATE = 40           # pushes a second, all the time
SECONDS = 45        # both times fall into it, on a busy machine, too
STOP = 8            # seconds within which bearerbox must have ended
ANSWER = 1          # seconds within which all but a few have their answers
AWAY = 120          # pushes that are answered meanwhile


def wapbox_is_connected(box):
    return 'wapbox' in Admin(box.env)('status.txt')


def away(tap, box, batch, what):
    """bearerbox is stopped and started in the middle of the batch."""
    wait_until(lambda: wapbox_is_connected(box), 10, 'wapbox is connected')
    sent = len(box.journal.read().submits)
    wait_until(lambda: len(box.journal.read().submits) > sent + RATE, 30,
               'segments are under way')
    seconds = box.stop('bearerbox')
    tap.ok(seconds < STOP, f'{what}: bearerbox ends in time, with a wapbox '
           'connected', f'{seconds:.1f} s')
    tap.none(box.pids('bearerbox'), f'{what}: and leaves no process')
    submits, done = len(box.journal.read().submits), batch.done
    wait_until(lambda: batch.done > done + AWAY, 30,
               'pushes are answered while it is away')
    tap.equal(len(box.journal.read().submits), submits,
              f'{what}: nothing is sent while it is away')
    box.start('bearerbox')


def test(tap):
    with Sandbox(plan='delay 5..40ms\n') as box, \
            Initiator(box.env['PPG_URL']) as pi:
        wapbox = box.pids('wapbox')
        batch = pi.begin(pushes.make(RATE * SECONDS), spread=SECONDS)
        away(tap, box, batch, 'once')
        away(tap, box, batch, 'again')
        tap.ok(batch.running, 'pushes came all the time')
        all_pushes = batch.result()

        tap.none([f'{push}: {push.codes} {push.desc}' for push in all_pushes
                  if push.codes != [1001]],
                 'every push is accepted at its first try')
        p99 = checks.percentile([push.seconds for push in all_pushes], 99)
        tap.ok(p99 < ANSWER, f'within {ANSWER} s', f'{p99:.3f} s')
        tap.equal(box.pids('wapbox'), wapbox, 'wapbox is the same process')
        wait_for_results(box, pi, all_pushes)
        judge(tap, box, pi, all_pushes, restart=True)
        tap.none([submits for submits in box.journal.by_tag().values()
                  if checks.repeated(submits)], 'no segment is sent twice')


run(test)
