#!/usr/bin/python3 -B
"""A long capture becomes a trace in bounded memory, with every push, segment,
answer and receipt. $CONVOY_PUSHES says how long (default 5,000 pushes; a
million take some minutes). So does one that is made to fill the memory."""

import collections
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import packets as pk                                        # noqa: E402
import push_initiator as pi                                 # noqa: E402
import tap                                                  # noqa: E402
from captures import PORTS                                  # noqa: E402
from dialogue import (BIND, PPG, SMPP, SUBMIT, answer,      # noqa: E402
                      pap_answer, push_body, receipt, segments, submit, text)
from http_stream import message                             # noqa: E402
from smpp_server import pdu                                 # noqa: E402
from traces import PROGRAM                                  # noqa: E402

PUSHES = int(os.environ.get('CONVOY_PUSHES', '5000'))
MOST = 200              # MiB
FEW = 50                # pushes of the short one
LATE = 2000             # pushes between a segment and its receipt
KEPT = 100              # pushes over one connection
WORDS = 'This is push %d, and it has words enough for two segments of an ' \
        'SMS, so that there is something to put together again.'


class Stream(pk.Talk):
    """Packets that are written at once."""

    def __init__(self, file):
        super().__init__()
        self.file = file
        file.write(pk.pcap([], pk.RAW))

    def add(self, connection, side, flags=pk.ACK, octets=b''):
        super().add(connection, side, flags, octets)
        packet = self.packets.pop()
        self.t -= 990           # a hundred in a millisecond
        self.file.write(pk.pcap(pk.captured([packet], pk.RAW))[24:])


def generate(file, pushes):
    talk, smpp, owed = Stream(file), pk.Connection(SMPP), collections.deque()
    accepted = message('HTTP/1.1 202 Accepted',
                       pap_answer('push-response', 'code="1001"'), {})
    talk.open(smpp)
    talk.say(smpp, pk.CLIENT, pdu(
        BIND, text('system') + text('') * 2 + b'\x34\0\0' + text(''), 1))
    talk.say(smpp, pk.SERVER, answer(BIND, 1, 'smsc'))
    for number in range(pushes):
        digits, words = f'46{number:09}', WORDS % number
        if number % KEPT == 0:
            if number:
                talk.close(ppg)
            ppg = pk.Connection(PPG, 10000 + number // KEPT % 50000)
            talk.next = {id(smpp): talk.next[id(smpp)]}
            talk.open(ppg)
        talk.say(ppg, pk.CLIENT, message(
            'POST /wappush HTTP/1.1',
            push_body(f'p{number}@pi', words, f'+{digits}'),
            {'Content-Type': pi.CONTENT_TYPE}))
        talk.say(ppg, pk.SERVER, accepted)
        for part, (udh, octets) in enumerate(segments(words, number % 65536)):
            one = 2 * number + part + 2
            talk.say(smpp, pk.CLIENT, submit(one, digits, udh, octets))
            talk.say(smpp, pk.SERVER, answer(SUBMIT, one, f'{one:x}'))
            owed.append((digits, f'{one:x}'))
        while len(owed) > 2 * LATE or (owed and number == pushes - 1):
            talk.say(smpp, pk.SERVER, receipt(1, *owed.popleft(), 'DELIVRD'))


def fill(file, *ports):
    """Many connections, to these ports in turn, that are not ended."""
    talk = Stream(file)
    for number in range(4000):
        connection = pk.Connection(ports[number % len(ports)],
                                   10000 + number)
        talk.next = {}
        talk.add(connection, pk.CLIENT, pk.SYN)
        talk.next[id(connection)][1] = 1
        yield talk, connection


def half_bodies(file):
    for talk, connection in fill(file, PPG):
        talk.add(connection, pk.CLIENT, octets=message(
            'POST / HTTP/1.1', b'x' * 40000, {})[:30000])


def holes(file):
    for talk, connection in fill(file, PPG, SMPP):
        talk.next[id(connection)][0] += 1000
        talk.add(connection, pk.CLIENT, octets=b'x' * 30000)


def many_pdus(file):
    for talk, connection in fill(file, SMPP):
        for one in range(20):
            talk.add(connection, pk.CLIENT, octets=submit(
                one, '46', b'', bytes(100)))
        talk.add(connection, pk.CLIENT, octets=pdu(4, bytes(20000))[:19000])


def run(pushes):
    """Exit status, the most memory it had, MiB, and how often each event was
    in the trace. `pushes`: how many, or a function that writes a capture."""
    with subprocess.Popen([PROGRAM, 'capture', *PORTS[:4], '-'],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        if os.fork() == 0:
            process.stdout.close()
            with process.stdin:
                if callable(pushes):
                    pushes(process.stdin)
                else:
                    generate(process.stdin, pushes)
            os._exit(0)
        process.stdin.close()
        events = collections.Counter()
        for line in process.stdout:
            events[line[7:line.find(b'"', 7)].decode()] += 1
            if line.startswith(b'{"ev":"submit"'):
                events['owned'] += b'"push":' in line
            elif line.startswith(b'{"ev":"receipt"'):
                events['matched'] += b'"submit":' in line
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        os.wait()
    return process.returncode, usage.ru_maxrss / 1024, events


def test(t):
    _, few, _ = run(FEW)
    status, many, events = run(PUSHES)
    t.equal(status, 0, f'a capture of {PUSHES} pushes')
    t.equal({name: events[name] for name in (
        'push', 'push_answer', 'link', 'submit', 'owned', 'submit_answer',
        'receipt', 'matched')}, {
            'push': PUSHES, 'push_answer': PUSHES, 'link': 1,
            'submit': 2 * PUSHES, 'owned': 2 * PUSHES,
            'submit_answer': 2 * PUSHES, 'receipt': 2 * PUSHES,
            'matched': 2 * PUSHES}, 'all of it is in the trace')
    t.ok(many < min(few + 16 + PUSHES * 5e-4, MOST),
         f'in {many:.1f} MiB, where {FEW} take {few:.1f}')
    for make in half_bodies, holes, many_pdus:
        status, most, _ = run(make)
        t.ok(status == 0 and most < MOST / 2,
             f'{make.__name__.replace("_", " ")}: {most:.1f} MiB')


tap.run(test)
