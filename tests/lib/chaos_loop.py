"""Many seeds of tests/chaos, each in a process of its own, so that none
leaves anything behind for the next; and how a failing one is shortened."""

import argparse
import re
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import testbed

COMMAND = testbed.COMMAND.replace('sandbox', 'chaos')
SHORTEN = 300       # seconds spent on shortening one schedule
LIMIT = 300         # seconds after which one seed is surely stuck


def span(text):
    found = re.fullmatch(r'(\d+)(?:-(\d+))?', text)
    if not found:
        raise argparse.ArgumentTypeError(f'{text!r} is not A-B')
    return int(found[1]), int(found[2] or found[1])


def seconds(text):
    found = re.fullmatch(r'(\d+)([smh]?)', text)
    if not found:
        raise argparse.ArgumentTypeError(f'{text!r} is not a time as 90s')
    return int(found[1]) * {'': 1, 's': 1, 'm': 60, 'h': 3600}[found[2]]


def summary(facts):
    """What a seed did, in a line: a test of faults must show that they
    happened."""
    states = Counter(row.state for row in facts.evidence.results)
    outcomes = Counter(row.outcome for row in facts.evidence.ledger)
    return (f'-- {len(facts.pushes)} pushes: {dict(states)}; '
            f'{len(facts.journal.submits)} submits: {dict(outcomes)}; '
            f'{len(facts.evidence.history)} faults, '
            f'{len(facts.stale)} stale')


class Outcome:
    """One run of one seed: `text` is what it printed."""

    def __init__(self, seed, without=(), command=COMMAND):
        begun = time.monotonic()
        self.seed, self.without = seed, list(without)
        try:
            done = subprocess.run(
                [command, '--seed', str(seed), '--without',
                 ','.join(without)], stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, timeout=LIMIT)
            self.text, self.passed = done.stdout, done.returncode == 0
        except subprocess.TimeoutExpired as error:
            self.text = (error.stdout or b'').decode() + '\nVIOLATED stuck: -'
            self.passed = False
        self.invariants = set(re.findall(r'^VIOLATED ([^:]*):', self.text,
                                         re.M))
        if not self.passed and not self.invariants:
            self.invariants = {'the run itself'}
        self.took = time.monotonic() - begun
        self.events = re.findall(r'^ +(\d+) +[\d.]+ s ', self.text, re.M)

    def line(self):
        verdict = 'ok' if self.passed else \
            'VIOLATED ' + ', '.join(sorted(self.invariants))
        last = self.text.rstrip().splitlines()[-1:]
        return f'seed {self.seed}: {verdict} ({self.took:.0f} s) ' + \
            ''.join(last if self.passed else [])


def shorten(outcome):
    """Leaves out events, by halves and then one by one, as long as one of
    the invariants stays violated; returns the last such outcome."""
    deadline = time.monotonic() + SHORTEN
    size = len(outcome.events) // 2
    while size >= 1 and time.monotonic() < deadline:
        for start in range(0, len(outcome.events), size):
            left_out = outcome.events[start:start + size]
            shorter = Outcome(outcome.seed, outcome.without + left_out)
            if shorter.invariants & outcome.invariants:
                outcome = shorter
                break
            if time.monotonic() > deadline:
                break
        else:
            size //= 2
    return outcome


def main(options):
    """Runs the seeds; returns the exit status."""
    deadline = time.monotonic() + options.budget
    first, last = options.seeds
    failed, ran = [], 0

    def one(seed):
        return Outcome(seed) if time.monotonic() < deadline else None

    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(one, range(first, last + 1)):
            if outcome is None:
                continue
            ran += 1
            print(outcome.line(), flush=True)
            if not outcome.passed:
                failed.append(outcome)
                print(outcome.text, flush=True)
    for outcome in failed[:3]:
        outcome = shorten(outcome)
        print(outcome.text)
        print('again: tests/chaos --seed', outcome.seed, '--without',
              f"'{','.join(outcome.without)}'", flush=True)
    print(f'{ran} of {last - first + 1} seeds, {len(failed)} with '
          f'violations: {[outcome.seed for outcome in failed]}')
    return 1 if failed or not ran else 0


