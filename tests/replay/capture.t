#!/usr/bin/python3 -B
"""Captures of real boxes that lie here become the traces that lie beside them;
what is broken, hostile, secret or no capture at all is told in clear words."""

import json
import os
import re
import struct
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import packets as pk                                        # noqa: E402
import push_initiator as pi                                 # noqa: E402
import tap                                                  # noqa: E402
from captures import PORTS, capture, of_packets, without_times  # noqa: E402
from dialogue import (FIRST, PPG, SMPP, SUBMIT, Dialogue,   # noqa: E402
                      push_body)
from http_stream import message                             # noqa: E402
from smpp_server import pdu                                 # noqa: E402
from traces import REPLAY, convoy_trace                     # noqa: E402

CAPTURES = os.path.join(REPLAY, 'captures')


def read(path, mode='r'):
    with open(path, mode) as file:
        return file.read()


def test_kept(t):
    for name in 'stock', 'convoy':
        path = f'{CAPTURES}/{name}'
        options = read(f'{path}.options').split()
        done = convoy_trace('capture', '--no-pseudonyms', *options,
                            f'{path}.pcap')
        expected = read(f'{path}.jsonl')
        t.none([f'{got}\n{line}' for got, line in
                zip(done.stdout.splitlines(), expected.splitlines())
                if got != line], f'{name}: the trace that it was')
        t.equal((done.stdout.count('\n'), done.stderr.count('\n')),
                (expected.count('\n'), 1), f'{name}: all of it')
        people = convoy_trace('capture', *options, f'{path}.pcap')
        t.ok(not re.search(r'467000000|pi\.example|p00000|66185f',
                           people.stdout), f'{name}: without people, '
             'if nothing else is said')
        t.equal(people.stdout.count('\n'), expected.count('\n'),
                f'{name}: but the same records')


def test_broken(t, story):
    whole = pk.pcap(pk.captured(story.packets))
    wrong = []
    for size in [*range(0, 200, 7), *range(200, len(whole) - 1, 97)]:
        records, words, status = capture(whole[:size])
        number = re.search(r'capture\.pcap: packet (\d+): ', words[0]) \
            if words else None
        if size <= 24:
            good = status == 1 and not records
        else:
            good = without_times(records) == story.records[:len(records)] \
                and (status == 0 or number)
        if not good:
            wrong.append(f'{size}: {status} {words}')
    t.none(wrong, 'a file that is cut off: with the number of the packet')
    for name, octets, said in (
            ('no capture', b'What is this?' * 9, 'unknown file format'),
            ('none at all', b'', 'truncated'),
            ('no packet', whole[:24], 'there is no packet'),
            ('another network', pk.pcap(pk.captured(story.packets), 105),
             r'link type IEEE802_11 \(105\) cannot be read')):
        records, words, status = capture(octets)
        t.ok(status == 1 and re.search(f'capture.pcap: .*{said}', words[0]),
             f'{name}: it is said', words)


def test_clock(t, story):
    packets = list(story.packets)
    packets[9].t -= 3600 * 10 ** 6
    records, words, _ = of_packets(packets)
    t.ok(without_times(records) == story.records and re.search(
        r'packet 10: it is 3\d{9} us older than', words[0]),
         'a clock that went back: it is said', words)


def talk_of(port, *octets, side=pk.CLIENT):
    """One connection in which one side says these."""
    talk, connection = pk.Talk(), pk.Connection(port)
    talk.open(connection)
    for some in octets:
        talk.say(connection, side, some)
    talk.close(connection)
    return of_packets(talk.packets)


