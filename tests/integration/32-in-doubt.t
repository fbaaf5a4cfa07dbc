#!/usr/bin/python3 -B
"""A segment without an answer is in doubt: that is found out by answer-timeout
and not by the driver's wait-ack, told apart from what was refused and from
what was never written, and the segment is sent again as often as
segment-retries allows. An answer that comes late still brings its message id
into the ledger, and then its receipt counts."""

import os
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, pushes, run,  # noqa: E402
                        wait_for_results, wait_until)

ANSWER_TIMEOUT, RETRIES = 3, 2      # the machine may stall for a second or two

# For the receivers of each prefix: what the SMSC does, segments of a push,
# what becomes of it, and what the ledger says of its submits.
KINDS = {
    '+4670': ('segment=2 attempt=1 noanswer', 3, 'DELIVERED',
              {'accepted': 3, 'in doubt': 1}),
    '+4671': ('segment=2 attempt=1 noanswer-lost', 3, 'DELIVERED',
              {'accepted': 3, 'in doubt': 1}),
    # only the receipt of the copy whose answer was late ever comes
    '+4672': (f'segment=3 attempt=1 late {ANSWER_TIMEOUT + 2}s\n'
              'receiver=4672* segment=3 attempt=2 receipt none', 3,
              'DELIVERED', {'accepted': 4, 'in doubt': 1}),
    # nothing is sent any more when the answers come
    '+4673': (f'late {1000 * (RETRIES + 1) * ANSWER_TIMEOUT + 1500}ms', 1,
              'DELIVERED', {'accepted': 3, 'in doubt': 3}),
    '+4674': ('segment=1 noanswer-lost', 3, 'UNDELIVERABLE',
              {'in doubt': 3}),
    '+4675': ('noanswer-lost', 1, 'UNKNOWN', {'in doubt': 3}),
    '+4676': ('segment=2 status 0x0b', 3, 'UNDELIVERABLE',
              {'accepted': 1, 'refused': 1}),
}
KINDS_PLAN = ''.join(f'receiver={prefix[1:]}* {kind[0]}\n'
                     for prefix, kind in KINDS.items())

# What the driver would do of itself with what is unanswered for wait-ack.
EXPIRE = {'reconnect': 0, 'requeue': 1, 'never': 2}
EXPIRE_LINKS = ''.join(f'''
group = smsc
smsc = smpp
smsc-id = {name}
allowed-smsc-id = {name}
host = 127.0.0.1
port = @SMSC_PORT@
smsc-username = {name}
smsc-password = sandbox
system-type = VMA
transceiver-mode = true
wait-ack = {ANSWER_TIMEOUT + 1}
wait-ack-expire = {number}
''' for name, number in EXPIRE.items())


def ledger_of(box, all_pushes):
    """The rows of each push about its submits, by number."""
    rows = checks.ledger_of(box.database.ledger(), box.database.results(),
                            all_pushes)
    return {push.number: [row for row in rows.get(push.number, [])
                          if row.outcome in ('accepted', 'refused',
                                             'in doubt', 'not sent')]
            for push in all_pushes}


def untrue(ledger, journal):
    """Message ids that only the ledger or only the SMSC knows, by push."""
    told = {(number, row.message_id) for number, rows in ledger.items()
            for row in rows if row.outcome == 'accepted'}
    true = {(submit.tag, submit.message_id) for submit in journal.submits
            if submit.status == 0}
    return sorted(told ^ true)


def late_doubts(box, ledger):
    """Doubts that are not ANSWER_TIMEOUT after their submit, by the SMSC's
    clock, which sees it a little later; the machine may be slow."""
    sent = {}
    for submit in box.journal.submits:
        sent.setdefault((submit.tag, submit.part), []).append(submit.sent)
    found = []
    for number, rows in ledger.items():
        copies = Counter()
        for row in sorted(rows, key=lambda row: (row.copy, row.at)):
            if row.outcome == 'in doubt':
                since = sent[number, row.segment][copies[row.segment]]
                copies[row.segment] += 1
                seconds = row.at.timestamp() - since
                if not -2 < seconds - ANSWER_TIMEOUT < 3:
                    found.append(f'push {number}: {row} after {seconds} s')
    return found


