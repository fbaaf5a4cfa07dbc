#!/usr/bin/python3 -B
"""What Convoy is not about stays as it was: messages of smsbox, their
delivery reports, and messages from phones pass through boxes with the module
as through stock ones; the SMSC and the client cannot tell the difference."""

import os
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from collector import Collector                             # noqa: E402
from convoytest import (Initiator, Sandbox, pushes, run,        # noqa: E402
                        wait_for_results, wait_until)

SERVICE = '''
group = sms-service
keyword = hello
text = "and hello to you"

group = sms-service
keyword = default
text = "what do you mean?"
'''
# Number, text, and what the SMSC makes of it.
MESSAGES = [('+46701000001', 'short'),
            ('+46701000002', 'long ' * 60),             # two parts and more
            ('+46701000003', 'refused'),
            ('+46701000004', 'undelivered'),
            ('+46701000005', 'throttled once')]
PLAN = '''
receiver=46701000003 status 0x0b
receiver=46701000004 receipt UNDELIV after 5ms
receiver=46701000005 attempt=1 status 0x58
'''


def send(box, collector, receiver, text):
    """An MT message by sendsms; returns the HTTP status and what it said."""
    report = f'{collector.url}?receiver={receiver.lstrip("+")}&type=%d'
    query = urllib.parse.urlencode({'from': '100', 'to': receiver,
                                    'text': text, 'dlr-mask': 31,
                                    'dlr-url': report})
    try:
        with urllib.request.urlopen(f'{box.env["SENDSMS_URL"]}&{query}',
                                    timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def reports(collector):
    """The types of the delivery reports of each receiver, sorted."""
    found = {}
    for path in collector.paths:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        found.setdefault(query['receiver'][0], []).append(
            int(query['type'][0]))
    return {receiver: sorted(types) for receiver, types in found.items()}


def texts(box):
    """What phones displayed, by receiver, in order of time."""
    found = {}
    for display in box.journal.read().displays:
        found.setdefault(display['dst'], []).append(display['payload'])
    return found


def story(*options, **keys):
    """Everything that can be seen from outside of one sandbox."""
    with Sandbox('--links', '1', *options, plan=PLAN,
                 conf='sms-resend-freq = 1\n' + SERVICE, **keys) as box, \
            Collector() as collector:
        answers = [send(box, collector, *message) for message in MESSAGES]
        for text in 'hello', 'other':
            box.smsc(f'mo sandbox 46702000001 12345 {text}')

        # A final report for every message but the long one, which has one
        # for its first part only, as ever; two answers to the phone.
        final = {1, 2, 16}
        wait_until(lambda: len([types for types in
                                reports(collector).values()
                                if final & set(types)]) == len(MESSAGES), 20,
                   'a final report of every message')
        wait_until(lambda: len(texts(box).get('46702000001', ())) == 2, 20,
                   'two answers to the phone')
        box.smsc.idle()
        box.journal.read()
        submits = sorted((submit.dst, submit.part, submit.total,
                          submit.status) for submit in box.journal.submits)
        shown = {dst: sorted(payloads)
                 for dst, payloads in texts(box).items()}
        return dict(answers=answers, reports=reports(collector),
                    submits=submits, displayed=shown)


def test(tap):
    stock = story('--stock')
    for name, text in stock.items():
        tap.note(f'stock: {name}: {text}')
    tap.equal(len(stock['reports']), len(MESSAGES),
              'stock reports on every message')
    for name, options in (('without the group', ['--no-convoy']),
                          ('with the group', [])):
        found = story(*options)
        for what in stock:
            tap.equal(found[what], stock[what],
                      f'patched {name}: {what} as on stock')

    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi, \
            Collector() as collector:
        some = pi.begin(pushes.make(300, 2))
        answers = [send(box, collector, f'+467100{count:05}', 'among pushes')
                   for count in range(100)]
        some.result()
        wait_for_results(box, pi, some.pushes)
        wait_until(lambda: sum(1 in types for types in
                               reports(collector).values()) == 100, 20,
                   'a report of every message among pushes')
        tap.equal({status for status, _ in answers}, {202},
                  'messages of smsbox and pushes pass at the same time')


run(test)
