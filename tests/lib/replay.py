"""Replays a trace against stock Kannel, Convoy or both, in sandboxes in which
the simulator plays the recorded SMSC, and says what each delivered.

  tests/replay/run TRACE [--against stock|convoy|both] [--speed N|max]
                   [--seed N] [--kannel-conf FILE] [--keep DIR]
                   [--html FILE] [--json FILE] [--expect FILE] [--tap]
  tests/replay/run --compare DIR DIR [--html FILE] [--json FILE]
  tests/replay/run TRACE --ppg URL --messages-may-reach-real-phones

The first prints a table and the verdict, and ends with 1 if that is bad: an
invariant of Convoy is broken, what was displayed in the record is not now, or
not what stock displays (which else is only reported). The second puts two runs
that --keep has kept side by side, the old one first. The third pushes to any
PPG. tests/replay/README.md says more.
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile

import replay_conf
import replay_page
import replay_run
from processes import Failure, wait_until
from replay_evidence import Evidence
from replay_numbers import numbers, table
from replay_trace import Trace, digest_of
from replay_verdict import displayed_by_one, judge
from tap import Tap
from testbed import SandboxError
from traces import PROGRAM as CONVOY_TRACE

NAMES = {'stock': 'stock', 'convoy': 'Convoy'}


class Wrong(Exception):
    """What the user reads, in one line."""


def check_trace(path):
    """Is it one, and is there something to replay?"""
    result = subprocess.run([CONVOY_TRACE, 'check', path], text=True,
                            capture_output=True)
    if result.returncode:
        raise Wrong(result.stderr.strip().removeprefix('convoy-trace: '))
    if not os.path.isfile(path):
        raise Wrong(f'{path}: no file, and it has to be read several times')
    if not Trace(path).pushes:
        raise Wrong(f'{path}: there is no push in it')


def verdicts_in(path):
    """What --expect names: {gateway: verdict}."""
    try:
        with open(path) as file:
            found = json.load(file)
    except OSError as error:
        raise argparse.ArgumentTypeError(f'{path}: {error.strerror}') from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'{path}: {error}') from None
    if not isinstance(found, dict) or not found or found.keys() - NAMES.keys():
        raise argparse.ArgumentTypeError(
            f'{path}: no object with the verdict of stock, convoy or both')
    return found


# --- what a run comes to ----------------------------------------------------

def report(evidences, options):
    """Prints table and verdict, writes the files; the exit status.
    evidences: {name: Evidence}."""
    quiet = contextlib.redirect_stdout(
        sys.stdout if options.tap else io.StringIO())
    tap, verdicts = Tap(), {}
    with quiet as output:
        for name, evidence in evidences.items():
            side = evidence.run['gateway']
            verdicts[name] = judge(
                tap, evidence, options.expect.get(side),
                strict=len(evidences) == 1 or evidence.is_convoy)
        if len(evidences) == 2:
            first, second = evidences
            tap.none(displayed_by_one(*evidences.values()),
                     f'{second} displays whatever {first} displays')
        print(f'1..{tap.count}')
    columns = {name: numbers(evidence)
               for name, evidence in evidences.items()}
    if not options.tap:
        print('\n'.join(table(columns)), end='\n\n')
        print('\n'.join(line for line in output.getvalue().splitlines()
                        if line.startswith(('not ok', '#'))) or
              'verdict: all is as it must be')
    if options.json:
        json.dump({name: {'verdict': verdicts[name],
                          'measured': replay_page.finite(columns[name])}
                   for name in evidences}, options.json, indent=2)
        options.json.write('\n')
    if options.html:
        options.html.write(replay_page.page(evidences, columns, verdicts))
    return int(tap.failed > 0)


def evidence_of(folder):
    """That of a kept run, with the trace it was made from."""
    with open(f'{folder}/run.json') as file:
        run = json.load(file)
    if digest_of(run['trace path']) != run['trace']:
        raise Wrong(f'{run["trace path"]} is not what was replayed any more')
    return Evidence(Trace(run['trace path']), folder)


def check_compared(first, second):
    """Is it one trace? What else differs is told."""
    if first.run['trace'] != second.run['trace']:
        raise Wrong('these are runs of different traces: '
                    + ', '.join(one.run['trace path']
                                for one in (first, second)))
    for what in 'seed', 'speed':
        if first.run[what] != second.run[what]:
            print(f'# {what}: {first.run[what]} there, {second.run[what]} '
                  'here')


def compare(options):
    first, second = (evidence_of(folder) for folder in options.compare)
    check_compared(first, second)
    names = [NAMES[one.run['gateway']] for one in (first, second)]
    if names[0] == names[1]:
        names = [f'{name}, {os.path.basename(os.path.normpath(folder))}'
                 for name, folder in zip(names, options.compare)]
    if names[0] == names[1]:
        names = options.compare
    return report(dict(zip(names, (first, second))), options)


def replay(options):
    check_trace(options.trace)
    against = ['stock', 'convoy'] if options.against == 'both' \
        else [options.against]
    options.sandbox = replay_conf.sandbox_keys(options.kannel_conf) \
        if options.kannel_conf else {'convoy': {}}
    with contextlib.ExitStack() as stack:
        folder = options.keep or stack.enter_context(
            tempfile.TemporaryDirectory(prefix='convoy-replay-'))
        sides = [replay_run.Side(name, options.trace, f'{folder}/{name}',
                                 options)
                 for name in against]
        # As fast as possible is a measure of throughput: one at a time.
        for some in ([[side] for side in sides] if options.speed == 'max'
                     else [sides]):
            replay_run.run(some, options.wait)
        return report({NAMES[side.name]: Evidence(Trace(options.trace),
                                                  side.folder)
                       for side in sides}, options)


def push_to_ppg(options):
    """Pushes, and answers notifications until --wait is over; there is no
    SMSC to ask."""
    check_trace(options.trace)
    where = ['--ppg', options.ppg]
    if options.messages_may_reach_real_phones:
        where.append('--messages-may-reach-real-phones')
    with tempfile.TemporaryDirectory(prefix='convoy-replay-') as folder:
        out = f'{folder}/sent.jsonl'
        sender = replay_run.Sender(where, options.trace, out, options.speed)
        try:
            with replay_run.first_interrupt_is_the_senders():
                wait_until(sender.is_done, replay_run.FOR_EVER,
                           'every push is sent')
            with contextlib.suppress(subprocess.TimeoutExpired):
                sender.process.wait(options.wait)
        finally:
            sender.end()
        print(json.dumps(sender.sent))
    return 0


def speed(text):
    if text != 'max' and not 0.001 <= float(text) <= 1e6:
        raise ValueError(text)
    return text


def main():
    parser = argparse.ArgumentParser(
        prog='tests/replay/run', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('trace', metavar='TRACE', nargs='?')
    parser.add_argument('--compare', nargs=2, metavar='DIR',
                        help='two runs that were kept')
    parser.add_argument('--against', default='both',
                        choices=['stock', 'convoy', 'both'],
                        help='default both, side by side')
    parser.add_argument('--ppg', metavar='URL', help='push there instead')
    parser.add_argument('--messages-may-reach-real-phones',
                        action='store_true', help='what --ppg takes')
    parser.add_argument('--speed', default='1', metavar='N|max',
                        type=speed,
                        help='of the trace, pushes and SMSC (default 1); '
                        'max: as fast as the PPG answers')
    parser.add_argument('--seed', type=int, default=1, metavar='N',
                        help='of what the trace does not say (default 1)')
    parser.add_argument('--wait', type=float, default=300, metavar='SECONDS',
                        help='after the last push, at most (default 300)')
    parser.add_argument('--kannel-conf', metavar='FILE',
                        help='links, PPG and Convoy are set as there')
    parser.add_argument('--keep', metavar='DIR',
                        help='keep what happened in DIR/stock, DIR/convoy')
    parser.add_argument('--html', type=argparse.FileType('w'),
                        metavar='FILE', help='write a page there')
    parser.add_argument('--json', type=argparse.FileType('w'),
                        metavar='FILE', help='write verdict and numbers')
    parser.add_argument('--expect', type=verdicts_in, metavar='FILE',
                        default={},
                        help='the verdict must be that of the gateway in '
                        'this file')
    parser.add_argument('--tap', action='store_true',
                        help='print the verdict as a test')
    options = parser.parse_args()
    if (options.trace is None) == (options.compare is None):
        parser.error('a TRACE, or --compare DIR DIR')
    try:
        if options.compare:
            return compare(options)
        return push_to_ppg(options) if options.ppg else replay(options)
    except (Wrong, Failure, SandboxError, replay_conf.ConfError) as error:
        why = error
    except KeyboardInterrupt:
        why = 'interrupted'
    except OSError as error:
        why = f'{error.filename}: {error.strerror}' if error.filename \
            else error
    print(f'tests/replay/run: {why}', file=sys.stderr)
    return 1


if __name__ == '__main__':
    sys.exit(main())
