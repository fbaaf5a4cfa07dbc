"""Binds, and what the journal says of one submit."""

import struct
import time

from client import (
    ALYBND, BNDSTS, ENQUIRE_LINK, OK, RESP, SUBMIT, UNBIND, Smsc, cstring,
    part_header, submit_body)
from tap import equal, ok


def test_binds(folder):
    smsc = Smsc(folder, 'link=7 bind 0x0d\n')
    for mode in ('transmitter', 'receiver', 'transceiver'):
        client = smsc.client(mode)
        equal(client.bound.status, OK, 'bind as ' + mode)
        equal(client.bound.body, b'convoy-smsc\0' + b'\2\x10\0\1\x34',
              'names itself and its version to the ' + mode)
        equal(client.bind(mode).status, ALYBND, 'no second bind')
        equal(client.wait(client.request(ENQUIRE_LINK)).status, OK,
              'enquire_link is answered')
        equal(client.submit().status,
              BNDSTS if mode == 'receiver' else OK, 'submit as ' + mode)
    unbound = smsc.client(None)
    equal(unbound.submit().status, BNDSTS, 'no submit before a bind')
    equal(unbound.wait(unbound.request(ENQUIRE_LINK)).status, OK,
          'enquire_link before a bind')
    many = [smsc.client('transceiver', 'many') for _ in range(2)]
    equal([c.bound.status for c in many], [OK, OK], 'two binds of one name')
    equal(smsc.client().bound.status, 0x0d, 'a bind that the plan refuses')
    equal(smsc.control('stats')['binds'], 5, 'stats counts the binds')
    links = smsc.control('links')['links']
    equal([(e['link'], e['mode']) for e in links][:2],
          [(1, 'transmitter'), (2, 'receiver')], 'links lists them')
    answer = client.wait(client.request(UNBIND))
    equal((answer.command, answer.status), (UNBIND | RESP, OK),
          'unbind is answered')
    ok(client.closes(), 'and the link closed')
    equal(smsc.wait('unbind')['link'], 3, 'unbind is in the journal')
    smsc.control('unbind 1')
    smsc.wait('bind', link=1)
    equal(smsc.stop(), 0, 'SIGTERM ends it with 0')


def test_journal_of_a_submit(folder):
    smsc = Smsc(folder)
    client = smsc.client()
    before = time.time()
    answer = client.submit(b'ab', dst='+46701', src='200', registered=1,
                           udh=part_header(9, 2, 3), priority=2,
                           validity='000001000000000R',
                           tlvs=struct.pack('>HHB', 0x426, 1, 1))
    submit = smsc.wait('submit')
    ok(before <= submit['t'] <= time.time(), 'the time of day')
    del submit['t']
    equal(submit, {
        'ev': 'submit', 'link': 1, 'seq': 2, 'src': '200', 'dst': '+46701',
        'dst_ton': 1, 'ref': 9, 'part': 2, 'total': 3, 'length': 2,
        'esm_class': 64, 'data_coding': 4, 'registered': 1,
        'validity': '000001000000000R', 'priority': 2, 'more': 1,
        'attempt': 1, 'message': '0b05040b8423f0000309030261' + '62'},
        'a submit in the journal')
    event = smsc.wait('answer')
    del event['t']
    equal(event, {
        'ev': 'answer', 'link': 1, 'seq': 2, 'status': 0,
        'message_id': answer.message_id, 'dst': '+46701', 'ref': 9,
        'part': 2, 'total': 3}, 'its answer')
    equal(smsc.wait('part')['dst'], '46701', 'the phone knows no +')
    client.submit(b'\x80"\\', coding=0)
    event = smsc.all('submit')[-1]
    equal((event['ref'], event['part'], event['more']), (None, None, None),
          'what is absent is null')
    receipt = client.delivery()
    ok(receipt['text'].startswith('id:' + answer.message_id + ' sub:001 '
                                  'dlvrd:001 submit date:'), 'receipt text')
    ok(' stat:DELIVRD err:000 text:' in receipt['text'], 'and its end')
    equal((receipt['src'], receipt['dst'], receipt['esm']),
          ('+46701', '200', 4), 'its addresses and esm_class')
    equal(receipt['tlv'], {0x1e: cstring(answer.message_id), 0x427: b'\2'},
          'its TLVs')
    client.delivery()
    equal(smsc.control('idle'), {'ok': True}, 'idle')
    equal(len(smsc.all('receipt-answer', status=0)), 2,
          'the answers to the receipts are in the journal')
    smsc.stop()


def test_journal_is_written(folder):
    smsc = Smsc(folder)
    client = smsc.client()
    client.submit(registered=0)
    start = time.monotonic()
    smsc.wait('display')                # reads the file, asks nothing
    ok(time.monotonic() - start < 2, 'soon, without being asked')
    for n in range(200):
        client.request(SUBMIT, submit_body(dst='46%d' % n, registered=0))
    counted = smsc.control('stats')['submits']
    ok(len(smsc.written('submit')) >= counted,
       'before each answer of the control socket')
    client.wait(client.sequence)
    equal(smsc.stop(), 0, 'SIGTERM')
    equal((len(smsc.written('submit')), len(smsc.written('answer'))),
          (201, 201), 'and at the end')
