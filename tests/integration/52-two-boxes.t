#!/usr/bin/python3 -B
"""Two bearerboxes on one queue: they share it evenly as soon as the second
comes. One is killed in the middle of 5,000 pushes, comes back, and then the
other one is frozen until its leases are over. Everything is delivered, in
order; the other box takes over within 20 s; the frozen one sends nothing any
more when it wakes up, although segments were waiting in its links' queues.
At last one leaves in good order, and the other takes over at once.

CONVOY_FREEZE=60 freezes for so many seconds; by default just until the other
box has taken over.
"""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)
from owners import owned, wait_for_owners                       # noqa: E402

PUSHES = 5000
RECEIVERS = 300
TAKEOVER = 20       # seconds within which a box's leases are another's
SOON = 10           # the same, in good order: no lease ends by itself so soon
FREEZE = float(os.environ.get('CONVOY_FREEZE', 0))
# Slow enough that the work lasts until its turn to be disturbed has come, and
# with so few unanswered segments on a link that others wait behind them.
PLAN = 'delay 200..400ms\n'
WINDOW = 30


def some(count):
    """Pushes of one to three segments in turn."""
    batch = pushes.make(count, receivers=RECEIVERS)
    return [pushes.Push(push.receiver, 1 + number % 3)
            for number, push in enumerate(batch)]


def sent(box):
    return len(box.journal.read().submits)


def kill(tap, box):
    box.kill('bearerbox2')
    seconds = wait_for_owners(box, 'bearerbox')
    tap.ok(seconds < TAKEOVER, 'a killed box is taken over soon',
           f'{seconds:.1f} s')
    tap.note(f'killed: taken over after {seconds:.1f} s')


def come_back(tap, box):
    box.start('bearerbox2')
    seconds = wait_for_owners(box, 'bearerbox', 'bearerbox2')
    tap.note(f'back: even shares under load after {seconds:.1f} s')


def freeze(tap, box, links):
    """Stops bearerbox until bearerbox2 has its leases; `links` are its links
    at the SMSC. While it has no lease again it must send nothing."""
    frozen = box.pids('bearerbox')[0]
    box.kill('bearerbox', 'STOP')
    begun = time.monotonic()
    seconds = wait_for_owners(box, 'bearerbox2')
    tap.ok(seconds < TAKEOVER, 'a frozen box is taken over soon',
           f'{seconds:.1f} s')
    tap.note(f'frozen: taken over after {seconds:.1f} s')
    time.sleep(max(0, begun + FREEZE - time.monotonic()))
    before = late = sent(box)

    def has_leases():
        """If not, what has been sent so far was sent without."""
        nonlocal late
        so_far = sent(box)
        if frozen in owned(box):
            return True
        late = so_far
        return False
    box.kill('bearerbox', 'CONT')
    wait_until(has_leases, 30, 'it has leases again')
    written = [submit for submit in box.journal.submits[before:late]
               if submit.link in links]
    tap.none([written[n:] for n in range(1, len(written))
              if written[n].link in [w.link for w in written[:n]]],
             'after its lease it writes at most one segment on a link')
    wait_until(lambda: held_back(box), 10, 'news of what it did not write')
    tap.note(f'frozen: {held_back(box)} segments were not written any more, '
             f'{len(written)} were')


def held_back(box):
    return box.database.value("SELECT count(*) FROM convoy.ledger_view "
                              "WHERE outcome = 'not sent'")


def leave(tap, box, pi):
    """SIGTERM under load."""
    first = sent(box)
    batch = pi.begin(pushes.make(600))
    wait_until(lambda: sent(box) > first + 300, 30, 'some segments are sent')
    os.kill(box.pids('bearerbox')[0], signal.SIGTERM)
    seconds = wait_for_owners(box, 'bearerbox2')
    tap.ok(seconds < SOON, 'a box that leaves hands over at once',
           f'{seconds:.1f} s')
    tap.note(f'leaving: taken over after {seconds:.1f} s')
    leaving = batch.result()
    wait_until(lambda: box.database.groups('SENDING') == 0, 30, 'all is sent')
    by_tag = box.journal.read().by_tag()
    tap.none([by_tag[push.number] for push in leaving
              if checks.repeated(by_tag.get(push.number, []))],
             'and nothing is sent twice for that')
    return leaving


def test(tap):
    with Sandbox('--bearerboxes', 2, plan=PLAN,
                 link={'max-pending-submits': WINDOW},
                 convoy={'receipt-timeout': '2m'}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        seconds = wait_for_owners(box, 'bearerbox', 'bearerbox2')
        tap.ok(seconds < SOON, 'two boxes share the queue evenly, and soon',
               f'{seconds:.1f} s')
        box.smsc('phone off *')     # so that no receipt dies with a box
        all_pushes = pi.push(some(PUSHES // 2), until_accepted=True)
        wait_until(lambda: sent(box) > PUSHES / 4, 30, 'some are sent')
        kill(tap, box)
        box.smsc('phone on *')
        batch = pi.begin(some(PUSHES // 2), until_accepted=True)
        come_back(tap, box)
        wait_until(lambda: batch.done > PUSHES / 8, 30, 'more are pushed')
        freeze(tap, box, {1, 2})
        all_pushes += batch.result()
        wait_for_owners(box, 'bearerbox', 'bearerbox2')
        all_pushes += leave(tap, box, pi)
        wait_for_results(box, pi, all_pushes, 120)
        judge(tap, box, pi, all_pushes, crash=True)
        repeated = [checks.repeated(submits)
                    for submits in box.journal.by_tag().values()]
        tap.note(f'{sum(repeated)} segments repeated')
        tap.ok(0 < sum(repeated) < 600 and max(repeated) <= 2,
               'only what was in doubt is repeated',
               f'{sum(repeated)}, of one push {max(repeated)}')


run(test)
