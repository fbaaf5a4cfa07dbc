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
from chaos_faults import Faults                                 # noqa: E402
from chaos_run import Run                                       # noqa: E402
from chaos_schedule import Event                                # noqa: E402
from convoytest import Sandbox, run                             # noqa: E402
from stack import is_ready                                      # noqa: E402

SEEDS = 3, 6, 8, 27, 29


def crash_ends_with_recovery(tap):
    """The judge excuses what is lost while the database is away."""
    with Sandbox() as box:
        stage = Run(schedule=None, box=box, pi=None)
        Faults(stage).perform(Event(1, 0, 'crash', 'postgres'))
        tap.ok(is_ready(**stage.stack.programs['postgres']['ready']),
               'a crash is over when PostgreSQL takes connections again')


def test(tap):
    crash_ends_with_recovery(tap)
    with ThreadPoolExecutor(len(SEEDS)) as pool:
        for outcome in pool.map(chaos_loop.Outcome, SEEDS):
            tap.ok(outcome.passed, f'seed {outcome.seed}: every invariant '
                   'holds', outcome.text)
            tap.note(outcome.line())
    tap.none(list(filter(None, map(chaos_mutants.misfit,
                                   chaos_mutants.mutants().values()))),
             'every mutant fits the source')


run(test)
