#!/usr/bin/python3 -B
"""The captures that ship (tests/replay/captures), replayed against stock Kannel
and Convoy: both give the verdicts that are expected, to the push."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import replays                                              # noqa: E402
from tap import run                                         # noqa: E402

run(lambda tap: replays.judge_all(tap, replays.of_captures))