def test_kinds(tap):
    with Sandbox(plan=KINDS_PLAN, link={'wait-ack': 60},
                 convoy={'answer-timeout': ANSWER_TIMEOUT,
                         'segment-retries': RETRIES, 'max-attempts': 1,
                         'receipt-timeout': 8}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        some = pi.push([push for prefix, kind in KINDS.items()
                        for push in pushes.make(10, kind[1], prefix=prefix)])
        wait_for_results(box, pi, some)
        tap.none(checks.wrong_results(
            some, box.database.results(),
            lambda push: KINDS[push.receiver[:5]][2]), 'the right results')
        ledger = ledger_of(box, some)
        said = {push: Counter(row.outcome for row in ledger[push.number])
                for push in some}
        tap.none([f'{push}: {said[push]}' for push in some
                  if said[push] != KINDS[push.receiver[:5]][3]],
                 'the ledger tells accepted, refused and in doubt apart; '
                 'what was in doubt may be accepted after all')
        tap.none(late_doubts(box, ledger), 'each doubt comes after the '
                 'answer time-out, wait-ack or not')
        tap.none(untrue(ledger, box.journal),
                 'and it has every message id, late ones too')
        often = Counter((submit.tag, submit.part)
                        for submit in box.journal.submits)
        tap.equal(max(often.values()), RETRIES + 1,
                  'no segment is sent more often than segment-retries allows')
        tap.equal(len({(row.group_id, row.copy) for rows in ledger.values()
                       for row in rows}), len(box.journal.submits),
                  'every submit is a copy in the ledger')


def test_wait_ack(tap):
    """The driver leaves unanswered segments alone, whatever it does with
    other messages: links stay, and each segment is sent once more."""
    with Sandbox('--links', 0, conf=EXPIRE_LINKS,
                 plan='segment=2 attempt=1 late '
                      f'{ANSWER_TIMEOUT + 4}s\n',
                 convoy={'answer-timeout': ANSWER_TIMEOUT}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        some = pushes.make(60)
        for number, push in enumerate(some):
            push.headers['X-Kannel-SMSC'] = list(EXPIRE)[number % 3]
        pi.push(some)
        wait_for_results(box, pi, some)
        wait_until(lambda: Counter(row.outcome for row in
                                   box.database.ledger())['accepted'] == 240,
                   20, 'the late answers are on record')
        box.journal.read()
        tap.none(checks.wrong_results(some, box.database.results()),
                 'wait-ack is over: every push delivered')
        tap.equal(box.journal.events('link-lost'), [],
                  'and no link was given up')
        tap.equal(len(box.journal.submits), 240,
                  'and only the module sent again, once each')
        links = {submit.link for submit in box.journal.submits}
        tap.equal(len(links), 3, 'on links with each wait-ack-expire')


def test_lost_links(tap):
    """Links that are lost with segments on them: what had been written is in
    doubt, what had not is known not to have left."""
    with Sandbox(plan='noanswer\n', link={'max-pending-submits': 5},
                 convoy={'answer-timeout': 20}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        some = pi.push(pushes.make(60, 1))
        wait_until(lambda: len(box.journal.read().submits) == 10, 20,
                   'both links have as many submits as they may')
        doubtful = len(box.journal.submits)
        box.smsc.plan('')
        box.smsc('drop all')
        wait_for_results(box, pi, some)
        tap.none(checks.wrong_results(some, box.database.results()),
                 'links lost: every push delivered')
        ledger = ledger_of(box, some)
        said = Counter(row.outcome for rows in ledger.values()
                       for row in rows)
        tap.note(f'links lost: {dict(said)}')
        tap.equal(said['in doubt'], doubtful,
                  'what was written and not answered is in doubt')
        tap.equal(said['accepted'], len(some), 'all was accepted then')
        tap.ok(said['not sent'] > 0 and
               len(box.journal.submits) == doubtful + len(some),
               'what had not been written was not sent, and is told apart',
               said)
        tap.none(untrue(ledger, box.journal),
                 'links lost: the ledger has every message id')


def test(tap):
    test_kinds(tap)
    test_wait_ack(tap)
    test_lost_links(tap)


run(test)
