#!/usr/bin/python3 -B
"""kill -9 of each process in the middle of 2,000 pushes, then a plain start:
every push that was answered 1001 is delivered and notified, and only a
segment without a committed answer is repeated, one of a push at most.

Phones are off until the process is back, so that no receipt is on its way
when it dies. One that bearerbox had answered but not committed is the known
exception: the last run has receipts all the time, and a push may end UNKNOWN
if the SMSC was told that such a receipt had arrived, and only then.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

PUSHES = 2000
SPREAD = 10         # seconds: they are not over before the kill
PLAN = 'delay 5..40ms\n'


def kill_in_the_middle(tap, box, pi, name):
    """Pushes, kills NAME when half of the pushes have been answered, starts
    it again; returns the pushes."""
    batch = pi.begin(pushes.make(PUSHES), until_accepted=True, spread=SPREAD)
    wait_until(lambda: batch.done >= PUSHES / 2, 60,
               'half of the pushes are answered')
    box.kill(name)
    sent = len(box.journal.read().submits)
    tap.ok(batch.running and 0 < sent < 3 * PUSHES,
           f'{name} is killed in the middle', f'{sent} segments are sent')
    box.start(name)
    return batch.result()


def repetitions(tap, box, name):
    """At most one repeated segment per group; says how many there are."""
    by_tag = box.journal.by_tag()
    repeated = {tag: checks.repeated(submits)
                for tag, submits in by_tag.items()}
    tap.none([by_tag[tag] for tag, count in repeated.items() if count > 1],
             f'{name}: at most one segment of a push is repeated')
    tap.note(f'{name}: {sum(repeated.values())} segments repeated')


def strict(tap, name):
    with Sandbox(plan=PLAN) as box, Initiator(box.env['PPG_URL']) as pi:
        box.smsc('phone off *')
        all_pushes = kill_in_the_middle(tap, box, pi, name)
        box.smsc('phone on *')
        wait_for_results(box, pi, all_pushes, 90,
                         outage=name == 'postgres')
        judge(tap, box, pi, all_pushes, crash=True, name=name)
        repetitions(tap, box, name)


def with_receipts(tap):
    name = 'bearerbox with receipts under way'
    with Sandbox(plan=PLAN, convoy={'receipt-timeout': 30}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        all_pushes = kill_in_the_middle(tap, box, pi, 'bearerbox')
        wait_for_results(box, pi, all_pushes, 120)
        lost = lost_receipts(box, all_pushes)
        unknown = {row.push_id for row in box.database.results()
                   if row.state == 'UNKNOWN'}
        tap.note(f'{name}: {len(unknown)} pushes ended UNKNOWN')
        judge(tap, box, pi, all_pushes, lambda push: 'UNKNOWN'
              if push.push_id in unknown and push.number in lost
              else 'DELIVERED', crash=True, name=name)
        repetitions(tap, box, name)


def lost_receipts(box, all_pushes):
    """Numbers of the pushes with a receipt that was answered to the SMSC
    and is not in the ledger."""
    answered = {event['message_id'] for event in
                box.journal.events('receipt-answer')
                if event['status'] == 0}
    known = {row.message_id for row in box.database.ledger()
             if row.outcome == 'delivered'}
    return {submit.tag for submit in box.journal.submits
            if submit.message_id in answered - known}


def test(tap):
    for name in 'bearerbox', 'wapbox', 'postgres':
        strict(tap, name)
    with_receipts(tap)


run(test)
