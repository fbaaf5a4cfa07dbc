#!/usr/bin/python3 -B
"""The wall clocks of wapbox and of two bearerboxes jump hours ahead and back
in the middle of a load: nobody sends twice, expires, gives up or loses a link
for that. Only the database's clock says when a push is over, and the SMSC is
told so; leases, windows and time-outs go by a clock that nobody can set.
"""

import calendar
import email.utils
import os
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)
from owners import wait_for_owners                          # noqa: E402
from push_initiator import timestamp                        # noqa: E402

HOUR = 3600
JUMPS = 3, -5, 0        # hours
LIFE = HOUR             # of a push, and of the attempts to notify it
PUSHES = 150            # for each jump
NEVER = '+4699'         # the SMSC has no room for these phones
SHORT = 8               # seconds until their push is over
ROUNDS = 3              # of jumps, at most
PLAN = f'receiver={NEVER[1:]}* status 0x14\ndelay 200..400ms\n'
SLACK = 60              # seconds that a busy machine may be late


def clock_of(url):
    """The wall clock of the box that answers there."""
    try:
        answer = urllib.request.urlopen(url, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        date = email.utils.parsedate_to_datetime(answer.headers['Date'])
    return date.timestamp()


def leases(box):
    return sorted(tuple(row) for row in box.database.rows(
        'SELECT route, shard, owner, epoch FROM convoy.lease_view'))


def good_until(box, which):
    """When the first (min) or the last (max) of the leases is over."""
    return box.database.value(f'SELECT {which}(expires_at) '
                              'FROM convoy.lease_view')


def jump(tap, box, pi, hours):
    """Returns the pushes that were under way."""
    before = len(box.journal.read().submits)
    batch = pi.begin(pushes.make(PUSHES), until_accepted=True, spread=4)
    wait_until(lambda: len(box.journal.read().submits) > before + PUSHES / 2,
               30, 'segments are under way')
    box.set_clock(f'{hours:+}h')
    for name in 'ADMIN_URL', 'PPG_URL':
        off = clock_of(box.env[name]) - time.time()
        tap.ok(abs(off - hours * HOUR) < 10, f'{name}: the clock of its box '
               f'is off by {hours} hours', f'{off:.0f} s')
    until = good_until(box, 'max')
    wait_until(lambda: good_until(box, 'min') > until, 30,
               'all leases are renewed after the jump')
    return batch.result()


def all_jumps(tap, box, pi):
    """A machine that is too busy to renew a lease moves it, too, but hardly
    in each round."""
    all_pushes = []
    for _ in range(ROUNDS):
        before = leases(box)
        for hours in JUMPS:
            all_pushes += jump(tap, box, pi, hours)
        after = leases(box)
        if after == before:
            break
    tap.equal(after, before, 'no lease moved')
    return all_pushes


class FirstTryFails:
    def __init__(self):
        self.tried = set()

    def __call__(self, notification):
        push_id = notification['push-id']
        again = push_id in self.tried
        self.tried.add(push_id)
        return (202 if again else 503), 0


def wrong_ends(box, some, moment):
    """Those of these pushes that did not end at their time."""
    ids = {push.push_id: push for push in some}
    for row in box.database.results():
        late = row.ended_at.timestamp() - moment
        if row.push_id in ids and not -1 < late < SLACK:
            yield f'{ids[row.push_id]} ended {late:.1f} s late'


def wrong_validities(box, some):
    """Those of their segments of which the SMSC was told another end."""
    tags = {push.number: push for push in some}
    for submit in box.journal.submits:
        push = tags.get(submit.tag)
        if push is None:
            continue
        told = time.strptime(submit.validity[:12] + 'UTC', '%y%m%d%H%M%S%Z')
        off = calendar.timegm(told) - push.answered - LIFE
        if abs(off) > SLACK:
            yield f'{submit} may live {off:.0f} s too long'


def test(tap):
    with Sandbox('--clock', '--bearerboxes', 2, '--log', '1', plan=PLAN,
                 convoy={'lifetime': LIFE, 'notify-lifetime': LIFE,
                         'retry-delay': 1, 'retry-delay-max': 2}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        pi.treat = FirstTryFails()
        wait_for_owners(box, 'bearerbox', 'bearerbox2')
        links = box.journal.read().events('bind')
        moment = int(time.time()) + SHORT
        doomed = pi.push(pushes.make(
            5, prefix=NEVER, deliver_before_timestamp=timestamp(moment)))
        good = all_jumps(tap, box, pi)
        all_pushes = good + doomed
        wait_for_results(box, pi, all_pushes)
        judge(tap, box, pi, all_pushes, restart=True, outage=True,
              state=lambda push:
              'EXPIRED' if push in doomed else 'DELIVERED')
        tap.none(checks.links_changed(box.journal),
                 'every attempt stays on one link')
        tap.none(wrong_ends(box, doomed, moment),
                 'what is over ends at its time')
        tap.none(wrong_validities(box, good),
                 'the SMSC is told when a push is over')
        tap.equal(box.journal.events('bind'), links, 'no link was bound anew')
        tap.equal(box.database.value(
            'SELECT count(*) FROM convoy.result WHERE attempt > 1 '
            'AND state = 5'), 0, 'no push needed a second attempt')


run(test)
