#!/usr/bin/python3 -B
"""A push that replaces another: what is left of the old one is taken back,
the new one comes after it, and no phone ever shows the old after the new."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, pushes, run,        # noqa: E402
                        wait_until)

PHONES = [f'+4670222{number:04}' for number in range(20)]


def told(pi, push):
    return {one['address']: (one['message-state'], int(one['code']))
            for one in pi.received_of([push])}


def states(pi, push):
    return sorted({state for state, _ in told(pi, push).values()})


def shown(box, push):
    return {display['dst'] for display in box.journal.displays
            if display['tag'] == push.number}


def wait_for(box, pi, *some):
    for push in some:
        wait_until(lambda: len(told(pi, push)) == 1 + len(push.others), 60,
                   f'the PI was told of all addresses of {push}')
    box.idle()


def taken_back(tap, box, pi):
    """The SMSC has the old one, its phones are off."""
    box.smsc.plan('deliver 30s\n')
    old = pi.push([pushes.Push(PHONES[0], 3, others=PHONES[1:])])[0]
    wait_until(lambda: box.database.groups('AWAITING') == len(PHONES), 20,
               'the SMSC has all of the old push')
    box.smsc.plan('deliver 10ms\n')
    new = pi.push([pushes.Push(PHONES[0], 3, others=PHONES[1:],
                               replace_push_id=old.push_id,
                               priority='high')])[0]
    tap.equal(new.code, 1001, 'a push that replaces another is accepted')
    wait_for(box, pi, old, new)
    tap.equal(states(pi, old), ['cancelled'], 'the old one is taken back')
    tap.equal(states(pi, new), ['delivered'], 'the new one is delivered')
    tap.equal(shown(box, old), set(), 'no phone shows the old one')
    tap.equal(shown(box, new), {phone[1:] for phone in PHONES},
              'each shows the new one')
    return old


def pending_only(tap, box, pi, ended):
    some = pi.push([pushes.Push(PHONES[0], 1, replace_push_id=ended.push_id,
                                replace_method='pending-only')])[0]
    tap.equal(some.code, 2008, 'what has ended is pending for nobody')
    some = pi.push([pushes.Push(PHONES[0], 1,
                                replace_push_id='nobody@knows')])[0]
    tap.equal(some.code, 2004, 'what is not known cannot be replaced')


def test(tap):
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        old = taken_back(tap, box, pi)
        pending_only(tap, box, pi, old)


run(test)
