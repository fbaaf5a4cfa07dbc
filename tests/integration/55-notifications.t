#!/usr/bin/python3 -B
"""A Push Initiator that is hard to reach hears every result all the same:
it answers 503, closes the connection, is slow, stalls, goes away altogether,
while wapbox and PostgreSQL are killed. A 2xx, and nothing else, ends it."""

import itertools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

PUSHES = 200
ROOM = 64           # notifications that one PI is given at once
BACKLOG, FAST = 600, 150


class Moody:
    """How a push is treated, by its number of the try."""

    def __init__(self):
        self.tries = {}

    def __call__(self, notification):
        push_id = notification['push-id']
        number = self.tries[push_id] = self.tries.get(push_id, 0) + 1
        return {1: (503, 0), 2: None, 3: (404, 0.2)}.get(number, (200, 0.1))


def moody(tap, box, pi):
    pi.treat = Moody()
    all_pushes = pi.push(pushes.make(PUSHES, 2))
    wait_for_results(box, pi, all_pushes, 120)
    statuses = {}
    for one in pi.received:
        statuses.setdefault(one['push-id'], []).append(one['status'])
    tap.none([push_id for push_id, found in statuses.items()
              if found != [503, None, 404, 200]],
             'each is repeated until it is acknowledged, and no longer')
    tap.none(checks.wrong_notifications(all_pushes, pi.received,
                                        repeats=True),
             'always with the same words')
    pi.treat = None
    return all_pushes


def killed(tap, box, pi):
    """Results come up while nobody answers; then everything is killed."""
    pi.treat = lambda notification: (500, 0)
    some = pi.push(pushes.make(PUSHES, 2, prefix='+4671'))
    wait_until(box.database.all_ended, 30, 'every group has ended')
    for name in 'wapbox', 'postgres':
        box.kill(name)
    for name in 'postgres', 'wapbox':
        box.start(name)
    pi.treat = None
    wait_for_results(box, pi, some, 90, outage=True)
    tap.none(checks.wrong_notifications(some, pi.received_of(some),
                                        repeats=True),
             'results that nobody had heard survive kill -9')
    return some


def waiting(box, how):
    return box.database.value(
        f'SELECT count(*) FROM convoy.notification WHERE {how}')


def stalls(tap, box, pi):
    """It answers so fast that more is taken for it than it has room for; then
    it does not answer any more."""
    box.smsc('phone off *')
    some = pi.push(pushes.make(BACKLOG, 1, prefix='+4673'))
    box.stop('wapbox')
    box.smsc('phone on *')
    wait_until(box.database.all_ended, 60, 'every group has ended')
    turn = itertools.count()
    pi.treat = lambda notification: (202, 0 if next(turn) < FAST else 60)
    box.start('wapbox')
    wait_until(lambda: waiting(box, 'tries > 0 AND holder IS NULL AND '
                                    'answer IS NULL') and
               waiting(box, 'holder IS NOT NULL') <= ROOM, 30,
               'what was taken and not posted is given back, and no more than '
               'there is room for is kept for one that stalls')
    pi.go_away()
    pi.treat = None
    pi.come()
    wait_for_results(box, pi, some, outage=True)
    return some


def test(tap):
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        all_pushes = moody(tap, box, pi) + killed(tap, box, pi)
        all_pushes += stalls(tap, box, pi)
        judge(tap, box, pi, all_pushes, restart=True, crash=True,
              name='in the end')
        quiet = pi.push([pushes.Push('+46722222222', 1)], notify=False)
        box.idle()
        tap.none(pi.received_of(quiet), 'a push that asks for no '
                 'notification has none')


run(test)
