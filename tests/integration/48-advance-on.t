#!/usr/bin/python3 -B
"""advance-on = delivered, the strictest mode: a segment leaves only when the
phone has the one before it, whichever bearerbox hears of that; a phone that
is off holds up its own pushes only, and a failed segment is the last."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

STRICT = {'advance-on': 'delivered'}
WINDOW = 8
# For the receivers of each prefix: what the SMSC does, the result, and which
# segments it is given.
KINDS = {
    '+4670': ('deliver 20..60ms', 'DELIVERED', [1, 2, 3]),
    '+4671': ('segment=1 receipt UNDELIV after 20ms', 'UNDELIVERABLE', [1]),
    '+4672': ('segment=2 receipt REJECTD after 20ms', 'UNDELIVERABLE',
              [1, 2]),
    # two attempts, since the window is over before there is a receipt
    '+4673': ('segment=1 receipt none', 'UNDELIVERABLE', [1, 1]),
    '+4674': ('receipt-early', 'DELIVERED', [1, 2, 3]),
}
PLAN = 'receipt-link any\n' + ''.join(
    f'receiver={prefix[1:]}* {kind[0]}\n' for prefix, kind in KINDS.items())


def result_of(push):
    return KINDS[push.receiver[:5]][1]


def too_soon(journal):
    """Segments that were submitted before the phone had the one before, or
    before its receipt was out."""
    arrived = {event['message_id']: event['t'] for event in
               journal.events('part')}
    told = {event['message_id']: event['t'] for event in
            reversed(journal.events('receipt'))}
    violations = []
    for submits in journal.by_tag().values():
        for before, after in zip(submits, submits[1:]):
            if after.part == before.part + 1 and not (
                    arrived[before.message_id] <= told[before.message_id]
                    <= after.sent):
                violations.append(f'{after} too soon after {before}')
    return violations


def test_kinds(tap):
    """On two bearerboxes, whose links take the receipts in turn."""
    with Sandbox('--bearerboxes', 2, plan=PLAN, convoy={
            **STRICT, 'window': WINDOW, 'answer-timeout': 3,
            'retry-delay': 1, 'max-attempts': 2}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        some = pi.push([push for prefix in KINDS for push in
                        pushes.make(10, prefix=prefix)])
        wait_for_results(box, pi, some)
        tap.none(checks.wrong_results(some, box.database.results(),
                                      result_of), 'the right results')
        tap.none(too_soon(box.journal), 'a segment leaves when the phone has '
                 'the one before')
        tap.none(checks.interleaved(box.journal),
                 'one group at a time per receiver')
        parts = {tag: [submit.part for submit in submits]
                 for tag, submits in box.journal.by_tag().items()}
        tap.none([f'{push}: {parts[push.number]}' for push in some
                  if parts[push.number] != KINDS[push.receiver[:5]][2]],
                 'and nothing after one that failed, or too late')
        home = {submit.message_id: submit.link
                for submit in box.journal.submits}
        tap.ok(any(home[event['message_id']] != event['link'] for event in
                   box.journal.events('receipt')),
               'receipts came over other links')


def test_restart(tap):
    """The owner dies while phones have nothing yet: the next one goes on
    behind the first segment, which is not sent again."""
    with Sandbox(convoy=STRICT) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        box.smsc('phone off 4670*')
        some = pi.push(pushes.make(50))
        others = pi.push(pushes.make(50, prefix='+4671'))
        wait_until(lambda: {push.push_id for push in others}
                   <= pi.notified(), 20, 'the others are delivered')
        tap.equal(len(box.database.results()), 50,
                  'phones that are off hold up nobody else')
        wait_until(lambda: len(box.database.ledger()) == 50 + 300, 20,
                   'their first segments are on record')
        box.kill('bearerbox')
        box.start('bearerbox')
        tap.equal(len(box.journal.read().submits), 50 + 150,
                  'to them, only first segments have left')
        box.smsc('phone on *')
        some += others
        wait_for_results(box, pi, some)
        judge(tap, box, pi, some, crash=True, name='restart')
        tap.none(too_soon(box.journal),
                 'restart: segments wait for the phone')
        tap.equal(len(box.journal.submits), 300,
                  'restart: no segment is sent twice')


def test(tap):
    test_kinds(tap)
    test_restart(tap)


run(test)
