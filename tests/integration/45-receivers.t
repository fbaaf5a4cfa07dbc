#!/usr/bin/python3 -B
"""Receivers: two spellings of a number are one phone, and what the lists
forbid is refused before its first segment."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, pushes,     # noqa: E402
                        run, wait_for_results, wait_until)

CORE = '''unified-prefix = "+46,+0046,+046"
black-list-receiver-regex = "^[+]?4679"
'''


def one_phone(tap, box, pi):
    box.smsc('pause')
    some = [pushes.Push(f'{prefix}701111111', 2)
            for prefix in ('+46', '+0046', '+046')]
    pi.push(some, at_a_time=1)
    wait_until(lambda: box.database.groups('SENDING') == 1, 5,
               'one is being sent')
    wait_until(lambda: box.database.groups('QUEUED') == 2, 5,
               'two wait')
    tap.ok(True, 'three spellings of a number are one receiver')
    box.smsc('resume')
    wait_for_results(box, pi, some)
    tap.equal({submit.dst for submit in box.journal.submits},
              {'46701111111'}, 'and reach the SMSC as one number')
    tap.none(checks.interleaved(box.journal), 'one group at a time')
    tap.none(checks.wrong_notifications(some, pi.received),
             'each notification has the address as it was pushed')


def lists(tap, box, pi):
    some = [pushes.Push('+46791111111', 3), pushes.Push('+0046791111112', 1),
            pushes.Push('+46711111113', 3)]
    pi.push(some)
    wait_for_results(box, pi, some)
    results = {row.push_id: row for row in box.database.results()}
    tap.equal([results[push.push_id].state for push in some],
              ['UNDELIVERABLE', 'UNDELIVERABLE', 'DELIVERED'],
              'a receiver on the black list is refused, however spelt')
    tap.equal({submit.tag for submit in box.journal.submits} &
              {push.number for push in some}, {some[2].number},
              'before the first segment')
    tap.note(*{one['desc'] for one in pi.received
               if one['message-state'] == 'undeliverable'})


def test(tap):
    with Sandbox(conf=CORE) as box, Initiator(box.env['PPG_URL']) as pi:
        one_phone(tap, box, pi)
        lists(tap, box, pi)


run(test)
