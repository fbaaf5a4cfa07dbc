"""Stock Kannel without a store, stock with the spool store, and Convoy, in
one run on this machine: pushes of three segments, two links, every box with
`-v 4`. wrk pushes as fast as it is answered; then the queues drain.

  tests/bench [--quick] [--seconds N] [--connections N]
              [--convoy KEY=VALUE]...
  tests/bench --backlog [--quick]
  tests/bench --notify [--quick]

The first prints a table. Stock asks for no receipts and keeps nothing (or
files, unsynced); Convoy is durable and has every receipt. With --backlog
100,000 groups queue up for a stopped SMSC, then drain: how much memory that
adds to any process, which must be less than 64 MiB. With --notify: how many
results a second a Push Initiator that answers at once is notified of, beside
how many pushes a second are answered.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import bench_notify
import push_initiator as pi
import usage
from convoytest import Sandbox, pushes, wait_until
from usage import MIB

SEGMENTS = 3
BACKLOG, LIMIT = 100_000, 64 * MIB
BOXES = ['wapbox', 'bearerbox', 'postgres']
DRIVERS = ['smsc']      # of the load; shares the machine
SCRIPT = f'{os.path.dirname(os.path.realpath(__file__))}/bench.lua'


class Load:
    """wrk against one sandbox; no push-id and no receiver comes twice."""

    def __init__(self, box, connections):
        self.box, self.connections = box, connections
        self.rounds = 0
        self.body = f'{box.folder}/bench.body'
        control = pi.push_message('@ID@@pi.example.com', '@RECEIVER@')
        document = pi.service_indication('http://pi.example/',
                                         pushes.text_of(0, SEGMENTS))
        with open(self.body, 'wb') as file:
            file.write(pi.multipart(control, document))

    def run(self, seconds):
        """Pushes for so long; returns what bench.lua prints."""
        first = 10_000_000 + self.rounds * 4_000_000
        self.rounds += 1
        output = subprocess.run(
            ['wrk', '-t1', f'-c{self.connections}', f'-d{seconds}s',
             '--timeout', '10s', '-s', SCRIPT, self.box.env['PPG_URL'], '--',
             self.body, pi.CONTENT_TYPE, str(first)],
            check=True, stdout=subprocess.PIPE, text=True).stdout
        report = json.loads(output.strip().splitlines()[-1])
        if report['refused'] or report['errors']:
            print(f'bench: not accepted: {report}', file=sys.stderr)
        return report


def drained(box, accepted):
    """True when the SMSC has every segment of what the PI was told is
    accepted, and nothing is left behind them."""
    stats = box.smsc.stats()
    return (stats['accepted'] >= accepted * SEGMENTS and
            (not hasattr(box, 'database') or box.database.all_ended()))


def measure(name, options, seconds, connections):
    """One variant; returns its numbers by name."""
    keys = dict(options)
    with Sandbox(*keys.pop('options', []), **keys) as box:
        load = Load(box, connections)
        load.run(1)                                     # warm
        wait_until(lambda: drained(box, 0), 60, 'warm')
        box.smsc.idle()
        before = {who: usage.cpu_seconds(box.pids(who))
                  for who in BOXES + DRIVERS}
        sent_before = box.smsc.stats()['accepted']
        with usage.PeakPss(lambda: box.pids('postgres')) as postgres:
            begun = time.monotonic()
            report = load.run(seconds)
            wait_until(lambda: box.smsc.stats()['accepted'] - sent_before
                       >= report['accepted'] * SEGMENTS, 300, 'all is sent')
            took = time.monotonic() - begun
            wait_until(lambda: drained(box, 0), 300, 'all has ended')
        box.smsc.idle()
        sent = box.smsc.stats()['accepted'] - sent_before
        numbers = {
            'pushes/s answered 1001': report['accepted'] / report['seconds'],
            'segments/s accepted by the SMSC': sent / took,
            'pushes/s sent whole': sent / took / SEGMENTS,
            'PAP answer p50, ms': report['p50'] * 1000,
            'PAP answer p99, ms': report['p99'] * 1000}
        for who in BOXES:
            pids = box.pids(who)
            used = usage.cpu_seconds(pids) - before[who]
            numbers[f'{who} CPU s per 1,000 segments'] = used / sent * 1000
            numbers[f'{who} peak MiB'] = (
                postgres.peak if who == 'postgres' else
                max([0, *(usage.memory(pid, 'VmHWM') for pid in pids)])) / MIB
        numbers['all CPU s per 1,000 segments'] = sum(
            numbers[f'{who} CPU s per 1,000 segments'] for who in BOXES)
        for who in DRIVERS:
            used = usage.cpu_seconds(box.pids(who)) - before[who]
            numbers[f'({who} CPU s per 1,000 segments)'] = used / sent * 1000
        print(f'{name}: {report["accepted"]} pushes in '
              f'{report["seconds"]:.1f} s, all sent after {took:.1f} s',
              flush=True)
        return numbers


VARIANTS = {
    'stock': dict(options=['--stock']),
    'stock, spool': dict(
        options=['--stock'], folders=['spool'],
        conf='store-type = spool\nstore-location = @FOLDER@/spool\n'),
    'convoy': dict()}


def compare(seconds, connections, keys):
    """All variants; prints the table. `keys` are for group = convoy."""
    found = {}
    VARIANTS['convoy']['convoy'] = keys
    for name, options in VARIANTS.items():
        found[name] = measure(name, options, seconds, connections)
    print(f'\n{"":34}' + ''.join(f'{name:>14}' for name in found)
          + f'{"convoy/stock":>14}')
    for what in found['stock']:
        values = [numbers[what] for numbers in found.values()]
        ratio = (f'{values[-1] / values[0]:14.2f}' if values[0]
                 else f'{"":14}')
        print(f'{what:34}' + ''.join(f'{value:14.3f}' if value < 10
                                     else f'{value:14.1f}'
                                     for value in values) + ratio)
    print('\nPeak memory: VmHWM of a box; of PostgreSQL the highest sum of '
          'PSS of all its\nprocesses, shared buffers included.')
    return 0


def own_memory(box):
    """{(program, pid): octets} of what is no memory shared with others."""
    return {(who, pid): usage.memory(pid, 'RssAnon')
            for who in BOXES for pid in box.pids(who)}


def backlog(groups, connections):
    """Queues up groups for a stopped SMSC; returns 0 if no process grew by
    LIMIT, then or when they drain."""
    with Sandbox() as box:
        load = Load(box, connections)
        load.run(1)
        box.idle()
        before, peak = own_memory(box), {}
        usual = {who: max([0, *(octets for (name, _), octets in
                                before.items() if name == who)])
                 for who in BOXES}

        def watch():
            for (who, _), octets in own_memory(box).items():
                peak[who] = max(peak.get(who, 0), octets)
        box.stop('smsc')
        while box.database.live() < groups:
            load.run(5)
            watch()
        queued = box.database.live()
        grown = {who: peak[who] - usual[who] for who in BOXES}
        print(f'{queued} groups queued for a stopped SMSC')
        box.start('smsc')

        def over():
            watch()
            return box.database.all_ended()
        begun = time.monotonic()
        wait_until(over, 600, 'the backlog has drained')
        print(f'drained in {time.monotonic() - begun:.0f} s\n')
        print(f'{"MiB (RssAnon)":16}{"before":>10}{"queued":>10}'
              f'{"peak":>10}{"grown by":>10}')
        for who in BOXES:
            print(f'{who:16}' + ''.join(
                f'{octets / MIB:10.1f}' for octets in (
                    usual[who], usual[who] + grown[who], peak[who],
                    peak[who] - usual[who])))
        worst = max(peak[who] - usual[who] for who in BOXES)
        print(f'\nlargest growth of a process: {worst / MIB:.1f} MiB, limit '
              f'{LIMIT / MIB:.0f} MiB')
        return int(worst >= LIMIT)


def main():
    parser = argparse.ArgumentParser(
        prog='bench', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true',
                        help='a short run, for a first impression')
    parser.add_argument('--seconds', type=int, help='of load (default 20)')
    parser.add_argument('--connections', type=int, default=64,
                        help='of the Push Initiator (default 64)')
    parser.add_argument('--convoy', action='append', default=[],
                        metavar='KEY=VALUE', help='a key of group = convoy')
    parser.add_argument('--backlog', action='store_true')
    parser.add_argument('--notify', action='store_true')
    options = parser.parse_args()
    if options.backlog:
        return backlog(BACKLOG // 10 if options.quick else BACKLOG,
                       options.connections)
    if options.notify:
        return bench_notify.measure(
            Load, options.seconds or (4 if options.quick else 20),
            options.connections)
    return compare(options.seconds or (4 if options.quick else 20),
                   options.connections,
                   dict(key.split('=', 1) for key in options.convoy))


if __name__ == '__main__':
    sys.exit(main())
