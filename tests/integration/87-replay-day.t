#!/usr/bin/python3 -B
"""The trace 'day' that tests/replay/generate makes up, replayed against stock
Kannel and Convoy: both give the verdicts that are expected, to the push."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import replays                                              # noqa: E402
from tap import run                                         # noqa: E402


def test(tap):
    with tempfile.TemporaryDirectory() as folder:
        replays.judge(tap, 'day', replays.of_scene(folder, 'day'))


run(test)
