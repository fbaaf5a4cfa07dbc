#!/usr/bin/python3 -B
"""Quality of service: what each delivery method, bearer and network gets, what
the notification says of it, and that priority orders the queue of a slow SMSC.
A confirmed push to an IP address is the gateway's own, as before."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import push_initiator as pi                                 # noqa: E402
from convoytest import (Initiator, Sandbox, judge, pushes,      # noqa: E402
                        run, wait_for_results, wait_until)

# What is asked for, and the code.
METHODS = [({'delivery-method': method}, code) for method, code in (
    ('unconfirmed', 1001), ('notspecified', 1001), ('preferconfirmed', 1001),
    ('Preferconfirmed', 1001), ('confirmed', 3007))]
NETWORKS = [
    ({'network': 'GSM', 'network-required': 'true'}, 1001),
    ({'network': 'PDC', 'network-required': 'true'}, 3009),
    ({'network': 'PDC'}, 1001),
    ({'bearer': 'SMS', 'bearer-required': 'true'}, 1001),
    ({'bearer': 'GPRS', 'bearer-required': 'true'}, 3010),
    ({'bearer': 'GPRS', 'bearer-required': 'false'}, 1001),
    ({'bearer-required': 'true'}, 3010),
    ({'network': 'GSM', 'network-required': 'true', 'bearer': 'SMS',
      'bearer-required': 'true', 'delivery-method': 'preferconfirmed',
      'priority': 'low'}, 1001),
]


class Asking(pushes.Push):
    """A push with this quality of service."""

    def __init__(self, quality, code):
        super().__init__(f'+46708{self._next():06}', 2)
        self.quality, self.wanted = quality, code

    count = 0

    @classmethod
    def _next(cls):
        cls.count += 1
        return cls.count

    def body(self, notify_url):
        control = pi.push_message(self.push_id, self.receiver,
                                  notify_url=notify_url)
        wanted = ''.join(f'{name}="{value}" '
                         for name, value in self.quality.items())
        return pi.multipart(control.replace(
            'delivery-method="unconfirmed"', wanted), self.document)

    def echo(self):
        """What the notification must say of it."""
        return {**self.quality, 'delivery-method': 'unconfirmed'}

    def __repr__(self):
        return f'a push with {self.quality}'


def methods(tap, box, initiator):
    some = initiator.push([Asking(*case) for case in METHODS + NETWORKS])
    tap.none([f'{push}: {push.codes} {push.desc}' for push in some
              if push.code != push.wanted], 'each gets the code that it should')
    accepted = [push for push in some if push.wanted == 1001]
    wait_for_results(box, initiator, accepted)
    judge(tap, box, initiator, accepted, name='quality')
    said = {one['push-id']: one['quality'] for one in initiator.received}
    tap.none([f'{push}: {said[push.push_id]}' for push in accepted
              if said[push.push_id] != push.echo()],
             'the notification echoes it, with the method that was used')
    return accepted


def ip_address(tap, box):
    """The gateway asks the client to open a session, over UDP: no group."""
    control = pi.push_message('ip@pi.example.com', '+1').replace(
        'WAPPUSH=+1/TYPE=PLMN', 'WAPPUSH=127.0.0.1/TYPE=IPv4').replace(
        '"unconfirmed"', '"confirmed"')
    document = pi.service_indication('http://x/', 'hello')
    _, answer = pi.post(box.env['PPG_URL'], pi.multipart(control, document))
    tap.equal(pi.response(answer)[0], 1001,
              'a confirmed push to an IP address is accepted as before')
    tap.none([row.push_id for row in box.database.results()
              if row.push_id.startswith('ip@')] +
             (['a live group'] if box.database.live() else []),
             'and is no group')


def priority(tap, box, initiator):
    """Forty pushes of low priority wait at an SMSC that takes two at a time,
    each in 60 ms; ten of high priority come last."""
    box.smsc.plan('delay 60\n')
    low = pushes.make(40, 1, prefix='+4677', priority='low')
    high = pushes.make(10, 1, prefix='+4678', priority='high')
    box.smsc('pause')
    initiator.push(low)
    wait_until(lambda: box.database.groups('SENDING') > 0, 5,
               'the first are being sent')
    initiator.push(high)
    box.smsc('resume')
    wait_for_results(box, initiator, low + high)
    order = [submit.tag for submit in box.journal.submits
             if submit.dst.startswith(('4677', '4678'))]
    first = {push.number for push in high}
    last = max(order.index(number) for number in first)
    before = [number for number in order[:last] if number not in first]
    tap.ok(len(before) <= ACTIVE, 'what comes last with a high priority '
           'overtakes all but what has begun', f'{len(before)} came before')
    tap.note(f'{len(before)} of 40 came before the last of high priority')
    return low + high


ACTIVE = 4


def test(tap):
    with Sandbox('--links', '1', convoy={'active-groups': ACTIVE}) as box, \
            Initiator(box.env['PPG_URL']) as initiator:
        some = methods(tap, box, initiator)
        ip_address(tap, box)
        some += priority(tap, box, initiator)
        judge(tap, box, initiator, some, name='in the end')


run(test)
