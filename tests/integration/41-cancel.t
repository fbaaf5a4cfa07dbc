#!/usr/bin/python3 -B
"""A push that fails takes back what the SMSC has accepted of it, where the
SMSC lets it: its phone shows no part. What was cancelled, what was too late
and what may be on the phone is in the ledger and in the result's words; and
an SMSC that refuses, does not answer or goes away holds nothing up."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

# The third segment is refused for good; the phone is to get the others much
# later than any cancel, or soon after one that is refused.
REFUSE = 'segment=3 status 0x0b\n'
SLOW = REFUSE + 'deliver 60s\n'
PLAN = REFUSE + '''
receiver=46702* deliver 5s..6s
receiver=46704* deliver 9s..10s
deliver 60s
receiver=46702* cancel 0x11
receiver=46703* cancel-noanswer
receiver=46704* cancel-noanswer-lost
receiver=46705* cancel-receipt after 5ms
'''
# By the first digits of the receiver: the words of the result, and the
# outcomes of the first two segments after they were accepted.
CANCELLED = '; 2 of 3 cancelled'
TOO_LATE = '; 2 of 3 too late to cancel, 2 may be on the phone'
NOT_KNOWN = '; 2 of 3 may be on the phone'
STORIES = {'+46701': (CANCELLED, ['cancelled']),
           '+46702': (TOO_LATE, ['too late to cancel', 'delivered']),
           '+46703': (NOT_KNOWN, []),
           '+46704': (NOT_KNOWN, ['delivered']),
           '+46705': (CANCELLED, ['cancelled', 'not delivered'])}


def outcomes(box, push):
    """What the ledger says of the push's first two segments, each once."""
    rows = checks.ledger_of(box.database.ledger(), box.database.results(),
                            [push]).get(push.number, [])
    return [sorted(row.outcome for row in rows if row.segment == segment
                   and row.outcome != 'accepted') for segment in (1, 2)]


def words(pi, push):
    return re.sub('.*(?=; )', '', pi.received_of([push])[-1]['desc'])


def cancels(box, result=None):
    """How often the SMSC was asked to cancel (with this result)."""
    box.journal.read()
    return sum(result in (None, event['result'])
               for event in box.journal.events('cancel'))


def stories(tap, box, pi):
    """Every way in which a cancel can end."""
    box.smsc.plan(PLAN)
    all_pushes = [push for prefix in STORIES
                  for push in pushes.make(4, prefix=prefix)]
    pi.push(all_pushes)
    wait_for_results(box, pi, all_pushes)
    wait_until(lambda: all(
        outcomes(box, push) == [sorted(STORIES[push.receiver[:6]][1])] * 2
        for push in all_pushes), 30, 'the ledger tells how each cancel ended')
    tap.none([f'{push}: {words(pi, push)}' for push in all_pushes
              if words(pi, push) != STORIES[push.receiver[:6]][0]],
             'so do the words of the result')
    arrived = {event['dst'][:5] for event in box.journal.events('part')}
    tap.equal(arrived, {'46702', '46704'},
              'no phone got a part of what was cancelled')
    return all_pushes


def busy(tap, box, pi):
    """An SMSC that is too busy to cancel is asked again."""
    box.smsc.plan(SLOW + 'cancel 0x58\n')
    begun = cancels(box)
    all_pushes = pi.push(pushes.make(3, prefix='+4671'))
    wait_until(lambda: cancels(box) >= begun + 6, 10, 'cancels throttled')
    box.smsc.plan(SLOW)
    wait_for_results(box, pi, all_pushes)
    tap.equal({words(pi, push) for push in all_pushes}, {CANCELLED},
              'a throttled cancel is asked again')
    return all_pushes


def lost(tap, box, pi):
    """The links go while cancels are unanswered."""
    box.smsc.plan(SLOW + 'cancel-noanswer-lost\n')
    begun = cancels(box, 'lost')
    all_pushes = pi.push(pushes.make(3, prefix='+4672'))
    wait_until(lambda: cancels(box, 'lost') == begun + 6, 10,
               'cancels are outstanding')
    box.smsc.plan(SLOW)
    box.smsc('drop all')
    wait_for_results(box, pi, all_pushes)
    tap.equal({words(pi, push) for push in all_pushes}, {CANCELLED},
              'cancels lost with their link are asked again')
    return all_pushes


def request(box, receivers):
    """What a Push Initiator's cancel does to the queue."""
    box.database.rows(
        'UPDATE convoy.live SET cancel_requested = true, look_at = now() '
        'WHERE receiver LIKE %s', receivers)


def stopped(tap, box, pi):
    """The Push Initiator cancels: what waits for receipts, what is being
    sent, and what has not begun."""
    box.smsc.plan('receiver=46742* segment=2 delay 6s\ndeliver 60s\n')
    awaiting = pi.push(pushes.make(3, prefix='+46741'))
    wait_until(lambda: box.database.groups('AWAITING') == 3, 20,
               'all segments of three pushes are accepted')
    sending = pi.push(pushes.make(1, prefix='+46742'))
    queued = pi.push(pushes.make(1, prefix='+46742'))
    wait_until(lambda: {submit.part for submit in box.journal.read().submits
                        if submit.tag == sending[0].number} == {1, 2}, 10,
               'a second segment is sent')
    tap.equal((box.database.groups('SENDING'), box.database.groups('QUEUED')),
              (1, 1), 'of two pushes to one phone one waits')
    request(box, '+4674%')
    all_pushes = awaiting + sending + queued
    wait_for_results(box, pi, all_pushes)
    tap.equal([words(pi, push) for push in all_pushes],
              ['; 3 of 3 cancelled'] * 3 + [CANCELLED,
              'cancelled before every segment was delivered (segment 1 of 3)'],
              'what was sent is cancelled, a late answer included')
    sent = box.journal.by_tag()
    tap.equal([len(sent.get(push.number, [])) for push in all_pushes],
              [3, 3, 3, 2, 0], 'and nothing more is sent')
    return all_pushes


def killed(tap, box, pi):
    """kill -9 while cancels are unanswered: the next owner cancels again."""
    box.smsc.plan(SLOW + 'cancel-noanswer-lost\n')
    begun = cancels(box, 'lost')
    all_pushes = pi.push(pushes.make(3, prefix='+4673'))
    wait_until(lambda: cancels(box, 'lost') == begun + 6, 10,
               'cancels are outstanding')
    box.kill('bearerbox')
    tap.equal(box.database.groups('ROLLBACK'), 3,
              'bearerbox is killed in the middle of three rollbacks')
    box.smsc.plan(SLOW)
    box.start('bearerbox')
    wait_for_results(box, pi, all_pushes)
    tap.equal({words(pi, push) for push in all_pushes}, {CANCELLED},
              'the next owner cancels again')
    return all_pushes


def test(tap):
    with Sandbox(convoy={'answer-timeout': 5}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        all_pushes = []
        for part in stories, busy, lost, killed:
            all_pushes += part(tap, box, pi)
        judge(tap, box, pi, all_pushes, 'UNDELIVERABLE', restart=True)
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        # As after an outage: what is unanswered when a rollback begins is in
        # doubt for a moment.
        judge(tap, box, pi, stopped(tap, box, pi), 'CANCELLED', outage=True,
              name='stopped')


run(test)
