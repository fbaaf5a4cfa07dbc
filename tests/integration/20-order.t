#!/usr/bin/python3 -B
"""5,000 pushes of three segments to 300 receivers over two links, 20 at a
time: every one a transaction."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, judge, pushes,      # noqa: E402
                        run, wait_for_results)


def test(tap):
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        all_pushes = pi.push(pushes.make(5000, 3, receivers=300),
                             at_a_time=20, until_accepted=True)
        wait_for_results(box, pi, all_pushes, 120)
        judge(tap, box, pi, all_pushes)
        tap.equal(len(box.journal.submits), 15000, 'no segment is repeated')
        tap.equal(len({submit.link for submit in box.journal.submits}), 2,
                  'both links carry segments')
    tap.none(box.leftovers, 'no process is left')


run(test)