def test_hostile(t):
    push = message('POST /wappush HTTP/1.1', push_body('p', 'text', FIRST),
                   {'Content-Type': pi.CONTENT_TYPE})
    hello = b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
    for name, port, octets, said, expected in (
            ('TLS to the PPG', PPG, [hello, push], 'TLS: .* left out', []),
            ('TLS to the SMSC', SMPP, [hello], 'TLS: .* left out', []),
            ('no HTTP', PPG, [b'GARBAGE\r\n\r\n', push],
             'PPG from .*: no request line', []),
            ('headers without end', PPG, [b'POST / HTTP/1.1\r\n']
             + [b'X: ' + b'x' * 1000 + b'\r\n'] * 80, 'headers without end',
             []),
            ('a length that is none', PPG,
             [b'POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n'],
             'a body of unclear length', []),
            ('a NUL', PPG, [b'POST / HTTP/1.1\r\nA: \0\r\n\r\n'],
             'a NUL in a header', []),
            ('a chunk that is none', PPG,
             [b'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n'],
             'a chunk of unclear size', []),
            ('a PDU too long', SMPP, [struct.pack('>IIII', 2 ** 31, 4, 0, 1)],
             'SMPP: a PDU of 2147483648 octets', []),
            ('a PDU too short', SMPP, [pdu(SUBMIT, b'\0', 1)],
             'SMPP: a submit_sm that cannot be read', [])):
        records, words, status = talk_of(port, *octets)
        t.ok(status == 0 and re.search(fr'packet \d+: .*{said}', words[0])
             and [one['ev'] for one in records] == expected,
             f'{name}: it is said, and the rest goes on', words, records)
    huge = [b'POST /wappush HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n'] \
        + [b'x' * 30000] * 100
    records, words, _ = talk_of(PPG, *huge)
    t.ok(records[0]['ev'] == 'push' and 'body' not in records[0]
         and 'body_base64' not in records[0],
         'a body too long for a trace is unknown')
    records, words, _ = talk_of(PPG, message(
        'POST /?USERNAME=a&Password=b#x HTTP/1.1', b'<pap', {
            'Authorization': 'Basic ' + 'x' * 99, 'X': '\x01'}))
    t.equal(without_times(records)[0],
            {'ev': 'push', 'push': 1, 'pi': 'a', 'url': '/',
             'body': '<pap'},
            'what a trace cannot have is left out')


def test_pap(t):
    push = push_body('p1', 'Hello', FIRST)
    query = pi.inquiry('statusquery', 'p1')
    with tempfile.TemporaryDirectory() as folder:
        def write(name, octets):
            with open(f'{folder}/{name}', 'wb') as file:
                file.write(octets)
        write('1-request', message('POST /wappush?a=b HTTP/1.1', push,
                                   {'Content-Type': pi.CONTENT_TYPE}))
        write('2-body', push)
        write('3-document', query)
        done = convoy_trace('pap', '--no-pseudonyms', folder)
        t.equal(convoy_trace('check', '-', text=done.stdout).stderr, '',
                'a trace from files of PAP')
        lines = done.stdout.splitlines()
        t.ok('"time"' in lines[0], 'it says that its times are none', lines)
        records = [json.loads(line) for line in lines[1:]]
        t.equal([(one['t'], one['operation'], one['push_id'],
                  one.get('url'), one['body']) for one in records],
                [(0, 'push', 'p1', '/wappush?a=b', push.decode()),
                 (1000000, 'push', 'p1', None, push.decode()),
                 (2000000, 'query', 'p1', None, query.decode())],
                'it has what the files have')
        write('4-other', b'a file of another kind')
        done = convoy_trace('pap', folder)
        t.ok(done.returncode == 1 and '4-other: it has no PAP' in done.stderr,
             'another file is refused by its name', done.stderr)
    done = convoy_trace('pap', folder)
    t.ok(done.returncode == 1 and 'No such file' in done.stderr,
         'a folder that is not there', done.stderr)


def test_arguments(t):
    for command in 'capture', 'pap', 'tables':
        done = convoy_trace(command, '--help')
        t.ok(done.returncode == 0 and '--no-pseudonyms' in done.stdout,
             f'{command} --help')
        t.equal(convoy_trace(command).returncode, 2,
                f'{command} without arguments')
    for port in 'x', '0', '65536', 'host:80', '1.2.3:80', '::1:', ':80':
        t.equal(convoy_trace('capture', '--ppg', port, 'file').returncode, 2,
                f'no port: {port}')
    done = convoy_trace('capture', *PORTS, '/nowhere')
    t.ok(done.returncode == 1 and 'No such file' in done.stderr,
         'a file that is not there', done.stderr)
    done = convoy_trace('capture', *PORTS, '-o', '/dev/full',
                        f'{CAPTURES}/stock.pcap')
    t.ok(done.returncode == 1 and 'cannot be written' in done.stderr,
         'a disk that is full', done.stderr)
    done = convoy_trace('tables', 'host=/nowhere')
    t.ok(done.returncode == 1 and '/nowhere' in done.stderr,
         'a database that is not there', done.stderr)


def test(t):
    test_kept(t)
    test_broken(t, Dialogue())
    test_clock(t, Dialogue())
    test_hostile(t)
    test_pap(t)
    test_arguments(t)


tap.run(test)
