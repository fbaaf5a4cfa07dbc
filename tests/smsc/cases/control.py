"""The control socket, wrong plans and wrong command lines."""

import os
import subprocess

from client import (
    OK, SUBMIT, UNBIND, Smsc, binary, cstring, submit_body)
from tap import equal, ok


def test_control(folder):
    smsc = Smsc(folder)
    first, second = smsc.client(), smsc.client()
    equal(smsc.control('drop 9')['ok'], False, 'no such link')
    equal(smsc.control('drop 1'), {'ok': True}, 'drop a link')
    ok(first.closes(), 'it is closed')
    smsc.control('pause')
    sequence = second.request(SUBMIT, submit_body())
    ok(second.silent(), 'paused: no answer')
    third = smsc.client(None)
    third.request(9, cstring('x') * 3 + b'\x34\0\0' + cstring(''))
    ok(third.silent(), 'nor for a new link')
    equal(len(smsc.all('submit')), 0, 'nothing is read')
    smsc.control('resume')
    equal(second.wait(sequence).status, OK, 'resumed')
    equal(third.wait(1).status, OK, 'also the new link')
    smsc.control('pause 3')
    equal(second.submit().status, OK, 'one link is paused, not another')
    equal([e['paused'] for e in smsc.control('links')['links']],
          [False, True], 'links says so')
    smsc.control('resume 3')
    smsc.control('unbind 2')
    ok(second.read(lambda got: got.command == UNBIND), 'asked to unbind')
    smsc.control('drop all')
    equal(smsc.control('stats')['links'], 0, 'all dropped')
    for line in ('nonsense', 'drop', 'drop x', 'phone', 'phone up 1', '',
                 'plan', 'mo a b'):
        equal(smsc.control(line)['ok'], False, 'refused: ' + repr(line))
    equal(smsc.control('x' * 9000)['ok'], False, 'a line without end')
    smsc.until(lambda: smsc.control('quit')['ok'], 'quit')
    equal(smsc.process.wait(10), 0, 'quit ends with 0')
    equal(os.path.exists(folder + '/control'), False, 'and takes the socket')


def test_what_falls_due_while_paused(folder):
    smsc = Smsc(folder, 'receiver=1 delay 500ms\nreceiver=2 delay 500ms\n'
                'receiver=3 receipt DELIVRD after 500ms\n')
    client = smsc.client()
    sequence = client.request(SUBMIT, submit_body(dst='1'))
    client.submit(dst='3')
    smsc.control('pause 1')
    ok(client.silent(0.7), 'nothing comes')
    equal((len(smsc.all('answer', dst='1')), len(smsc.all('receipt'))),
          (0, 0), 'nor does the journal say so')
    smsc.control('resume 1')
    equal(client.wait(sequence).status, OK, 'the answer comes after that')
    equal(sorted(client.delivery()['src'] for _ in '12'), ['1', '3'],
          'so do the receipts')
    client.request(SUBMIT, submit_body(dst='2'))
    smsc.wait('submit', dst='2')
    smsc.control('pause 1')
    smsc.until(lambda: smsc.control('stats')['pending_messages'] == 0,
               'delivery')
    smsc.control('drop 1')
    equal(smsc.wait('noanswer')['reason'], 'link lost',
          'a link dropped in its pause took the answer with it')
    smsc.stop()


def test_mobile_originated(folder):
    smsc = Smsc(folder)
    client = smsc.client('receiver', 'box')
    equal(smsc.control('mo box 46701 500 hello there'), {'ok': True}, 'mo')
    got = client.delivery()
    equal((got['src'], got['dst'], got['text'], got['esm']),
          ('46701', '500', 'hello there', 0), 'comes as deliver_sm')
    equal(smsc.wait('mo-answer')['status'], OK, 'and is answered')
    smsc.stop()


BAD_PLANS = (
    ('status', '1: the effect needs an argument'),
    ('\nstatus 9x', "2: '9x' is no command_status"),
    ('status 8 5', "1: '5' is no percentage"),
    ('status 8 101%', "1: '101%' is no percentage"),
    ('statsu 8', "1: 'statsu' is no effect"),
    ('receiver=1', '1: selectors without an effect'),
    ('receivr=1 drop', "1: 'receivr' is none of"),
    ('segment=x drop', "1: 'x' is no number N or range"),
    ('segment=3-2 drop', "1: '3-2' is no number N or range"),
    ('delay 5..2', "1: '5..2' is no time"),
    ('delay 5h', "1: '5h' is no time"),
    ('receipt DELIVERED', "1: 'DELIVERED' is no state"),
    ('receipt none after', '1: a time A..B is missing'),
    ('receipt-link both', "1: 'both' is neither"),
    ('message-id octal', "1: 'octal' is no FORM"),
    ('rate 0', "1: '0' is no rate"),
    ('rate 5 5%', "1: '5%' does not belong to 'rate'"),
    ('receiver=1 rate 5', "1: 'rate' cannot be selected by receiver"),
    ('segment=1 phone-off 1..2', "1: 'phone-off' cannot be selected"),
)


def test_bad_plans(folder):
    smsc = Smsc(folder, 'status 0x45')
    for text, error in BAD_PLANS:
        answer = smsc.plan(text)
        wanted = folder + '/next-plan:' + error
        if not ok(not answer['ok'] and answer['error'].startswith(wanted),
                  'refused: ' + repr(text)):
            print('# got %r' % answer)
    equal(smsc.client().submit().status, 0x45, 'the old plan stays')
    equal(smsc.plan('status 0x14'), {'ok': True}, 'another plan')
    equal(smsc.client().submit().status, 0x14, 'is heeded')
    smsc.stop()
    for arguments, error in (
            (['--plan', folder + '/next'], 'next: No such file'),
            (['--plan', smsc.write_plan('bad', 'bad')], "bad:1: 'bad' is no"),
            (['--listen', 'nowhere'], 'no numeric HOST:PORT'),
            (['--listen', '192.0.2.1:1'], 'cannot listen on 192.0.2.1:1'),
            (['--journal', folder], 'Is a directory'),
            (['--seed', '-1'], '--seed'), (['--phone-window', 'x'], 'seconds'),
            (['--trace-speed', '0'], 'is no factor'),
            (['--control', 'x' * 200], 'longer than'), (['more'], 'usage')):
        done = subprocess.run([binary()] + arguments, capture_output=True,
                              timeout=10, check=False)
        ok(done.returncode in (1, 2) and error in done.stderr.decode(),
           'refused: ' + ' '.join(arguments)[:60])
        if error not in done.stderr.decode():
            print('# got %r' % done.stderr)
