#!/usr/bin/python3 -B
"""A replay takes each segment for one of the push that it is of, although
nothing but its content tells: here tags do."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import pushes                                               # noqa: E402
import replay_verdict                                       # noqa: E402
import replays                                              # noqa: E402
from tap import run                                         # noqa: E402


def test(tap):
    some = pushes.make(90, 2, receivers=9)
    first = some[0].number
    with tempfile.TemporaryDirectory() as folder:
        trace = replays.written(folder, 'tagged', some, None, 1)
        found = replays.replayed(trace, folder, ['convoy', 'stock'])
    for evidence in found:
        submits = evidence.journal.submits
        tap.equal(len(submits), 180, 'every segment is submitted')
        tap.none([str(one) for one in submits
                  if one.tag != pushes.tag_of(one.message) - first + 1],
                 'each is known to be of its push')
        tap.none(replay_verdict.true_notification(evidence),
                 'nobody is told what nobody asked for')
        tap.none([one for one in evidence.deliveries
                  if not evidence.displayed(one)], 'and each is displayed')


run(test)
