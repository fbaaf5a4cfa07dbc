#!/usr/bin/python3 -B
"""A long trace is checked and gets its pseudonyms in the memory of a short
one. $CONVOY_PUSHES says how long (default 20,000 pushes; a million take some
minutes)."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import tap                                                  # noqa: E402
from traces import PROGRAM                                  # noqa: E402

PUSHES = int(os.environ.get('CONVOY_PUSHES', '20000'))
MOST = 200              # MiB
FEW = 100               # pushes of the short one

BODY = ('--b\\r\\nContent-Type: application/xml\\r\\n\\r\\n'
        '<?xml version=\\"1.0\\"?><!DOCTYPE pap PUBLIC \\"-//WAPFORUM//DTD '
        'PAP 1.0//EN\\" \\"http://www.wapforum.org/DTD/pap_1.0.dtd\\"><pap>'
        '<push-message push-id=\\"%(n)d@mmsc.example.com\\"><address '
        'address-value=\\"WAPPUSH=+4670%(n)07d/TYPE=PLMN@ppg.example.com\\"/>'
        '</push-message></pap>\\r\\n--b\\r\\nContent-Type: text/vnd.wap.si\\r'
        '\\n\\r\\n<si><indication href=\\"http://mmsc.example.com/%(n)x\\" '
        'si-id=\\"%(n)d\\">You have a message that somebody sent you'
        '</indication></si>\\r\\n--b--\\r\\n')


def push(n):
    """The lines of push n: two segments, receipts, a notification."""
    t = n * 1000
    dst = f'+4670{n:07d}'
    yield (f'{{"ev":"push","t":{t},"push":{n},"url":"/wappush","headers":'
           f'[["Content-Type","multipart/related; boundary=b"]],"body":"'
           f'{BODY % {"n": n}}"}}')
    yield f'{{"ev":"push_answer","t":{t},"push":{n},"http":202,"code":1001}}'
    for part in (1, 2):
        submit = 2 * n - 2 + part
        yield (f'{{"ev":"submit","t":{t},"push":{n},"submit":{submit},'
               f'"link":1,"dst":"{dst}","part":{part},"total":2,'
               f'"ref":{n % 256},"attempt":1,"octets":140}}')
        yield (f'{{"ev":"submit_answer","t":{t},"submit":{submit},'
               f'"status":0,"message_id":"{submit:x}"}}')
        yield (f'{{"ev":"receipt","t":{t},"submit":{submit},'
               f'"message_id":"{submit:x}","state":"DELIVRD"}}')
    yield (f'{{"ev":"notification","t":{t},"push":{n},"notification":{n},'
           f'"state":"delivered","dst":"{dst}"}}')
    yield (f'{{"ev":"notification_answer","t":{t},"notification":{n},'
           f'"http":202}}')
    yield (f'{{"ev":"outcome","t":{t},"push":{n},"dst":"{dst}",'
           f'"state":"delivered","displayed":true,"told":"delivered"}}')


def generate(path, pushes):
    with open(path, 'w', encoding='utf-8') as file:
        file.write('{"convoy-trace":1,"source":"test","pseudonyms":false}\n'
                   '{"ev":"link","t":0,"link":1,"state":"up"}\n')
        for n in range(1, pushes + 1):
            file.write('\n'.join(push(n)) + '\n')


def run(output, *arguments):
    """Exit status and the most memory it had, MiB."""
    with open(output, 'wb') as file, subprocess.Popen(
            [PROGRAM, *arguments], stdout=file) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / 1024


def test(t):
    with tempfile.TemporaryDirectory(prefix='convoy-replay.') as folder:
        short, long = os.path.join(folder, 'short'), os.path.join(folder,
                                                                  'long')
        made, said = os.path.join(folder, 'made'), os.path.join(folder,
                                                                'said')
        generate(short, FEW)
        generate(long, PUSHES)
        for command in ('check', 'pseudonyms'):
            _, few = run(made, command, short)
            status, many = run(made, command, long)
            t.equal(status, 0, f'{command} reads {PUSHES} pushes')
            t.ok(many < min(few + 8 + PUSHES * 1e-6, MOST),
                 f'in {many:.1f} MiB, where {FEW} take {few:.1f}')
        status, many = run(said, 'check', made)
        t.equal(status, 0, 'and what pseudonyms wrote is a trace')
        t.equal(os.path.getsize(made), os.path.getsize(long) + 13,
                'as long as the other, but for the fingerprint')


tap.run(test)
