#!/usr/bin/python3 -B
"""PostgreSQL is stopped: the PI reads 4001 within a second. It is started
again: pushes flow without touching the boxes, and no segment that was sent
is sent again."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)


def while_away(tap, box, pi):
    """What a PI reads; returns the pushes, which were not accepted."""
    refused = pi.push(pushes.make(40, 3, prefix='+4673'))
    tap.equal({push.code for push in refused}, {4001},
              'while the database is away every push is answered 4001')
    slowest = max(push.seconds for push in refused)
    tap.ok(slowest < 1, 'within a second', f'{slowest:.3f} s')
    return refused


def test(tap):
    with Sandbox(plan='delay 20..60ms\n') as box, \
            Initiator(box.env['PPG_URL']) as pi:
        before = box.pids('bearerbox'), box.pids('wapbox')

        # Stopped while the segments of many groups are on their way.
        batch = pi.begin(pushes.make(600), until_accepted=True)
        wait_until(lambda: len(box.journal.read().submits) > 400, 30,
                   'segments are under way')
        box.stop('postgres')
        refused = while_away(tap, box, pi)
        box.journal.read()
        tap.none([submit for submit in box.journal.submits if submit.tag
                  in {push.number for push in refused}],
                 'nothing of a push with 4001 is sent')

        box.start('postgres')
        again = pi.begin(refused, until_accepted=True)
        all_pushes = batch.result() + again.result()
        wait_for_results(box, pi, all_pushes, outage=True)
        tap.equal((box.pids('bearerbox'), box.pids('wapbox')), before,
                  'the boxes are the same processes')
        judge(tap, box, pi, all_pushes, outage=True)
        tap.none([submits for submits in box.journal.by_tag().values()
                  if checks.repeated(submits)],
                 'no segment is sent again')

        # Also when nothing was under way.
        box.stop('postgres')
        while_away(tap, box, pi)
        box.start('postgres')
        last = pi.push(pushes.make(20, 2, prefix='+4674'),
                       until_accepted=True)
        wait_for_results(box, pi, last, outage=True)
        tap.equal({push.code for push in last} - {2007}, {1001},
                  'pushes flow again')


run(test)
