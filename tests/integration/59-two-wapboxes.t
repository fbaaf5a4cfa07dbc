#!/usr/bin/python3 -B
"""Two wapboxes on one queue: both take pushes, a push-id that comes to both at
the same time is accepted by one of them, both notify, and what one had taken
to notify when it was killed goes out through the other, soon.
"""

import copy
import os
import sys
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

PUSHES = 200
LEASE = 15          # seconds for which a notifier takes a notification
WAPBOXES = 'wapbox', 'wapbox2'


def holders(box):
    """How many notifications each process has taken, as {pid: count}. The
    name of a holder is notifier-HOST-PID-TIME."""
    return {int(row.holder.split('-')[-2]): row.count for row in
            box.database.rows('SELECT holder, count(*) FROM '
                              'convoy.notification_view '
                              'WHERE holder IS NOT NULL GROUP BY 1')}


def both_take(pi, pi2):
    batches = [one.begin(pushes.make(PUSHES, 2, prefix=prefix))
               for one, prefix in ((pi, '+4671'), (pi2, '+4672'))]
    return [push for batch in batches for push in batch.result()]


def twins_of(some):
    twins = [copy.copy(push) for push in some]
    for twin in twins:
        twin.forget_answer()
    return twins


def race(tap, pi, pi2):
    """Each push is pushed to both at once; half of them a moment sooner to
    the one, half to the other."""
    some = pushes.make(PUSHES, 2, prefix='+4673')
    twins, half = twins_of(some), PUSHES // 2
    for turn in ((pi, some[:half]), (pi2, twins[:half])), \
            ((pi2, twins[half:]), (pi, some[half:])):
        batches = [one.begin(batch) for one, batch in turn]
        for batch in batches:
            batch.result()
    codes = Counter(tuple(sorted((one.code, other.code)))
                    for one, other in zip(some, twins))
    tap.equal(dict(codes), {(1001, 2007): PUSHES},
              'a push-id that comes to both is accepted by one')
    return some


def again(tap, one, other, prefix):
    """What the one has accepted is pushed to the other."""
    some = one.push(pushes.make(PUSHES // 10, 2, prefix=prefix))
    codes = [{push.code for push in batch}
             for batch in (some, other.push(twins_of(some)))]
    tap.equal(codes, [{1001}, {2007}],
              'what one has accepted the other does not accept again')
    return some


def one_is_killed(tap, box, pi):
    """The PI is so slow that both have notifications under way."""
    pi.treat = lambda notification: (202, 3)
    some = pi.push(pushes.make(PUSHES, 1, prefix='+4674'))
    victim = box.pids('wapbox2')[0]
    both = {pid for name in WAPBOXES for pid in box.pids(name)}
    wait_until(lambda: set(holders(box)) == both and
               holders(box).get(victim, 0) > 5, 30,
               'both wapboxes have notifications under way')
    box.kill('wapbox2')
    begun = time.monotonic()
    left = holders(box).get(victim, 0)
    tap.ok(left > 0, 'the one that is killed has taken some', f'{left}')
    pi.treat = None
    wait_until(lambda: not box.database.notifications(), 4 * LEASE,
               'all results are notified')
    seconds = time.monotonic() - begun
    tap.ok(seconds < 2 * LEASE, 'the other one notifies them when the lease '
           'is over', f'{seconds:.1f} s')
    tap.note(f'{left} were taken over; all is notified {seconds:.1f} s after '
             'the kill')
    tap.none(checks.wrong_notifications(some, pi.received_of(some),
                                        repeats=True),
             'each result is notified, always with the same words')
    return some


def test(tap):
    with Sandbox('--wapboxes', 2) as box, \
            Initiator(box.env['PPG_URL']) as pi, \
            Initiator(box.env['PPG_URL2']) as pi2:
        pi2.notify_url = pi.notify_url
        all_pushes = both_take(pi, pi2)
        all_pushes += race(tap, pi, pi2)
        all_pushes += again(tap, pi, pi2, '+4675')
        all_pushes += again(tap, pi2, pi, '+4676')
        wait_for_results(box, pi, all_pushes)
        judge(tap, box, pi, all_pushes)
        all_pushes += one_is_killed(tap, box, pi)
        wait_for_results(box, pi, all_pushes)
        judge(tap, box, pi, all_pushes, outage=True, name='in the end')


run(test)
