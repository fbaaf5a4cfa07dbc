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

HOUR = 3600
JUMPS = 3, -5, 0        # hours
LIFE = HOUR             # of a push, and of the attempts to notify it
PUSHES = 100            # for each jump
NEVER = '+4699'         # the SMSC has no room for these phones
SHORT = 8               # seconds until their push is over
PLAN = f'receiver={NEVER[1:]}* status 0x14\ndelay 200..400ms\n'
SLACK = 3               # seconds between a push and its last segment, or so


def clock_of(url):
    """The wall clock of the box that answers there."""
    try:
        answer = urllib.request.urlopen(url, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        date = email.utils.parsedate_to_datetime(answer.headers['Date'])
    return date.timestamp()


def jump(tap, box, hours):
    before = len(box.journal.read().submits)
    wait_until(lambda: len(box.journal.read().submits) > before + PUSHES, 30,
               'segments are under way')
    box.set_clock(f'{hours:+}h')
    for name in 'ADMIN_URL', 'PPG_URL':
        off = clock_of(box.env[name]) - time.time()
        tap.ok(abs(off - hours * HOUR) < 10, f'{name}: the clock of its box '
               f'is off by {hours} hours', f'{off:.0f} s')


class FirstTryFails:
    def __init__(self):
        self.tried = set()

    def __call__(self, notification):
        push_id = notification['push-id']
        again = push_id in self.tried
        self.tried.add(push_id)
        return (202 if again else 503), 0


def never(seconds):
    """Pushes that cannot be sent, and end so many seconds from now."""
    moment = time.strftime('%Y-%m-%dT%H:%M:%SZ',
                           time.gmtime(time.time() + seconds))
    return pushes.make(5, prefix=NEVER, deliver_before_timestamp=moment)


def wrong_ends(box, some):
    """Those of these pushes that did not end at their time."""
    ids = {push.push_id: push for push in some}
    for row in box.database.results():
        push = ids.get(row.push_id)
        late = push and row.ended_at.timestamp() - push.answered - SHORT
        if push and not -2 < late < SLACK:
            yield f'{push} ended {late:.1f} s late'


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


def leases(box):
    return sorted(tuple(row) for row in box.database.rows(
        'SELECT route, shard, owner, epoch FROM convoy.lease_view'))


def test(tap):
    with Sandbox('--clock', '--bearerboxes', 2, '--log', '1', plan=PLAN,
                 convoy={'lifetime': LIFE, 'notify-lifetime': LIFE,
                         'retry-delay': 1, 'retry-delay-max': 2}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        pi.treat = FirstTryFails()
        wait_until(lambda: box.database.value(
            'SELECT count(DISTINCT owner) FROM convoy.lease_view') == 2, 30,
            'both boxes have leases')
        before, links = leases(box), box.journal.read().events('bind')
        batch = pi.begin(pushes.make(len(JUMPS) * PUSHES),
                         until_accepted=True, spread=8)
        doomed = pi.push(never(SHORT))
        for hours in JUMPS:
            jump(tap, box, hours)
        all_pushes = batch.result() + doomed
        wait_for_results(box, pi, all_pushes)
        judge(tap, box, pi, all_pushes, restart=True, outage=True,
              state=lambda push:
              'EXPIRED' if push in doomed else 'DELIVERED')
        tap.none(checks.links_changed(box.journal),
                 'every attempt stays on one link')
        tap.none(wrong_ends(box, doomed), 'what is over ends at its time')
        tap.none(wrong_validities(box, batch.pushes),
                 'the SMSC is told when a push is over')
        tap.equal(leases(box), before, 'no lease moved')
        tap.equal(box.journal.events('bind'), links, 'no link was bound anew')
        tap.equal(box.database.value(
            'SELECT count(*) FROM convoy.result WHERE attempt > 1 '
            'AND state = 5'), 0, 'no push needed a second attempt')


run(test)
