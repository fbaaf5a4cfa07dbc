#!/usr/bin/python3 -B
"""An SMSC that refuses 5 % of the segments for good: nothing of such a push
leaves after the refusal, its PI hears undeliverable, what had been accepted
is cancelled; all other pushes are delivered."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results)

INVALID_DESTINATION = 0x0b
FAULTS = f'status {INVALID_DESTINATION:#x} 5%\n'


def test(tap):
    with Sandbox(plan=FAULTS) as box, Initiator(box.env['PPG_URL']) as pi:
        all_pushes = pi.push(pushes.make(1000), until_accepted=True)
        wait_for_results(box, pi, all_pushes)
        refused = {submit.tag: submit for submit in box.journal.submits
                   if submit.status == INVALID_DESTINATION}
        judge(tap, box, pi, all_pushes, lambda push: 'UNDELIVERABLE'
              if push.number in refused else 'DELIVERED')
        tap.none(checks.sent_after(box.journal, {INVALID_DESTINATION}),
                 'nothing is sent after a refusal')
        parts = [submit.part for submit in refused.values()]
        tap.ok({1, 2, 3} <= set(parts), 'first, middle and last segments '
               'were refused', parts)
        shown = {display['tag'] for display in box.journal.displays}
        tap.none(sorted(shown & set(refused)),
                 'no phone displays a push that was refused')
        texts = {one['desc'] for one in pi.received
                 if one['message-state'] == 'undeliverable'}
        tap.note(*sorted(texts))
        tap.none([text for text in texts
                  if not re.search(r'\b0x0*b\b', text, re.I)],
                 'the notification names the SMSC\'s answer')


run(test)
