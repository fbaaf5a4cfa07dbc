"""The SMSC's side of a trace, played again."""

import json
import os
import subprocess
import time

from client import (
    OK, SUBMIT, THROTTLED, Smsc, binary, part_header, submit_body)
from tap import equal, ok

BINDFAIL = 0x0d
HEAD = {'convoy-trace': 1, 'source': 'test', 'pseudonyms': False}
SECOND = 1000000


def write_trace(folder, *records, **head):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, 'trace')
    with open(path, 'w') as file:
        for record in ({**HEAD, **head}, *records):
            file.write(json.dumps(record) + '\n')
    return path


def submit(number, dst, t=0, part=1, total=1, attempt=1, **more):
    return {'ev': 'submit', 't': t, 'submit': number, 'dst': dst,
            'part': part, 'total': total, 'attempt': attempt, **more}


def answer(number, status=0, t=0):
    return {'ev': 'submit_answer', 't': t, 'submit': number,
            'status': status}


def receipt(number, state='DELIVRD', t=0, **more):
    return {'ev': 'receipt', 't': t, 'submit': number, 'state': state, **more}


def link(number, state, t, **more):
    return {'ev': 'link', 't': t, 'link': number, 'state': state, **more}


def test_recorded_answers(folder):
    trace = write_trace(
        folder, submit(1, '+461'), answer(1, THROTTLED),
        submit(2, '461', attempt=2, first=1), answer(2),
        submit(3, '461'), answer(3, 8),
        submit(4, '462', part=1, total=2), submit(5, '462', part=2, total=2),
        answer(5, 0x45), answer(4, 'none'),
        submit(6, '463'), answer(6, 0x14), submit(7, '464'))
    smsc = Smsc(folder, 'receiver=464 status 0x0b\nreceiver=465 status 0x0b\n'
                'receiver=466 delay 1ms\n', trace=trace)
    client = smsc.client()
    said = [client.submit(b'a', dst=dst).status for dst in ('461', '+461')]
    said += [client.submit(b'b', dst='461').status]
    equal(said, [THROTTLED, OK, 8], 'attempts, and then the next message')
    said = [client.submit(message, dst='461').status for message in
            (b'a', b'b', b'c')]
    equal(said, [OK, OK, OK], 'plain success behind what was recorded')
    header = [part_header(9, part, 2) for part in (1, 2)]
    client.request(SUBMIT, submit_body(b'x', dst='462', udh=header[0]))
    equal(client.submit(b'y', dst='462', udh=header[1]).status, 0x45,
          'by segment')
    equal([e['part'] for e in smsc.all('noanswer')], [1],
          'one has no answer')
    equal(client.submit(b'y', dst='463').status, 0x14, 'one of its own')
    equal(client.submit(b'y', dst='463', udh=header[1]).status, OK,
          'and no more for this receiver')
    equal(client.submit(b'y', dst='464').status, OK,
          'an answer that the trace does not know is success')
    equal(client.submit(b'y', dst='465').status, 0x0b,
          'of other messages the plan decides')
    equal([e['submit'] for e in smsc.all('recorded')],
          [1, 2, 3, None, None, None, 4, 5, 6, None, 7, None], 'the journal')
    stats = smsc.control('stats')
    equal((stats['recorded'], stats['not_recorded']), (7, 5), 'the counts')
    equal(smsc.stop(), 0, 'the end')


