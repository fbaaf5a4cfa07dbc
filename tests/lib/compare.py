"""Convoy and stock Kannel side by side, under the same faults of the SMSC and
with the same phones off at the same times: how many pushes phones display,
how soon, and what the Push Initiator is told.

  tests/compare [--quick] [--pushes N] [--faults 1,5,10,20] [--svg FILE]

Prints a table. What goes wrong at a level is in lib/compare_plan.py, what the
numbers mean in lib/compare_numbers.py. Fails if Convoy is worse anywhere, has
told something false, or at 5 % has less than 99.9 % displayed within a minute
in which the phone was on.
"""

import argparse
import sys

import compare_plan as plan
import compare_svg
from compare_numbers import MINUTES, Level, false_results, worse
from compare_run import NAMES, run
from tables import rows_of

# Pushes, seconds over which they are spread, and minutes to wait after that.
FULL, QUICK = (2000, 300, 30), (300, 10, 1)
PROMISED = 99.9     # % within a minute at PROMISED_AT % of faults
PROMISED_AT = 5


def broken_promises(level, numbers):
    """All that Convoy must and did not, at one level: a line each."""
    found = worse(numbers['stock'], numbers['Convoy'])
    found += false_results(level)
    whole = numbers['Convoy']['the same, while the phone was on: 1 min, %']
    if level.level <= PROMISED_AT and whole < PROMISED:
        found.append(f'{whole:.3f} % displayed within a minute in which the '
                     f'phone was on, not {PROMISED} %')
    return [f'at {level.level:g} %: {line}' for line in found]


def compare(levels, count, spread, minutes):
    """Runs it; returns [(Level, {side: numbers})]."""
    sides = run(levels, count, spread, 60 * minutes)
    waited = [after for after in MINUTES if after <= minutes]
    found = [Level(*pair) for pair in zip(sides[::2], sides[1::2])]
    return [(level, {name: level.numbers(name, waited) for name in NAMES})
            for level in found]


def table(results):
    """The lines of a table in Markdown, a column for each side and level."""
    head, *rows = rows_of({f'{name}, {level.level:g} %': numbers[name]
                           for level, numbers in results for name in NAMES})
    rule = ['-' * len(head[0]), *('-' * (len(cell) - 1) + ':'
                                  for cell in head[1:])]
    return [f'| {" | ".join(row)} |' for row in (head, rule, *rows)]


def write_svg(file, results):
    file.write(compare_svg.plot(
        [(level.level, {name: [outcome.reachable for outcome in some]
                        for name, some in level.fair.items()})
         for level, _ in results],
        'Pushes of three segments displayed whole, by faults of the SMSC'))


def percentages(text):
    levels = [float(level) for level in text.split(',')]
    if not all(0 <= level <= 100 for level in levels):
        raise ValueError(text)
    return levels


def main():
    parser = argparse.ArgumentParser(
        prog='compare', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true',
                        help='a minute, with few pushes')
    parser.add_argument('--pushes', type=int, metavar='N',
                        help=f'of each side and level (default {FULL[0]}, '
                             f'quick {QUICK[0]})')
    parser.add_argument('--faults', type=percentages, metavar='LIST',
                        default=[1, 5, 10, 20],
                        help='levels in percent (default 1,5,10,20)')
    parser.add_argument('--svg', type=argparse.FileType('w'), metavar='FILE',
                        help='write a plot there')
    options = parser.parse_args()
    count, spread, minutes = QUICK if options.quick else FULL
    count = options.pushes or count
    print(f'{count} pushes over {spread} s to each side and level; phones '
          f'forget parts after {plan.PHONE_WINDOW} s', flush=True)
    results = compare(options.faults, count, spread, minutes)
    print('\n'.join(table(results)))
    if options.svg:
        write_svg(options.svg, results)
    broken = [line for level, numbers in results
              for line in broken_promises(level, numbers)]
    for line in broken:
        print(f'compare: {line}', file=sys.stderr)
    return bool(broken)


if __name__ == '__main__':
    sys.exit(main())
