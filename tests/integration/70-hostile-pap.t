#!/usr/bin/python3 -B
"""PAP requests that hang, half-parse or lie: each is answered with a PAP or
an HTTP error, the next good push works, nothing is sent, and however often
they come the memory of wapbox does not grow."""

import os
import re
import select
import socket
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import hostile                                              # noqa: E402
from convoytest import (Initiator, Sandbox, checks, pushes,     # noqa: E402
                        run, wait_for_results)
from push_initiator import response                         # noqa: E402

ROUNDS = 8              # of some fifty requests each
GROWTH = 2 << 20        # octets that the memory may differ by afterwards
# One kind of large request that stays would take 50 MB; malloc() may keep what
# a few have used.
LARGE_GROWTH = 32 << 20


def verdict(answer):
    """None if the answer is an error, else what is wrong with it."""
    if answer is None:
        return 'no answer'
    status, body = answer
    if status >= 400:
        return None
    try:
        code, desc = response(body)
    except Exception as error:
        return f'HTTP {status} and no PAP document: {error!r} {body[:200]}'
    return None if code >= 2000 else f'HTTP {status}, code {code} {desc}'


class Attack:
    def __init__(self, box, pi):
        url = urllib.parse.urlsplit(box.env['PPG_URL'])
        self.pi, self.path = pi, url.path
        self.address = url.hostname, url.port
        self.good = []

    def refused(self, tap, name, octets, seconds=5):
        """One request and, after it, a good push."""
        try:
            answer = hostile.exchange(self.address, octets, seconds)
            wrong = verdict(answer)
            if answer and answer[0] == 202:
                self.pi.documents.add(answer[1])
        except socket.timeout:
            wrong = f'no answer within {seconds} s'
        good = self.pi.push([pushes.Push(f'+4671{len(self.good):07}', 1)],
                            seconds=10)[0]
        self.good.append(good)
        return tap.ok(not wrong and good.code == 1001,
                      f'{name}: refused, and the next push works',
                      wrong, f'next push: {good.codes} {good.desc}')

    def cut_off(self, tap, name, octets):
        with socket.create_connection(self.address, 5) as client:
            try:
                client.sendall(octets)
            except ConnectionError:
                pass
        good = self.pi.push([pushes.Push(f'+4671{len(self.good):07}', 1)],
                            seconds=10)[0]
        self.good.append(good)
        tap.equal(good.code, 1001,
                  f'{name}, then gone: the next push works')

    def round(self):
        """All requests once more, large ones aside."""
        for _, octets in hostile.refused(self.path):
            hostile.exchange(self.address, octets, 10)


def memory(box, name):
    """Resident octets of NAME."""
    with open(f'/proc/{box.pids(name)[0]}/status') as file:
        return int(re.search(r'VmRSS:\s*(\d+)', file.read())[1]) << 10


def too_long(tap, box, pi):
    push = pi.push([pushes.Push('+46709999999', 11)])[0]
    tap.equal(push.code, 3006, 'eleven segments: code 3006')
    tap.ok(re.search('segment', push.desc or ''),
           'and a desc that says why', push.desc)
    tap.note(push.desc)


def test(tap):
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        before = box.pids('wapbox'), box.pids('bearerbox')
        attack = Attack(box, pi)
        too_long(tap, box, pi)
        for name, octets in hostile.refused(attack.path):
            attack.refused(tap, name, octets)
        for name, body in hostile.bombs():
            attack.refused(tap, name, hostile.wrap(attack.path, body), 3)
        listener = socket.create_server(('127.0.0.1', 0))
        listener.setblocking(False)
        url = f'http://127.0.0.1:{listener.getsockname()[1]}/x'
        for name, body in hostile.foreign(url):
            attack.refused(tap, name, hostile.wrap(attack.path, body))
        tap.ok(not select.select([listener], [], [], 0)[0],
               'nothing is fetched from elsewhere')
        for name, octets in hostile.cut_off(attack.path):
            attack.cut_off(tap, name, octets)
        for name, body in hostile.large():
            attack.refused(tap, name, hostile.wrap(attack.path, body), 30)

        wait_for_results(box, pi, attack.good)
        tap.none([submit for submit in box.journal.submits if submit.tag
                  not in {push.number for push in attack.good}],
                 'nothing else is sent')
        tap.none(checks.wrong_notifications(attack.good, pi.received),
                 'and nothing else notified')

        attack.round()
        usual = memory(box, 'wapbox')
        for _ in range(ROUNDS):
            attack.round()
        grown = memory(box, 'wapbox') - usual
        tap.note(f'wapbox: {usual} octets have grown by {grown}')
        tap.ok(grown < GROWTH, 'the memory of wapbox does not grow',
               f'{usual} octets have grown by {grown}')
        for _, body in list(hostile.large()) * 5:
            hostile.exchange(attack.address,
                             hostile.wrap(attack.path, body), 30)
        grown = memory(box, 'wapbox') - usual
        tap.note(f'and by {grown} after fifteen of ten megabytes')
        tap.ok(grown < LARGE_GROWTH, 'nor do large requests stay in it',
               f'{usual} octets have grown by {grown}')
        tap.equal((box.pids('wapbox'), box.pids('bearerbox')), before,
                  'the boxes are still the same processes')


run(test)