def test_recorded_groups(folder):
    """The recorded gateway sent the second segment after the first was
    refused; this one does not, and it is not taken for another group's."""
    for known in ({}, {'push': 1}):
        pushes = [{'ev': 'push', 't': 0, 'push': n} for n in (1, 2, 3)]
        segments, answers = [], []
        for number, (push, part, status) in enumerate(
                ((1, 1, 0x0b), (1, 2, 0x14), (2, 1, OK), (3, 1, 8),
                 (2, 2, 0x45), (3, 2, 0x58)), 1):
            key = {'push': push} if known else {'ref': push}
            segments.append(submit(number, '461', part=part, total=2, **key))
            answers.append(answer(number, status))
        smsc = Smsc(os.path.join(folder, 'by-' + '-'.join(known)),
                    trace=write_trace(folder, *pushes, *segments, *answers))
        client = smsc.client()

        def send(reference, part, text=b''):
            return client.submit(text + b'%d' % reference, dst='461',
                                 udh=part_header(reference, part, 2)).status

        equal([send(77, 1), send(78, 1), send(79, 1), send(79, 2),
               send(78, 2)], [0x0b, OK, 8, 0x58, 0x45],
              'each group has its own answers')
        equal([send(77, 1, b'new'), send(77, 2)], [OK, OK],
              'a reference that is used again is another group')
        equal([e['submit'] for e in smsc.all('recorded')],
              [1, 3, 4, 6, 5, None, None], 'the journal')
        smsc.stop()


def test_recorded_other_number_of_segments(folder):
    segments = [submit(1, '461', part=1, total=3, ref=1),
                submit(2, '461', part=2, total=3, ref=1),
                submit(3, '461', part=3, total=3, ref=1),
                submit(4, '461', part=1, total=2, ref=2),
                submit(5, '461', part=2, total=2, ref=2),
                submit(6, '461')]
    smsc = Smsc(folder, trace=write_trace(
        folder, *segments, *(answer(n, 0xc0 + n) for n in range(1, 7))))
    client = smsc.client()

    def send(reference, *parts):
        return [client.submit(b'%d' % reference, dst='461',
                              udh=part_header(reference, part, 2)).status
                for part in parts]

    equal(send(7, 1, 2), [0xc4, 0xc5], 'the group of as many segments first')
    equal(send(8, 1, 2), [0xc1, 0xc2], 'and then any other')
    equal(send(9, 2, 1), [OK, 0xc6], 'of which it may have more segments')
    equal(send(10, 1), [OK], 'until there is none')
    smsc.stop()


def test_recorded_delays(folder):
    trace = write_trace(
        folder, submit(1, '1'), answer(1, t=3 * SECOND),
        receipt(1, t=6 * SECOND), receipt(1, t=7 * SECOND),
        submit(2, '2', t=7 * SECOND), answer(2, t=7 * SECOND),
        receipt(2, 'ENROUTE', t=10 * SECOND, interim=True),
        receipt(2, 'UNDELIV', t=13 * SECOND))
    smsc = Smsc(folder, trace=trace, trace_speed=10)
    client = smsc.client()
    client.submit(b'a', dst='1')
    client.submit(b'b', dst='2')
    smsc.wait('receipt', 4)
    times = {}
    for event in smsc.all('submit') + smsc.all('answer') + smsc.all('receipt'):
        times.setdefault(event['dst'], []).append(event['t'])
    for dst, wanted in (('1', (0.3, 0.6, 0.7)), ('2', (0, 0.3, 0.6))):
        got = [at - times[dst][0] for at in times[dst][1:]]
        ok(all(0 <= g - w < 2 for g, w in zip(got, wanted)),
           '%s: a tenth of the time, %s, took %s' % (dst, wanted, got))
    equal(sorted((e['dst'], e['stat']) for e in smsc.all('receipt')),
          [('1', 'DELIVRD'), ('1', 'DELIVRD'), ('2', 'ENROUTE'),
           ('2', 'UNDELIV')], 'what they say')
    equal([e['dst'] for e in smsc.all('display')], ['1'], 'one is displayed')
    ok(smsc.all('display')[0]['t'] - times['1'][0] > 0.59,
       'not before its receipt is due')
    smsc.stop()


