#!/usr/bin/python3 -B
"""Receipts that never come: with query = yes the SMSC is asked once, and a
push that has arrived is DELIVERED after all; what it cannot say, or what
nobody asks for, stays UNKNOWN."""

import os
import sys
import urllib.parse
import urllib.request
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, pushes,     # noqa: E402
                        run, wait_for_results, wait_until)

PLAN = '''
receiver=46701*           receipt none
receiver=46702*           receipt none
receiver=46702*           phone-off 0..60s
receiver=46703*           receipt none
receiver=46703* segment=3 query 0x67
receiver=46704*           receipt none
receiver=46704* segment=1 query-noanswer
receiver=46705* segment=2 receipt none
'''
STATES = {'+46701': 'DELIVERED', '+46702': 'UNKNOWN', '+46703': 'UNKNOWN',
          '+46704': 'UNKNOWN', '+46705': 'DELIVERED'}
# Answered queries that say DELIVERED, for each push.
ANSWERS = {'+46701': 3, '+46702': 0, '+46703': 2, '+46704': 2, '+46705': 1}
KEYS = {'receipt-timeout': 3, 'answer-timeout': 3}

# A link that is to end waits for the answer to this one.
LAST_WORDS = 'receipt none\nreceiver=46799* late 8s\n'


def each(prefixes=STATES):
    return [push for prefix in prefixes
            for push in pushes.make(4, prefix=prefix)]


def asked(box):
    """How often each message id was asked about."""
    return Counter(event['message_id']
                   for event in box.journal.events('query'))


def told(box, all_pushes):
    """How many segments of each push the ledger has as delivered because of
    a query."""
    ledger = checks.ledger_of(box.database.ledger(), box.database.results(),
                              all_pushes)
    return {push.number: sum(row.text == 'query_sm: DELIVERED'
                             and row.outcome == 'delivered'
                             for row in ledger[push.number])
            for push in all_pushes}


def with_query(tap):
    with Sandbox(plan=PLAN, convoy={**KEYS, 'query': 'yes'}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        all_pushes = pi.push(each())
        wait_for_results(box, pi, all_pushes)
        tap.none(checks.wrong_results(
            all_pushes, box.database.results(),
            lambda push: STATES[push.receiver[:6]]),
            'what the SMSC says is the result')
        tap.none(checks.wrong_notifications(
            all_pushes, pi.received,
            lambda push: STATES[push.receiver[:6]]),
            'and what the Push Initiator hears')
        found = told(box, all_pushes)
        tap.none([f'{push}: {found[push.number]}' for push in all_pushes
                  if found[push.number] != ANSWERS[push.receiver[:6]]],
                 'it is in the ledger, as the words of a query')
        times = asked(box)
        silent = {submit.message_id for submit in box.journal.submits
                  if not submit.dst.startswith('46705') or submit.part == 2}
        tap.equal(set(times), silent, 'asked about are those, and only those, '
                  'that had no receipt')
        tap.equal(set(times.values()), {1}, 'each of them once')


def restarted(tap):
    """The time is over while bearerbox ends, its links before itself; the
    next one asks."""
    with Sandbox(plan=LAST_WORDS, convoy={
            **KEYS, 'answer-timeout': 15, 'query': 'yes'}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        query = urllib.parse.urlencode({'from': '100', 'to': '+46799000000',
                                        'text': 'hello'})
        urllib.request.urlopen(f'{box.env["SENDSMS_URL"]}&{query}',
                               timeout=10).close()
        all_pushes = pi.push(pushes.make(5))
        wait_until(lambda: box.database.groups('AWAITING') == 5, 10,
                   'all wait for receipts')
        seconds = box.stop('bearerbox')
        tap.ok(seconds > KEYS['receipt-timeout'] and not asked(box),
               'bearerbox ends after the receipts are overdue, and does not '
               'ask any more', f'{seconds:.1f} s')
        tap.equal(box.database.groups('AWAITING'), 5, 'nor give them up')
        box.start('bearerbox')
        wait_for_results(box, pi, all_pushes)
        tap.none(checks.wrong_results(all_pushes, box.database.results()),
                 'the next one, which did not send them, asks')


def without_query(tap):
    with Sandbox(plan=PLAN, convoy=KEYS) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        all_pushes = pi.push(each(['+46701']))
        wait_for_results(box, pi, all_pushes)
        tap.none(checks.wrong_results(all_pushes, box.database.results(),
                                      'UNKNOWN'),
                 'without the key they are UNKNOWN')
        tap.equal(asked(box), Counter(), 'and nobody is asked')


def test(tap):
    with_query(tap)
    restarted(tap)
    without_query(tap)


run(test)
