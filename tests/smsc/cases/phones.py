"""What phones join, drop, forget and display, and phones that are off."""

import struct

from client import OK, Smsc, part_header, push
from tap import equal, ok


def test_reassembly(folder):
    smsc = Smsc(folder)
    client = smsc.client()
    push(client, 1, 3, order=(3, 1, 2))
    push(client, 258, 2, order=(2, 1), wide=True)
    push(client, 3, 1)
    client.submit(b'alone')
    client.submit(b'ported', udh=bytes([6, 5, 4]) + struct.pack('>HH', 9, 8))
    smsc.control('idle')
    equal(smsc.displayed(), [b'1.2.3.', b'1.2.', b'1.', b'alone', b'ported'],
          'in any order, 8 and 16 bits, one part, none')
    shown = smsc.all('display')
    equal([(e['ref'], e['total'], e['dst_port'], e['src_port'])
           for e in shown],
          [(1, 3, 2948, 9200), (258, 2, 2948, 9200), (3, 1, 2948, 9200),
           (None, 1, None, None), (None, 1, 9, 8)], 'reference and ports')
    by_part = {e['part']: e for e in smsc.all('part', ref=1)}
    equal(shown[0]['message_ids'],
          [by_part[p]['message_id'] for p in (1, 2, 3)], 'their ids')
    ok(shown[0]['first'] <= by_part[1]['t'] <= shown[0]['last'],
       'times of the first and last part')
    smsc.stop()


def test_reassembly_key(folder):
    smsc = Smsc(folder)
    client = smsc.client()
    one, two = part_header(1, 1, 2), part_header(1, 2, 2)
    client.submit(b'a', udh=one)
    client.submit(b'b', udh=one)                        # dropped
    client.submit(b'x', udh=two, dst='4670000002')      # another phone
    client.submit(b'x', udh=two, src='101')             # another originator
    client.submit(b'x', udh=part_header(2, 2, 2))       # another reference
    client.submit(b'x', udh=part_header(1, 2, 3))       # another total
    client.submit(b'x', udh=part_header(1, 2, 2, wide=True))
    smsc.control('idle')
    equal(smsc.displayed(), [], 'nothing is complete')
    client.submit(b'c', udh=two)
    client.submit(b'd', udh=two)                        # begins a new one
    smsc.control('idle')
    equal(smsc.displayed(), [b'ac'], 'the first of two duplicates counts')
    client.submit(b'e', udh=one)
    smsc.control('idle')
    equal(smsc.displayed(), [b'ac', b'ed'],
          'after the display a part begins a new message')
    equal([e['result'] for e in smsc.all('part', src='100', ref=1, total=2,
                                         dst='4670000001')],
          ['kept', 'duplicate', 'kept', 'complete', 'kept', 'complete'],
          'what the phone did')
    equal(smsc.control('stats')['incomplete'], 5, 'stats counts the rest')
    smsc.stop()


def test_bad_headers(folder):
    smsc = Smsc(folder)
    client = smsc.client()
    for part, total in ((0, 2), (3, 2), (1, 0), (0, 0)):
        client.submit(b'i', udh=part_header(1, part, total))
    client.submit(b'w', udh=bytes([4, 0, 2, 1, 1]))     # wrong length
    client.submit(b'o', udh=bytes([4, 0, 9, 1, 1]))     # beyond the header
    client.submit(b'', udh=bytes([9, 0, 3, 1, 2, 1]))   # beyond the message
    client.submit(b'', esm=0x40)                        # no header at all
    client.submit(b'r', udh=bytes([10, 0, 3, 9, 9, 9, 0, 3, 1, 1, 1]))
    smsc.control('idle')
    equal([e['result'] for e in smsc.all('part')],
          ['ignored'] * 4 + ['single'] * 2 + ['discarded'] * 2
          + ['complete'], 'what the phone made of them')
    equal(smsc.displayed(), [b'i'] * 4 + [b'w', b'o', b'r'], 'and showed')
    smsc.stop()


def test_window(folder):
    smsc = Smsc(folder, phone_window=1)
    client = smsc.client()
    push(client, 1, 2, order=(1,))
    forgotten = smsc.wait('forget')
    equal((forgotten['ref'], forgotten['have'], forgotten['total']),
          (1, 1, 2), 'parts that are too old are forgotten')
    ok(1 <= forgotten['t'] - forgotten['first'], 'after the window')
    push(client, 1, 2, order=(2,))
    smsc.control('idle')
    equal(smsc.displayed(), [], 'a part that comes later completes nothing')
    push(client, 1, 2, order=(1,))
    smsc.control('idle')
    equal(smsc.displayed(), [b'1.2.'], 'but begins a new message')
    smsc.stop()


def test_phone_off(folder):
    smsc = Smsc(folder, 'receiver=47* phone-off 0..1500ms\n')
    client = smsc.client()
    equal(smsc.control('phone off 46*'), {'ok': True}, 'phone off')
    push(client, 1, 2, dst='+461')
    client.submit(b'planned', dst='471')
    client.submit(b'on', dst='48')
    expiring = client.submit(b'short', dst='462',
                             validity='000000000001000R').message_id
    cancelled = client.submit(b'no', dst='463').message_id
    smsc.control('idle')
    equal(smsc.displayed(), [b'on'], 'only a phone that is on displays')
    equal(smsc.control('stats')['waiting_for_phone'], 5, 'others wait')
    equal(client.cancel(cancelled, dst='463').status, OK,
          'what waits can be cancelled')
    smsc.wait('display', dst='471')
    ok(True, 'it comes when the window of the plan is over')
    fail = smsc.wait('fail')
    equal((fail['message_id'], fail['state']), (expiring, 'EXPIRED'),
          'it expires while it waits')
    smsc.control('phone on 46*')
    smsc.control('idle')
    equal(smsc.displayed(), [b'on', b'planned', b'1.2.'], 'phone on')
    equal(sorted(e['stat'] for e in smsc.all('receipt')),
          ['DELIVRD'] * 4 + ['EXPIRED'], 'receipts')
    smsc.stop()


def test_schedule(folder):
    smsc = Smsc(folder, 'receiver=2 deliver 60s\n')
    client = smsc.client()
    client.submit(b'later', schedule='000000000001000R')
    client.submit(b'dead', dst='2', validity='000000000001000R')
    past = client.submit(b'past', validity='200101000000000+').message_id
    equal(client.submit(schedule='x').status, 0x61, 'a bad schedule')
    equal(client.submit(validity='201301000000000+').status, 0x62,
          'a bad validity')
    equal(smsc.wait('fail')['message_id'], past, 'expired before it came')
    submit, display = smsc.all('submit')[0], smsc.wait('display')
    ok(display['t'] - submit['t'] > 0.9, 'delivered when scheduled')
    equal(smsc.wait('fail', count=2)['dst'], '2', 'expired on its way')
    smsc.stop()
