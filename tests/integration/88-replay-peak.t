#!/usr/bin/python3 -B
"""The trace 'peak' that tests/replay/generate makes up, replayed against stock
Kannel and Convoy: both give the verdicts that are expected, to the push."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import replay_verdict                                       # noqa: E402
import replays                                              # noqa: E402
from replay_numbers import numbers, table                   # noqa: E402
from tap import run                                         # noqa: E402

SCENE = 'peak'
# Stock repeats what failed after a minute, by default, and notices only then
# what was not answered.
SOONER = dict(conf='sms-resend-freq = 2\n', link={'wait-ack': 4},
              convoy={'answer-timeout': 4, 'retry-delay': 2})


def test(tap):
    with tempfile.TemporaryDirectory() as folder:
        trace = replays.generated(folder, SCENE)
        stock, convoy = replays.replayed(trace, folder, ['stock', 'convoy'],
                                         speed='2', **SOONER)
        tap.note(*table({'stock': numbers(stock),
                         'Convoy': numbers(convoy)}))
        for evidence in stock, convoy:
            gateway = evidence.run['gateway']
            replay_verdict.judge(tap, evidence,
                                 replays.expected(SCENE, gateway))


run(test)
