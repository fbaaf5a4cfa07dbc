#!/usr/bin/python3 -B
"""kill -9 at every step that a push takes, between what the one side knows
and what the other is told: all pushes that were answered 1001 are delivered
and notified all the same, and no more than one segment of each is repeated.

A group counts as delivered when it is accepted, so that what ends it, too, is
an answer of the SMSC's and not a receipt (50-kill.t is about those).

The sandboxes run side by side, since a new bearerbox waits for the leases of
the one that was killed. They are begun one after the other: each finds its
ports free."""

import contextlib
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results)
from debugger import KillAt                                     # noqa: E402

PUSHES = 300
SPREAD = 3          # seconds over which they come: one batch cannot take many

# What has happened and what has not; program, function, which call of it.
POINTS = [
    ('a result is posted, its fate not stored', 'wapbox',
     'store_notify_done', 5),
    ('a result is taken, not posted', 'wapbox', 'poster_send', 100),
    ('hooked, not committed', 'wapbox', 'store_push', 5),
    ('committed, not known so', 'wapbox', 'on_stored', 5),
    ('committed, not answered', 'wapbox', 'answer_push', 100),
    ('claimed, not in hand', 'bearerbox', 'actives_add', 100),
    ('in hand, not sent', 'bearerbox', 'wire_send', 150),
    ('handed over, not written', 'bearerbox', 'before_write', 200),
    ('answered by the SMSC, not heard', 'bearerbox', 'segment_sent', 200),
    ('heard, not in the ledger', 'bearerbox', 'answers_take', 50),
    ('results decided, not sent', 'bearerbox', 'store_batch', 5),
    ('finished, not known so', 'bearerbox', 'batch_done', 5),
    ('finished, no notifier woken', 'bearerbox', 'store_result_wake', 3),
]

printing = threading.Lock()


def die_at(tap, box, pi, point):
    what, program, function, hits = point
    box.smsc.plan('delay 5..40ms\n')
    trap = KillAt(box.pids(program)[0], function, hits)
    batch = pi.begin(pushes.make(PUSHES), until_accepted=True,
                     spread=SPREAD)
    trap.wait()
    box.start(program)
    all_pushes = batch.result()
    # what a dead wapbox had posted comes once more when its leases are over
    wait_for_results(box, pi, all_pushes, 120, outage=program == 'wapbox')
    with printing:
        judge(tap, box, pi, all_pushes, crash=True, name=what)
        repeated = {tag: checks.repeated(submits)
                    for tag, submits in box.journal.by_tag().items()}
        tap.none([tag for tag, count in repeated.items() if count > 1],
                 f'{what}: at most one segment of a push is repeated')
        tap.note(f'{what}: {sum(repeated.values())} segments repeated')


def test(tap):
    with contextlib.ExitStack() as stack, \
            ThreadPoolExecutor(len(POINTS)) as pool:
        ends = []
        for point in POINTS:
            box = stack.enter_context(Sandbox(
                convoy={'complete-on': 'accepted'}))
            pi = stack.enter_context(Initiator(box.env['PPG_URL']))
            ends.append(pool.submit(die_at, tap, box, pi, point))
        for end in ends:
            end.result()


run(test)
