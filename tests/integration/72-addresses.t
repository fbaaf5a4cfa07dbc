#!/usr/bin/python3 -B
"""A push to many addresses is one push: one answer, one commit, and for each
phone a group and a result of its own. A bad address among good ones is
rejected by itself; a phone that is named twice gets the push once."""

import base64
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, pushes, run,        # noqa: E402
                        wait_until)
from push_initiator import address                          # noqa: E402

CONF = '''unified-prefix = "+46,+0046,+046"

group = wap-push-user
wap-push-user = one
ppg-username = one
ppg-password = secret
black-list-regex = "^[+]4679"

group = wap-push-user
wap-push-user = two
ppg-username = two
ppg-password = secret
'''
MANY = 1000

NO_NUMBER = 'WAPPUSH=+46x/TYPE=PLMN@ppg'
NO_TYPE = 'WAPPUSH=+4670'
USER = 'WAPPUSH=john/TYPE=USER@ppg'
IP = 'WAPPUSH=10.0.0.1/TYPE=IPv4@ppg'
FORBIDDEN = '+46791111111'


def push(receiver, *others, user='one', segments=2, **control):
    made = pushes.Push(receiver, segments, others=others, **control)
    made.headers['Authorization'] = 'Basic ' + base64.b64encode(
        f'{user}:secret'.encode()).decode()
    return made


def told(pi, *some):
    """What the PI was told of each address, in any order."""
    return sorted((one['address'], one['message-state'], one['code'])
                  for one in pi.received_of(some))


def wait_for(box, pi, some, number):
    """Waits until the PI was told of so many addresses of the push."""
    wait_until(lambda: len(pi.received_of([some])) >= number, 60,
               f'{number} notifications')
    box.idle()


def shown(box, some):
    return sorted(display['dst'] for display in box.journal.displays
                  if display['tag'] == some.number)


def mixed(tap, box, pi):
    """Good addresses and all kinds of bad ones, some of them twice."""
    some = pi.push([push(NO_NUMBER, '+46701111111', USER, '+46701111112',
                         '+0046701111111', IP, FORBIDDEN, NO_TYPE,
                         '+46-70-111.11.12', NO_TYPE, '+46701111113')])[0]
    tap.equal(some.code, 1001, 'a push with some good addresses is accepted')
    wait_for(box, pi, some, 8)
    tap.equal(shown(box, some),
              ['46701111111', '46701111112', '46701111113'],
              'it reaches each phone once')
    good = [(address(f'+4670111111{n}'), 'delivered', '1000')
            for n in (1, 2, 3)]
    bad = [(NO_NUMBER, 'rejected', '2002'), (USER, 'rejected', '2002'),
           (NO_TYPE, 'rejected', '2002'), (IP, 'rejected', '3005'),
           (address(FORBIDDEN), 'rejected', '2001')]
    tap.equal(told(pi, some), sorted(good + bad),
              'and the PI is told of each address, good or bad, once')
    tap.equal({one['desc'] for one in pi.received_of([some])
               if one['message-state'] == 'rejected' and
               one['address'] == NO_NUMBER},
              {'a number of TYPE=PLMN is + and digits, with - and . between '
               'them'}, 'in words')
    tap.equal(sorted(row.state for row in box.database.results()
                     if row.push_id == some.push_id),
              ['DELIVERED'] * 3 + ['REJECTED'] * 5, 'the results say so')
    return some


def none_good(tap, box, pi):
    """Without a good address there is no push."""
    cases = [(2002, push(NO_NUMBER, USER)), (2002, push(NO_TYPE, IP)),
             (3005, push(IP, NO_TYPE)), (2001, push(FORBIDDEN)),
             (2001, push(FORBIDDEN, NO_TYPE))]
    for code, some in cases:
        pi.push([some])
        tap.equal(some.code, code, f'{some.receiver} and '
                  f'{len(some.others)} more: refused')
    tap.equal(box.database.value(
        'SELECT count(*) FROM convoy.push_view WHERE push_id = ANY (%s)',
        [some.push_id for _, some in cases]), 0, 'nothing of it is stored')


def identity(tap, box, pi, first):
    """After kill -9 of both boxes the database knows who has pushed what."""
    for name in 'wapbox', 'bearerbox':
        box.kill(name)
    for name in 'bearerbox', 'wapbox':
        box.start(name)
    first.forget_answer()
    pi.push([first], until_accepted=True)
    tap.equal(first.code, 2007, 'the same push again is a duplicate')
    other = push('+46703333333', user='two')
    other.push_id = first.push_id
    pi.push([other])
    tap.equal(other.code, 1001, 'another PI may use the same push-id')
    wait_for(box, pi, first, 9)
    tap.equal(shown(box, other), ['46703333333'], 'and its push is another')
    tap.equal(len(shown(box, first)), 3, 'the first is not sent again')


def many(tap, box, pi):
    receivers = [f'+4671{number:07}' for number in range(MANY + 1)]
    too_many = pi.push([push(*receivers)])[0]
    tap.equal(too_many.code, 3005, f'{MANY + 1} addresses are too many')
    some = push(*receivers[:MANY], segments=1)
    begun = time.monotonic()
    pi.push([some])
    tap.equal(some.code, 1001, f'{MANY} addresses in one push')
    tap.note(f'answered after {some.seconds * 1000:.0f} ms')
    tap.equal(box.database.value(
        '''SELECT count(DISTINCT b.xmin::text) FROM convoy.body b
              JOIN convoy.push p ON b.group_id = ANY (p.groups)
              WHERE p.push_id = %s''', some.push_id), 1,
        'all are stored by one commit')
    wait_for(box, pi, some, MANY)
    tap.note(f'all are delivered after {time.monotonic() - begun:.1f} s')
    tap.equal(shown(box, some), sorted(one[1:] for one in receivers[:MANY]),
              'each phone shows it once')
    tap.equal(told(pi, some), sorted((address(one), 'delivered', '1000')
                                     for one in receivers[:MANY]),
              'the PI is told of each once')


def test(tap):
    with Sandbox(conf=CONF, ppg={'trusted-pi': 'false'}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        first = mixed(tap, box, pi)
        none_good(tap, box, pi)
        identity(tap, box, pi, first)
        many(tap, box, pi)


run(test)
