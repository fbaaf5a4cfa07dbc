"""Clients that are broken or mean harm."""

import random
import struct

from client import (
    CANCEL, CMDID, CMDLEN, DELIVER, ENQUIRE_LINK, MSGLEN, NACK, OK, QUERY,
    RESP, SUBMIT, UNBIND, Smsc, address, cstring, part_header, pdu,
    submit_body)
from tap import equal, ok


def test_bad_lengths(folder):
    smsc = Smsc(folder)
    for length in (0, 1, 15, 70001, 0x7fffffff, 0xffffffff):
        client = smsc.client()
        client.send(struct.pack('>IIII', length, SUBMIT, 0, 5))
        answer = client.read()
        equal((answer.command, answer.status, answer.sequence),
              (NACK, CMDLEN, 5), 'length %d is nacked' % length)
        ok(client.closes(), 'and the link closed')
    client = smsc.client()
    client.send(pdu(SUBMIT, 2, submit_body())[:40])
    client.close()
    equal(smsc.wait('link-lost', count=7)['reason'], 'closed by the client',
          'a PDU cut short by the end of the link')
    equal(len(smsc.all('submit')), 0, 'is no submit')
    client = smsc.client()
    for octet in pdu(SUBMIT, 2, submit_body()):
        client.send(bytes([octet]))
    equal(client.wait(2).status, OK, 'a PDU that comes octet by octet')
    smsc.stop()


def test_truncated_bodies(folder):
    smsc = Smsc(folder)
    client = smsc.client()
    whole = submit_body(b'text', tlvs=struct.pack('>HHB', 0x426, 1, 1))
    optional = len(whole) - 5
    statuses = {cut: client.wait(client.request(SUBMIT, whole[:cut])).status
                for cut in range(len(whole))}
    equal([cut for cut, status in statuses.items() if status == OK],
          [optional], 'a body that ends too early is refused')
    equal([statuses[cut] for cut in (optional + 1, optional + 4)],
          [0xc0, 0xc2], 'so are cut optional parameters')
    body = cstring('') + cstring('abc') + address('100') + address('46')
    equal([client.wait(client.request(CANCEL, body[:cut])).status != OK
           for cut in range(len(body))], [True] * len(body),
          'a cancel_sm that ends too early')
    body = cstring('abc') + address('100')
    equal([client.wait(client.request(QUERY, body[:cut])).status != OK
           for cut in range(len(body))], [True] * len(body),
          'a query_sm that ends too early')
    equal(client.submit().status, OK, 'the link lives')
    smsc.stop()


def test_bad_fields(folder):
    smsc = Smsc(folder)
    client = smsc.client()
    long = '1' * 21
    for wanted, fields in (
            (0x0b, {'dst': long}), (0x0b, {'dst': ''}), (0x0a, {'src': long}),
            (0x15, {'service': 'toolong'}), (0x61, {'schedule': '0' * 17}),
            (0x62, {'validity': '0' * 15}), (MSGLEN, {'message': b'x' * 141}),
            (OK, {'message': b'x' * 140}),
            (OK, {'message': b'x' * 160, 'coding': 0}),
            (MSGLEN, {'message': b'x' * 161, 'coding': 0}),
            (MSGLEN, {'tlvs': struct.pack('>HH', 0x424, 2) + b'ab'}),
            (0xc2, {'tlvs': struct.pack('>HH', 0x426, 2) + b'ab'}),
            (OK, {'tlvs': struct.pack('>HH', 0x1400, 2) + b'ab'}),
            (OK, {'message': b'', 'tlvs': struct.pack('>HH', 0x424, 2)
                  + b'ab'}),
            (MSGLEN, {'message': b'', 'tlvs': struct.pack('>HH', 0x424, 60000)
                      + b'a' * 60000})):
        equal(client.submit(**fields).status, wanted,
              'status %#x for %.40s' % (wanted, fields))
    bind = smsc.client(None)
    equal(bind.bind(system_id='x' * 16).status, CMDLEN, 'a long system_id')
    equal(bind.bind(system_id='\x01\xe5"\\').status, OK, 'a strange one')
    smsc.wait('bind', system_id='\x01\xc3\xa5"\\')
    smsc.stop()


def test_unknown_commands(folder):
    smsc = Smsc(folder)
    client = smsc.client()
    for command in (0, 0x05, 0x07, 0x0b, 0x21, 0x103, 0x7fffffff):
        answer = client.wait(client.request(command, b'junk'))
        equal((answer.command, answer.status), (NACK, CMDID),
              '%#x is nacked' % command)
    for command in (NACK, SUBMIT | RESP, DELIVER | RESP, 0xffffffff,
                    ENQUIRE_LINK | RESP):
        client.send(pdu(command, 77, b'junk'))
    ok(client.silent(), 'an answer to nothing is not answered')
    equal(client.submit().status, OK, 'the link lives')
    equal(len(smsc.all('bad-pdu')), 12, 'all are in the journal')
    client.send(pdu(UNBIND | RESP, 78))
    ok(client.closes(), 'unbind_resp ends the link')
    smsc.stop()


def test_noise(folder):
    """Mutated PDUs; whatever they are, it lives and answers the next."""
    smsc = Smsc(folder)
    dice = random.Random(3)
    good = [pdu(SUBMIT, 9, submit_body(b'abc', udh=part_header(1, 1, 2))),
            pdu(9, 9, cstring('x') * 3 + b'\x34\0\0' + cstring('')),
            pdu(CANCEL, 9, cstring('') + cstring('12') + address('1') * 2),
            pdu(QUERY, 9, cstring('12') + address('1')),
            pdu(DELIVER | RESP, 1, b'\0')]
    for _ in range(60):
        client = smsc.client(dice.choice([None, 'transceiver']))
        noise = b''
        for _ in range(40):
            data = bytearray(dice.choice(good))
            for _ in range(dice.randrange(4)):
                data[dice.randrange(16, len(data))] = dice.randrange(256)
            if dice.random() < 0.1:
                data[dice.randrange(16)] = dice.randrange(256)
            noise += data
        try:
            client.send(noise)
        except OSError:
            pass        # it may have closed the link already
        client.close()
    equal(smsc.client().submit(dst='1').status, OK, 'it lives')
    client = smsc.client()
    client.send(b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    ok(client.closes(), 'it hangs up on HTTP')
    equal(smsc.stop(), 0, 'and ends well')


def test_client_that_never_reads(folder):
    smsc = Smsc(folder)
    client = smsc.client()
    client.socket.settimeout(0.3)
    block = b''.join(pdu(ENQUIRE_LINK, n) for n in range(4096))
    sent = 0
    try:
        while sent < 64 << 20:
            sent += client.socket.send(block)
    except TimeoutError:
        pass
    ok(sent < 64 << 20, 'it is not read from without end (%d KiB)'
       % (sent >> 10))
    equal(smsc.client().submit().status, OK, 'others are served')
    smsc.stop()


def test_more_links_than_files(folder):
    smsc = Smsc(folder, max_files=80)
    clients = [smsc.client() for _ in range(48)]
    late = smsc.client(None)
    late.request(ENQUIRE_LINK)
    ok(late.silent(), 'a link too many waits')
    equal(smsc.control('stats')['links'], 48, 'the control socket answers')
    clients[0].close()
    equal(late.wait(1).status, OK, 'until one has gone')
    smsc.stop()
