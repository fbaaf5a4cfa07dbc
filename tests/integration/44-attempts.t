#!/usr/bin/python3 -B
"""Attempts of a whole group on a real link: when one ends, when the next one
begins, when there is none, and what the phone shows in the end. Each kind of
trouble has phones of its own."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

EACH = 5                # pushes of each kind
SETTINGS = {'window': 8, 'answer-timeout': 3, 'segment-retries': 2,
            'max-attempts': 3, 'retry-delay': 1, 'retry-delay-max': 60,
            'retryable-status': '0x0b', 'permanent-status': '0x45'}
TRIES = 3               # of a segment in an attempt: segment-retries + 1
JITTER = 0.8            # the least part of a delay that is waited
NOISE = 1               # seconds between the SMSC and bearerbox, at most

# Receipts come long after the answers: a failed one puts a segment in doubt
# that is unanswered then. 0x08 is temporary; 0x0e says that the link is set up
# wrongly and costs no try. The last line stands for a fault that somebody
# mends.
PLAN = '''
receiver=4671* segment=2 attempt=1-3 status 0x08
receiver=4672* segment=3 status 0x08
receiver=4673* segment=2 attempt=1 receipt EXPIRED after 3s
receiver=4674* segment=2 receipt REJECTD after 3s
receiver=4675* segment=1 attempt=1-2 status 0x0b
receiver=4676* segment=1 status 0x45
receiver=4677* segment=2 status 0x0e
'''
UNMENDED = 'receiver=4678* segment=2 status 0x0e\n'

KINDS = {
    '+4671': ('a segment fails three times', 'DELIVERED'),
    '+4672': ('a segment always fails', 'UNDELIVERABLE'),
    '+4673': ('a receipt says that a segment expired', 'DELIVERED'),
    '+4674': ('a receipt says that a segment was rejected', 'UNDELIVERABLE'),
    '+4675': ('a status is configured to be retried', 'DELIVERED'),
    '+4676': ('a status is configured to be permanent', 'UNDELIVERABLE'),
    '+4677': ('deliver-before comes first', 'EXPIRED'),
    '+4678': ('the window is over, then the fault is mended', 'DELIVERED'),
}


def of(all_pushes, prefix):
    return [push for push in all_pushes if push.receiver.startswith(prefix)]


def parts_sent(box, push):
    """The parts of a push in the order of their submits, by attempt."""
    return [[submit.part for submit in attempt] for attempt in
            checks.attempts(box.journal.by_tag().get(push.number, []))]


def delays(box, push):
    """Seconds between an attempt's last answer and the next one's begin."""
    found = checks.attempts(box.journal.by_tag()[push.number])
    return [after[0].sent - before[-1].answered
            for before, after in zip(found, found[1:])]


def sent_as(tap, box, all_pushes, prefix, expected):
    tap.none([f'{push}: {parts_sent(box, push)}'
              for push in of(all_pushes, prefix)
              if parts_sent(box, push) != expected],
             f'{KINDS[prefix][0]}: {expected}')


def waited(tap, box, all_pushes, prefix, least):
    tap.none([f'{push}: {delays(box, push)}'
              for push in of(all_pushes, prefix) if any(
                  delay < JITTER * seconds for delay, seconds
                  in zip(delays(box, push), least))],
             f'{KINDS[prefix][0]}: attempts are {least} s apart, or more')


def how_each_was_sent(tap, box, all_pushes):
    sent_as(tap, box, all_pushes, '+4671', [[1, 2, 2, 2], [1, 2, 3]])
    sent_as(tap, box, all_pushes, '+4672',
            [[1, 2] + TRIES * [3]] * SETTINGS['max-attempts'])
    sent_as(tap, box, all_pushes, '+4673', [[1, 2, 3], [1, 2, 3]])
    sent_as(tap, box, all_pushes, '+4675', [[1, 1, 1, 2, 3]])
    sent_as(tap, box, all_pushes, '+4676', [[1]])
    waited(tap, box, all_pushes, '+4671', [1])
    waited(tap, box, all_pushes, '+4672', [1, 2])


def clocks(tap, box, all_pushes, before):
    """The deadline and the window."""
    by_tag = box.journal.by_tag()
    tap.none([submit for push in of(all_pushes, '+4677')
              for submit in by_tag[push.number] if submit.sent > before],
             'nothing is sent after deliver-before')
    spans = []
    for push in of(all_pushes, '+4678'):
        attempt = checks.attempts(by_tag[push.number])[0]
        accepted = [one for one in attempt if one.status == 0]
        spans.append(attempt[-1].sent - accepted[0].answered)
    tap.none([span for span in spans if span > SETTINGS['window'] + NOISE],
             'no attempt sends after its window')


def test(tap):
    with Sandbox(convoy=SETTINGS, plan=PLAN + UNMENDED) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        before = int(time.time()) + 5
        limit = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(before))
        all_pushes = []
        for prefix in KINDS:
            control = dict(deliver_before_timestamp=limit) \
                if prefix == '+4677' else {}
            all_pushes += pi.push(pushes.make(EACH, prefix=prefix, **control))
        wait_until(lambda: box.journal.read() and all(
            len(parts_sent(box, push)) > 1
            for push in of(all_pushes, '+4678')), 30, 'second attempts')
        box.smsc.plan(PLAN)
        wait_for_results(box, pi, all_pushes)
        judge(tap, box, pi, all_pushes,
              lambda push: KINDS[push.receiver[:5]][1])
        how_each_was_sent(tap, box, all_pushes)
        clocks(tap, box, all_pushes, before)


run(test)