def test_recorded_receipts(folder):
    trace = write_trace(
        folder, submit(1, '1'), answer(1),
        submit(2, '2'), answer(2, 'none'), receipt(2),
        submit(3, '3'), answer(3), {'ev': 'cancel', 't': 0, 'submit': 3,
                                    'status': 0}, receipt(3, 'DELETED'),
        submit(4, '4'), receipt(4), answer(4, t=SECOND // 5))
    smsc = Smsc(folder, trace=trace)
    client = smsc.client()
    client.request(SUBMIT, submit_body(dst='2'))
    for dst in '13':
        client.submit(dst=dst)
    early = client.request(SUBMIT, submit_body(dst='4'))
    client.wait(early)
    smsc.control('idle')
    equal(sorted(e['dst'] for e in smsc.all('display')), ['1', '2', '3', '4'],
          'all are displayed: nobody cancelled one here')
    equal([e['dst'] for e in smsc.all('receipt')], ['2', '4'],
          'no receipt that was not recorded')
    ok(smsc.all('receipt', dst='4')[0]['t'] < smsc.all('answer', dst='4')
       [0]['t'], 'and one before its answer')
    smsc.stop()


def test_receipts_not_recorded(folder):
    smsc = Smsc(folder, 'receipt UNDELIV\n', trace=write_trace(
        folder, submit(1, '1'), answer(1), unknown=['receipt']))
    smsc.client().submit(dst='1')
    equal(smsc.wait('receipt')['stat'], 'UNDELIV',
          'if the trace knows no receipts the plan decides')
    smsc.stop()


def test_recorded_outages(folder):
    trace = write_trace(
        folder, link(1, 'up', 0), link(2, 'up', 0),
        link(1, 'down', SECOND, by='smsc'),
        link(2, 'down', SECOND, by='gateway'), link(2, 'up', SECOND),
        link(1, 'up', 600 * SECOND))
    smsc = Smsc(folder, trace=trace)
    first, second = smsc.client(), smsc.client()
    ok(first.silent(0.2), 'nothing is down before the trace begins')
    smsc.control('trace begin')
    ok(first.closes(), 'the SMSC takes the first link down')
    equal(smsc.wait('link-lost')['reason'], 'down in the trace', 'says why')
    ok(second.silent(), 'not the one that the gateway ended itself')
    equal(smsc.client().bound.status, BINDFAIL, 'nobody gets its place')
    smsc.control('trace begin')
    equal(smsc.client().bound.status, OK, 'but when the trace begins anew')
    equal(smsc.control('trace'), {'ok': False, 'error': 'say: trace begin'},
          'a wrong command')
    smsc.stop()
    smsc = Smsc(os.path.join(folder, 'fast'), trace=trace, trace_speed=6000)
    smsc.control('trace begin')
    until = time.monotonic() + 10
    while smsc.client().bound.status != OK and time.monotonic() < until:
        smsc.clients.pop().close()
    equal(smsc.clients[0].bound.status, OK, 'it comes back, 6000 times faster')
    smsc.stop()


def test_recorded_phones(folder):
    trace = write_trace(
        folder, {'ev': 'phone', 't': 0, 'dst': '+461', 'state': 'off'},
        submit(1, '461', t=1), answer(1, t=1), receipt(1, t=2),
        {'ev': 'phone', 't': SECOND, 'dst': '461', 'state': 'on'})
    smsc = Smsc(folder, trace=trace)
    client = smsc.client()
    smsc.control('trace begin')
    client.submit(dst='461')
    client.submit(dst='462')
    smsc.wait('display', dst='462')
    equal(smsc.control('stats')['waiting_for_phone'], 1, 'one phone is off')
    smsc.wait('display', dst='461')
    equal(smsc.wait('receipt', dst='461')['stat'], 'DELIVRD',
          'and comes back')
    smsc.stop()


def test_bad_trace(folder):
    path = write_trace(folder, {'ev': 'submit', 't': 0})
    said = subprocess.run([binary(), '--trace', path], capture_output=True,
                          text=True, timeout=10)
    equal((said.returncode, said.stderr),
          (1, 'convoy-smsc: --trace: %s:2: a submit needs "submit"\n' % path),
          'a wrong trace is refused, with its line')
    smsc = Smsc(os.path.join(folder, 'none'))
    equal(smsc.control('trace begin')['error'], 'there is no trace',
          'none to begin')
    smsc.stop()
