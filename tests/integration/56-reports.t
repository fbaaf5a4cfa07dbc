#!/usr/bin/python3 -B
"""A Push Initiator that asks for a delivery report with X-Kannel-DLR-Url and
X-Kannel-DLR-Mask gets one for its push, through smsbox: after the result is
on record, of the kind that it asked for, and none where nothing is known."""

import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from collector import Collector                             # noqa: E402
from convoytest import (Initiator, Sandbox, checks, pushes, run,  # noqa: E402
                        wait_for_results, wait_until)

PLAN = '''
receiver=4671* segment=2 status 0x0b
receiver=4672* segment=3 receipt UNDELIV after 5ms
receiver=4673* segment=3 receipt none
'''
# Final state and type of report (1 success, 2 failure) of each prefix.
RESULTS = {'+4670': ('DELIVERED', 1), '+4671': ('UNDELIVERABLE', 2),
           '+4672': ('UNDELIVERABLE', 2), '+4673': ('UNKNOWN', 0)}
# 24 asks for news of segments only, which a push does not have.
MASKS = 1, 2, 3, 31, 24
WITHOUT_SMSBOX = 50


def result_of(push):
    return RESULTS[push.receiver[:5]]


def wish(push, collector, mask):
    """Has this push ask for a report that names it."""
    push.headers = {
        'X-Kannel-DLR-Url': f'{collector.url}?push={push.number}&type=%d&'
                            'to=%p&why=%A',
        'X-Kannel-DLR-Mask': mask}


def query_of(path):
    return {name: values[0] for name, values in urllib.parse.parse_qs(
        urllib.parse.urlsplit(path).query).items()}


def reports(collector):
    """The types of the reports of each push, by number."""
    found = {}
    for path in collector.paths:
        query = query_of(path)
        found.setdefault(int(query['push']), []).append(int(query['type']))
    return found


def test_kinds(tap, box, pi, collector):
    asking, early = {}, []
    for prefix in RESULTS:
        for mask in MASKS:
            for push in pushes.make(3, prefix=f'{prefix}{mask:02}'):
                asking[push] = mask
                wish(push, collector, mask)
    ids = {push.number: push.push_id for push in asking}

    def look(path):
        number = int(query_of(path)['push'])
        if ids[number] not in {row.push_id for row in
                               box.database.results()}:
            early.append(path)
    collector.look = look
    silent = pushes.make(10)
    pi.push(list(asking) + silent)
    wait_for_results(box, pi, list(asking) + silent)
    expected = {push.number: [result_of(push)[1]] for push, mask
                in asking.items() if result_of(push)[1] & mask}
    wait_until(lambda: len(reports(collector)) >= len(expected), 20,
               'the reports have come')
    tap.none(checks.wrong_results(list(asking) + silent,
                                  box.database.results(),
                                  lambda push: result_of(push)[0]),
             'every push has the right result')
    tap.equal(reports(collector), expected, 'one report of each push that '
              'asked for its kind, and none that claims what is not known')
    tap.equal(early, [], 'each came after its result was on record')
    named = {push.number: push.receiver for push in asking}
    tap.none([path for path in collector.paths
              if query_of(path)['to'] != named[int(query_of(path)['push'])]],
             'each names the receiver')
    tap.note(*sorted({query_of(path)['why'] for path in collector.paths}))


def test_without_smsbox(tap, box, pi, collector):
    """Reports wait in bearerbox, as any for an smsbox that is away."""
    collector.look = None
    collector.paths.clear()
    some = pushes.make(WITHOUT_SMSBOX, prefix='+46709')
    for push in some:
        wish(push, collector, 3)
    box.kill('smsbox')
    pi.push(some)
    wait_for_results(box, pi, some)
    tap.equal(collector.paths, [], 'smsbox is away, so is every report')
    box.start('smsbox')
    wait_until(lambda: len(collector.paths) >= len(some), 20,
               'the reports have come after all')
    tap.equal(reports(collector), {push.number: [1] for push in some},
              'one each once smsbox is back')


def test(tap):
    with Sandbox(plan=PLAN, convoy={'receipt-timeout': 3, 'max-attempts': 1}
                 ) as box, \
            Initiator(box.env['PPG_URL']) as pi, Collector() as collector:
        test_kinds(tap, box, pi, collector)
        test_without_smsbox(tap, box, pi, collector)


run(test)
