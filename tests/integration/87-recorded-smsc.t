#!/usr/bin/python3 -B
"""Convoy before the SMSC of a trace: what another gateway met, a segment
throttled, one without an answer, one refused whose followers it sent all the
same, a link that was lost, a phone that was off, meets Convoy as well, and
each push ends as these facts demand."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import traces                                               # noqa: E402
from convoytest import (Initiator, Sandbox, judge, pushes, run,     # noqa: E402
                        wait_for_results, wait_until)

SECOND = 1_000_000
THROTTLED, INVALID = 0x58, 0x0b
OFF = 3                 # seconds that a phone is off
DOWN = 4, 7             # from and to

# What was recorded: by push, its receiver and what each segment was answered,
# one status for each attempt; None: no answer.
RECORDED = (
    ('+46701', ((THROTTLED, 0), (None, 0), (0,))),
    ('+46702', ((0,), (INVALID,), (0,))),
    ('+46702', ((0,), (0,), (0,))),
    ('+46703', ((0,), (0,), (0,))),
    ('+46704', ((0,), (0,), (0,))),
)
STATES = ('DELIVERED', 'UNDELIVERABLE', 'DELIVERED', 'DELIVERED', 'DELIVERED')


def segments(push, receiver, parts, last):
    """The records of one push's segments after submit number `last`."""
    for part, attempts in enumerate(parts, 1):
        first = None
        for attempt, status in enumerate(attempts, 1):
            last += 1
            more = {'first': first} if first else {}
            first = first or last
            yield {'ev': 'submit', 't': 0, 'push': push, 'submit': last,
                   'dst': receiver, 'part': part, 'total': len(parts),
                   'attempt': attempt, **more}
            yield {'ev': 'submit_answer', 't': 1000, 'submit': last,
                   'status': 'none' if status is None else status}
            if status == 0:
                yield {'ev': 'receipt', 't': 5000, 'submit': last,
                       'state': 'DELIVRD'}


def trace():
    records = [{'convoy-trace': 1, 'source': 'test', 'pseudonyms': False},
               {'ev': 'phone', 't': 0, 'dst': '+46703', 'state': 'off'}]
    records += [{'ev': 'link', 't': 0, 'link': link, 'state': 'up'}
                for link in (1, 2)]
    last = 0
    for push, (receiver, parts) in enumerate(RECORDED, 1):
        records.append({'ev': 'push', 't': 0, 'push': push})
        records += segments(push, receiver, parts, last)
        last = max(record.get('submit', 0) for record in records)
    records += [{'ev': 'link', 't': DOWN[0] * SECOND, 'link': 1,
                 'state': 'down', 'by': 'smsc'},
                {'ev': 'phone', 't': OFF * SECOND, 'dst': '+46703',
                 'state': 'on'},
                {'ev': 'link', 't': DOWN[1] * SECOND, 'link': 1,
                 'state': 'up'}]
    return traces.lines(records)


def test(tap):
    with tempfile.NamedTemporaryFile('w', suffix='.jsonl') as file:
        file.write(trace())
        file.flush()
        with Sandbox('--trace', file.name, convoy={'answer-timeout': 5},
                     link={'reconnect-delay': 1}) as box, \
                Initiator(box.env['PPG_URL']) as pi:
            play(tap, box, pi)


def play(tap, box, pi):
    all_pushes = [pushes.Push(receiver, len(parts))
                  for receiver, parts in RECORDED]
    box.smsc('trace begin')
    pi.push(all_pushes, at_a_time=1)
    wait_for_results(box, pi, all_pushes)
    # the link was closed and is there again
    wait_until(lambda: box.smsc.stats()['binds'] == 2, 30, 'both links')
    states = dict(zip(all_pushes, STATES))
    # a link that comes back is another connection to the SMSC
    judge(tap, box, pi, all_pushes, states.get, restart=True)

    journal = box.journal
    recorded = {(event['link'], event['seq']): event['submit']
                for event in journal.events('recorded')}
    tap.equal(len(recorded), len(journal.submits), 'each submit is looked up')
    tap.none([submit for submit, number in recorded.items() if not number],
             'and all of them are in the trace')
    stats = box.smsc.stats()
    tap.equal((stats['recorded'], stats['not_recorded']),
              (len(recorded), 0), 'as the SMSC says itself')
    tap.equal(sorted(recorded.values()), [1, 2, 3, 4, 5, 6, 7]
              + list(range(9, 18)), 'but for the segment behind a refusal')
    lost = [event['reason'] for event in journal.events('link-lost')]
    tap.ok('down in the trace' in lost, 'a link was lost', str(lost))
    refused = [event for event in journal.events('bind')
               if event['status'] == 0x0d]
    tap.ok(refused, 'and could not be bound again at once')
    shown = {event['dst']: event for event in journal.displays}
    on = next(event['t'] for event in journal.events('control')
              if event['command'] == 'trace begin') + OFF
    tap.ok(shown['46703']['t'] >= on - 0.01,
           'a phone shows nothing while it is off')


run(test)
