#!/usr/bin/python3 -B
"""Thousands of clients that are silent, slow, deaf or send without end: the
Push Initiator beside them has its answers as ever, whoever takes too long is
sent away, and the memory of wapbox stays bounded."""

import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import flood                                                # noqa: E402
import usage                                                # noqa: E402
from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)
from usage import MIB                                       # noqa: E402

CLIENTS = int(os.environ.get('CONVOY_CLIENTS', 10_000))
LIMIT, TIMEOUT = 500, 2         # max-clients, client-timeout
RATE = 40                       # pushes a second beside it all
P99 = 0.1                       # seconds, of their answers
TRIES = 3                       # one of so many has it
LONGEST = TIMEOUT / 2           # p99 of each: nobody waits for a time-out

# Not all who say nothing learn that they had to go: those for whom there was
# no room in the backlog think that they are connected.
#
# Kind, clients, seconds, what must have happened, and MiB that wapbox may
# grow by: 64 of all requests under way, and as much again for what malloc()
# and the copy that is being looked at take.
FLOODS = [
    ('nothing', CLIENTS, 10, lambda c: c['ended'] > CLIENTS / 2, 48),
    ('drip', 400, 5, lambda c: c['ended'] == 400, 32),
    ('head', 100, 3, lambda c: c['ended'] == 100, 48),
    ('body', 400, 5, lambda c: c['octets'] > 64 * MIB, 160),
    ('huge', 20, 3, lambda c: c['octets'] > 32 * MIB, 32),
    ('deaf', 100, 10, lambda c: c['octets'] > MIB, 64),
    ('bombs', 20, 5, lambda c: c['answered'] > 200, 64),
]


class Bed:
    def __init__(self, tap, box, pi):
        self.tap, self.box, self.pi, self.good = tap, box, pi, []
        url = urllib.parse.urlsplit(box.env['PPG_URL'])
        self.address, self.path = (url.hostname, url.port), url.path
        self.push(3)

    def push(self, seconds):
        some = self.pi.push(pushes.make(seconds * RATE, 1,
                                        prefix=f'+46{70 + len(self.good)}'),
                            at_a_time=8, spread=seconds)
        self.good.append(some)
        return some

    def flooded(self, kind, clients, seconds, happened, growth):
        """The p99 of the answers beside such a flood."""
        tap, wapbox = self.tap, self.box.pids('wapbox')[0]
        before = usage.begin_peak(wapbox)
        running = flood.Running(kind, self.address, self.path, clients,
                                seconds)
        some, counts = self.push(seconds), running.result()
        grown = (usage.memory(wapbox, 'VmHWM') - before) / MIB
        median, p99 = (checks.percentile([push.seconds for push in some], part)
                       for part in (50, 99))
        tap.note(f'{kind}: {counts}, median {median * 1000:.1f} ms, '
                 f'p99 {p99 * 1000:.1f} ms, wapbox grew by {grown:.1f} MiB')
        tap.ok(counts['made'] >= clients and happened(counts),
               f'{kind}: {clients} clients come, and it happens', counts)
        tap.none([f'{push}: {push.codes}' for push in some
                  if not push.accepted], f'{kind}: every push is accepted')
        tap.ok(grown < growth, f'{kind}: memory is bounded',
               f'{grown:.1f} MiB')
        tap.ok(p99 < LONGEST, f'{kind}: p99 is under {LONGEST} s each time',
               f'{p99:.3f} s')
        return p99

    def answered_in_time(self, kind, *how):
        seen = []
        while len(seen) < TRIES and min(seen, default=P99) >= P99:
            seen.append(self.flooded(kind, *how))
        self.tap.ok(seen[-1] < P99, f'{kind}: p99 is under {P99} s', seen)


def test(tap):
    with Sandbox(convoy={'client-timeout': TIMEOUT,
                         'max-clients': LIMIT}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        bed, before = Bed(tap, box, pi), box.pids('wapbox')
        for each in FLOODS:
            bed.answered_in_time(*each)
        connections = f'/proc/{before[0]}/fd'
        wait_until(lambda: len(os.listdir(connections)) < 200,
                   3 * TIMEOUT + 5, 'nobody stays')
        bed.push(1)
        all_pushes = sum(bed.good, [])
        wait_for_results(box, pi, all_pushes)
        judge(tap, box, pi, all_pushes, name='in the end')
        tap.equal(box.pids('wapbox'), before, 'it is the same process')


run(test)
