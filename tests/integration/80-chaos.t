#!/usr/bin/python3 -B
"""A few seeds of tests/chaos side by side: whatever random faults do, no
invariant is violated. `tests/chaos --seed N` tells more of one. That the
judge can fail is shown by `tests/chaos --mutants`, which takes too long for
here."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import chaos_loop                                               # noqa: E402
import chaos_mutants                                            # noqa: E402
from tap import run                                             # noqa: E402

SEEDS = 3, 6, 8, 27, 29


def test(tap):
    with ThreadPoolExecutor(len(SEEDS)) as pool:
        for outcome in pool.map(chaos_loop.Outcome, SEEDS):
            tap.ok(outcome.passed, f'seed {outcome.seed}: every invariant '
                   'holds', outcome.text)
            tap.note(outcome.line())
    tap.none(list(filter(None, map(chaos_mutants.misfit,
                                   chaos_mutants.mutants().values()))),
             'every mutant fits the source')


run(test)
