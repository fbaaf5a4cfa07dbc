#!/usr/bin/python3 -B
"""The operator's commands while a thousand groups are half sent: each leaves
them in a state from which they go on. Nothing is lost, nothing is in doubt,
and only a push whose link was taken away begins anew."""

import os
import re
import sys
import time
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from admin import Admin                                         # noqa: E402
from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

PUSHES = 600
PLAN = 'delay 5..40ms\n'
# So that the command finds pushes half sent, however late it comes.
SLOW = 'delay 500ms..1s\n'


class Bed:
    def __init__(self, tap, box, pi):
        self.tap, self.box, self.pi = tap, box, pi
        self.admin = Admin(box.env)
        self.all_pushes = []

    def begin(self, plan=PLAN):
        """Pushes; returns the Batch once a third of its segments is out."""
        self.box.smsc.plan(plan)
        self.before = len(self.box.journal.read().submits)
        batch = self.pi.begin(
            pushes.make(PUSHES, prefix=f'+46{len(self.all_pushes):04}'),
            until_accepted=True)
        self.all_pushes += batch.pushes
        wait_until(lambda: len(self.box.journal.read().submits) - self.before
                   > PUSHES, 60, 'a third of the segments is sent')
        return batch

    def end(self, batch, name, seconds=60, anew=False):
        """All get their results. With `anew` links were taken away."""
        some = batch.result()
        begun = time.monotonic()
        wait_for_results(self.box, self.pi, some, seconds)
        by_tag = self.box.journal.by_tag()
        repeated = sum(checks.repeated(by_tag[push.number]) > 0
                       for push in some)
        if anew:
            self.tap.ok(repeated > 0, f'{name}: what the '
                        f'links had begun begins anew, {repeated} pushes')
        else:
            self.tap.equal(repeated, 0, f'{name}: nothing is sent twice')
        self.tap.note(f'{time.monotonic() - begun:.1f} s until all ended')

    def online(self, links=2):
        wait_until(lambda: self.admin('status.txt').count('(online') == links,
                   30, f'{links} links are online')

    def uptime(self):
        """Of bearerbox, in seconds; it cannot tell while it starts."""
        try:
            days, hours, minutes, seconds = map(int, re.search(
                r'uptime (\d+)d (\d+)h (\d+)m (\d+)s',
                self.admin('status.txt')).groups())
        except OSError:
            return float('inf')
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def suspend(bed):
    batch = bed.begin(SLOW)
    bed.admin('suspend')
    suspended = time.time()
    batch.result()
    more = bed.pi.push(pushes.make(50, prefix='+4699'), until_accepted=True)
    bed.all_pushes += more
    bed.tap.ok('suspended' in bed.admin('status.txt') and
               bed.box.database.live() >= len(more),
               'suspend: pushes are taken all the same')
    bed.admin('flush-dlr')
    resumed = time.time()
    bed.admin('resume')
    bed.end(batch, 'suspend, flush-dlr, resume')
    wait_for_results(bed.box, bed.pi, more)
    bed.tap.none([submit for submit in bed.box.journal.submits
                  if suspended + 0.5 < submit.sent < resumed],
                 'suspend: nothing is sent')


def isolate(bed):
    batch = bed.begin()
    bed.admin('isolate')
    batch.result()
    wait_until(lambda: len(bed.box.journal.read().submits) - bed.before
               == 3 * PUSHES, 30, 'all segments are sent in isolation')
    bed.admin('resume')
    bed.end(batch, 'isolate, resume')


def reload(bed):
    """Nothing has changed in kannel.conf: the links stay."""
    batch = bed.begin()
    bed.tap.equal(bed.admin('reload-lists').strip()[-9:], 're-loaded',
                  'reload-lists')
    bed.admin('graceful-restart')
    bed.end(batch, 'reload-lists, graceful-restart')


def changed(bed):
    """Another kannel.conf: both links go, and others come. SIGHUP is heard
    within ten seconds."""
    path = f'{bed.box.folder}/kannel.conf'
    with open(path) as file:
        text = file.read()

    def links():
        return {link['link'] for link in bed.box.smsc('links')['links']}
    batch = bed.begin(SLOW)
    for delay, command in ((2, lambda: bed.admin('graceful-restart')),
                           (3, lambda: bed.box.kill('bearerbox', 'HUP'))):
        before = links()
        with open(path, 'w') as file:
            file.write(text.replace('reconnect-delay = 1',
                                    f'reconnect-delay = {delay}'))
        command()
        wait_until(lambda: not before & links(), 40, 'the old links are gone')
        bed.online()
    bed.end(batch, 'graceful-restart and SIGHUP with other links', anew=True)


def stop_start(bed):
    batch = bed.begin(SLOW)
    bed.admin('stop-smsc', smsc='smsc')
    batch.result()
    wait_until(lambda: bed.admin('status.txt').count('(dead') == 2, 15,
               'both links are down')
    bed.tap.ok(bed.box.database.live() > PUSHES / 3,
               'stop-smsc: the rest waits')
    bed.admin('start-smsc', smsc='smsc')
    bed.online()
    bed.end(batch, 'stop-smsc, start-smsc', anew=True)


def remove_add(bed):
    """Kannel removes one link of an id at a time."""
    batch = bed.begin(SLOW)
    bed.admin('remove-smsc', smsc='smsc')
    bed.admin('remove-smsc', smsc='smsc')
    bed.online(0)
    bed.admin('add-smsc', smsc='smsc')
    bed.online()
    bed.end(batch, 'remove-smsc, add-smsc', anew=True)


def restart(bed):
    """bearerbox ends in good order and executes itself anew."""
    batch = bed.begin()
    begun = time.monotonic()
    bed.admin('restart')
    wait_until(lambda: bed.uptime() < time.monotonic() - begun, 30,
               'it starts anew')
    seconds = time.monotonic() - begun
    bed.online()
    bed.tap.ok(seconds < 20, 'restart: it ends soon', f'{seconds:.1f} s')
    bed.end(batch, 'restart', 90)


def status(bed):
    tap = bed.tap
    tap.equal(bed.admin('convoy.txt', password='wrong'), 'Denied',
              '/convoy wants the admin password')
    text = bed.admin('convoy.txt')
    tap.ok(text.startswith('Convoy: database up') and
           'route smsc: 32 leases' in text and
           text.count('<smsc>: active') == 2,
           '/convoy tells of routes and links', text)
    page = ET.fromstring(bed.admin('status.xml'))
    tap.ok(page.findtext('convoy/database') == 'up' and
           len(page.findall('convoy/link')) == 2 and
           int(page.findtext('convoy/finished')) > 0,
           'status.xml is well-formed, and tells as much')


def test(tap):
    with Sandbox(convoy={'retry-delay': 2}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        bed = Bed(tap, box, pi)
        for command in (suspend, isolate, reload, changed, stop_start,
                        remove_add, status, restart):
            command(bed)
        judge(tap, box, pi, bed.all_pushes, restart=True)
        tap.none([row for row in box.database.ledger()
                  if row.outcome == 'in doubt'], 'nothing was in doubt')
        tap.none([line for line in box.log('bearerbox').splitlines()
                  if 'PANIC' in line], 'bearerbox does not panic')


run(test)
