#!/usr/bin/python3 -B
"""The captures that ship (tests/replay/captures), replayed against stock Kannel
and Convoy: both give the verdicts that are expected, to the push."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import replays                                              # noqa: E402
from tap import run                                         # noqa: E402


def test(tap):
    with tempfile.TemporaryDirectory() as folder:
        for name, evidences in replays.of_captures(folder).items():
            tap.note(f'captured from {name}')
            replays.judge(tap, f'captures/{name}', evidences)


run(test)
