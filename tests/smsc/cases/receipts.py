"""Receipts: states, order, links, repetition, clocks, and the forms of ids."""

import re
from datetime import datetime

from client import (
    DELIVER, INVMSGID, OK, RESP, SUBMIT, Smsc, cstring, submit_body)
from tap import equal, ok


STATES = {'ENROUTE': 1, 'DELIVRD': 2, 'EXPIRED': 3, 'DELETED': 4,
          'UNDELIV': 5, 'ACCEPTD': 6, 'UNKNOWN': 7, 'REJECTD': 8}


def test_receipt_states(folder):
    smsc = Smsc(folder, ''.join('receiver=%d receipt %s after 1..3ms\n'
                                % (n, s) for s, n in STATES.items())
                + 'receiver=9 receipt NOSTAT\nreceiver=10 receipt none\n')
    client = smsc.client()
    displayed = []
    for state, number in STATES.items():
        answer = client.submit(dst=str(number))
        receipt = client.delivery()
        ok(' stat:%s ' % state in receipt['text'], 'stat:' + state)
        equal(receipt['tlv'][0x427], bytes([number]), 'message_state')
        if state not in ('EXPIRED', 'DELETED', 'UNDELIV', 'REJECTD'):
            displayed.append(answer.message_id)
    displayed.append(client.submit(dst='9').message_id)
    receipt = client.delivery()
    ok('stat:' not in receipt['text'] and 0x427 not in receipt['tlv'],
       'a receipt that names no state')
    displayed.append(client.submit(dst='10').message_id)
    smsc.control('idle')
    ok(client.silent(), 'no receipt')
    equal([e['message_ids'][0] for e in smsc.all('display')], displayed,
          'failed ones are not displayed, others are')
    equal([e['state'] for e in smsc.all('fail')],
          ['EXPIRED', 'DELETED', 'UNDELIV', 'REJECTD'], 'fail')
    smsc.stop()


def test_receipts_asked_for(folder):
    smsc = Smsc(folder, 'receiver=2 receipt UNDELIV\n')
    client = smsc.client()
    for registered in (0, 1, 2):
        for dst in ('1', '2'):
            client.submit(dst=dst, registered=registered)
    smsc.control('idle')
    asked = {e['seq']: e['registered'] for e in smsc.all('submit')}
    ids = {e['message_id']: asked[e['seq']] for e in smsc.all('answer')}
    equal(sorted((ids[e['message_id']], e['stat'])
                 for e in smsc.all('receipt')),
          [(1, 'DELIVRD'), (1, 'UNDELIV'), (2, 'UNDELIV')],
          'all, or failures only, or none')
    smsc.stop()


def test_receipt_order(folder):
    smsc = Smsc(folder, 'receiver=1 receipt-early\n'
                'receiver=2 receipt-twice after 20ms\n'
                'receiver=3 interim ENROUTE after 1ms\n'
                'receiver=3 deliver 20ms\n')
    client = smsc.client()
    sequence = client.request(SUBMIT, submit_body(dst='1'))
    first, second = client.read(), client.read()
    equal((first.command, second.command, second.sequence),
          (DELIVER, SUBMIT | RESP, sequence), 'the receipt comes first')
    ok(second.message_id in first.deliver()['text'], 'with the later id')
    answer = client.submit(dst='2')
    equal([client.delivery()['tlv'][0x1e] for _ in range(2)],
          [cstring(answer.message_id)] * 2, 'a receipt that comes twice')
    client.submit(dst='3')
    receipts = [client.delivery() for _ in range(2)]
    equal([(r['esm'], r['tlv'][0x427]) for r in receipts],
          [(0x20, b'\1'), (4, b'\2')], 'an intermediate one before')
    smsc.stop()


def test_receipt_clocks(folder):
    smsc = Smsc(folder, 'receiver=2 receipt-clock 1000s\n')
    client = smsc.client()
    dates = []
    for dst in '12':
        client.submit(dst=dst)
        text = client.delivery()['text']
        dates.append(datetime.strptime(re.search(r'done date:(\d+)',
                                                 text)[1], '%y%m%d%H%M%S'))
    ahead = (dates[1] - dates[0]).total_seconds()
    ok(1000 <= ahead <= 1010, f'a clock that is ahead: {ahead} s')
    smsc.stop()


def test_receipt_links(folder):
    smsc = Smsc(folder, 'receiver=2* receipt-link any\n')
    transmitter = smsc.client('transmitter')
    transmitter.submit(dst='1')
    smsc.until(lambda: smsc.control('stats')['pending_receipts'] == 1
               and smsc.control('stats')['pending_messages'] == 0,
               'a receipt that waits')
    smsc.client('receiver', 'someone-else')
    equal(len(smsc.all('receipt')), 0, 'not to another system_id')
    receiver = smsc.client('receiver')
    ok(receiver.delivery(), 'it comes once a receiver binds')
    both = [smsc.client() for _ in range(2)]
    for _ in range(6):
        both[1].submit(dst='1')
        both[1].delivery()
    equal({e['link'] for e in smsc.all('receipt')[1:]}, {5},
          'receipts prefer the link of the submit')
    for n in range(6):
        both[1].submit(dst='2')
        smsc.wait('receipt-answer', count=8 + n)
    equal([e['link'] for e in smsc.all('receipt')[7:]], [4, 3, 5] * 2,
          'or take all in turn')
    smsc.stop()


def test_receipts_come_again(folder):
    smsc = Smsc(folder)
    first, second = smsc.client(), smsc.client()
    first.answer_with = None
    first.submit()
    got = first.delivery()
    first.close()
    equal(second.delivery()['text'], got['text'],
          'unanswered on a lost link: it comes on another')
    second.answer_with = 0x64
    second.submit()
    second.delivery()
    second.answer_with = 0
    second.delivery()
    equal([e['times'] for e in smsc.all('receipt')], [1, 2, 1, 2],
          'after a temporary error it comes again')
    second.answer_with = 0x65
    second.submit()
    second.delivery()
    smsc.wait('receipt-answer', status=0x65)
    equal(smsc.control('idle'), {'ok': True}, 'after another one it does not')
    smsc.stop()


def test_message_ids(folder):
    smsc = Smsc(folder, 'receiver=1 message-id hex\n'
                'receiver=2 message-id decimal\nreceiver=3 message-id zeros\n'
                'receiver=4 message-id hex/decimal\n')
    client = smsc.client()
    ids = []
    for dst in '1234':
        ids.append(client.submit(dst=dst).message_id)
        ids.append(client.delivery()['tlv'][0x1e][:-1].decode())
    numbers = [int(i, b) for i, b in zip(ids, (16, 16, 10, 10, 10, 10, 16,
                                               10))]
    equal(numbers, [numbers[0] + i // 2 for i in range(8)],
          'hex, decimal, zeros, hex/decimal: ' + ' '.join(ids))
    equal((len(ids[4]), ids[4][0]), (20, '0'), 'leading zeros')
    for i in (0, 2, 4, 6):
        equal(client.query(ids[i]).status, OK, 'found by its own form')
    equal(client.query(ids[7]).status, INVMSGID, 'and by no other')
    smsc.stop()
    again = Smsc(folder + '/again')
    ok(int(again.client().submit().message_id, 16) > numbers[-1],
       'ids do not come again after a restart')
    again.stop()
