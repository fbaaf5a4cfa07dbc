#!/usr/bin/python3 -B
"""tests/compare in small: Convoy and stock Kannel meet the same faults, with
some phones off. Convoy is worse in nothing, has 99.9 % displayed within a
minute in which the phone was on, and tells the PI nothing that is false."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import compare                                              # noqa: E402
from convoytest import run                                  # noqa: E402

LEVELS = [5]


def first_answers(side):
    """How the SMSC answered the first submit of each segment."""
    receivers = {push.number: push.receiver for push in side.pushes}
    found = {}
    for submit in side.journal.submits:
        found.setdefault((receivers[submit.tag], submit.part), submit.status)
    return found


def same_faults(tap, level):
    """Both sides met the same plan: whatever both submitted was answered
    alike."""
    stock, convoy = (first_answers(side) for side in level.sides.values())
    both = stock.keys() & convoy.keys()
    name = f'{level.level} %: '
    tap.none([f'{key}: stock {stock[key]}, Convoy {convoy[key]}'
              for key in both if stock[key] != convoy[key]],
             f'{name}the {len(both)} first submits that both made were '
             'answered alike')
    tap.equal(set(convoy.values()), {0, 0x58, 0x08, 0x0b, None},
              f'{name}all kinds of faults were met')
    tap.ok(any(outcome.delay - outcome.reachable > 1
               for outcome in level.fair['Convoy']),
           f'{name}some phones were off when they were pushed to')


def test(tap):
    results = compare.compare(LEVELS, *compare.QUICK)
    tap.note(*compare.table(results))
    for level, numbers in results:
        same_faults(tap, level)
        tap.equal([numbers[name]['pushes accepted'] for name in numbers],
                  [compare.QUICK[0]] * 2,
                  f'{level.level} %: every push is accepted, by both')
        tap.none(compare.broken_promises(level, numbers),
                 f'{level.level} %: Convoy is worse in nothing, keeps '
                 'its promise and says nothing false')


run(test)
