"""A short story of a gateway on the wire, as packets, and what a trace of it
must say: pushes in every form of HTTP, segments that are refused, repeated,
accepted, cancelled and left without an answer, receipts, a notification."""

import struct

import push_initiator as pi
from http_stream import message
from packets import CLIENT, RST, ACK, SERVER, Connection, Talk
from smpp_server import RESP, pdu

PPG, SMPP, PI = 8080, 2775, 8081
FIRST, SECOND = '+46701234567', '+46709999999'
SEGMENT = 128
BIND, SUBMIT, DELIVER, CANCEL, UNBIND, ENQUIRE = 9, 4, 5, 8, 6, 21


def text(value):
    return value.encode() + b'\0'


def address(digits):
    return b'\1\1' + text(digits)


def submit(sequence, receiver, udh, octets):
    octets = udh + octets
    return pdu(SUBMIT, text('') + address('100') + address(receiver)
               + bytes([0x40, 0, 1]) + text('') + text('')
               + bytes([1, 0, 4, 0, len(octets)]) + octets, sequence)


def answer(command, sequence, message_id='', status=0):
    return pdu(command | RESP, text(message_id) if message_id else b'',
               sequence, status)


def receipt(sequence, receiver, message_id, state, esm_class=4):
    words = (f'id:{message_id} sub:001 dlvrd:001 submit date:2601010000 '
             f'done date:2601010000 stat:{state} err:000 text:').encode()
    return pdu(DELIVER, text('') + address(receiver) + address('100')
               + bytes([esm_class, 0, 0]) + text('') + text('')
               + bytes([0, 0, 0, 0, len(words)]) + words, sequence)


def segments(words, reference):
    """The (user data header, octets) of a push with this text."""
    octets = b'\x01\x06\x01\xae\x02\x05\x6a\x00\x45\xc6\x01\x03' \
        + words.encode() + b'\x00\x01\x01'
    parts = [octets[at:at + SEGMENT] for at in range(0, len(octets), SEGMENT)]
    if len(parts) == 1:
        return [(bytes.fromhex('0605040b8423f0'), octets)]
    return [(bytes.fromhex('0c05040b8423f00804') + struct.pack(
        '>HBB', reference, len(parts), part), octets)
            for part, octets in enumerate(parts, 1)]


def push_body(push_id, words, *receivers):
    return pi.multipart(pi.push_message(push_id, *receivers),
                        pi.service_indication('http://a.example/', words))


def chunked(body, size=100):
    pieces = [body[at:at + size] for at in range(0, len(body), size)]
    return b''.join(b'%x;a=b\r\n%s\r\n' % (len(one), one)
                    for one in pieces) + b'0\r\nTrailer: yes\r\n\r\n'


def pap_answer(kind, attributes):
    return f'<?xml version="1.0"?><pap><{kind} {attributes}/></pap>'.encode()


class Dialogue(Talk):
    """`records` are those that a trace of it must have, without their times."""

    LONG = 'The first push has words enough for three segments. ' * 6
    SHORT = 'One segment is enough for this.'

    def __init__(self, **where):
        super().__init__()
        self.records = []
        self.ppg = Connection(PPG, 40001, **where)
        self.smpp = Connection(SMPP, 40002, **where)
        self.pi = Connection(PI, 40003, **where)
        self.bind()
        self.push()
        self.send()
        self.notify()
        self.end()

    def expect(self, ev, **keys):
        self.records.append({'ev': ev, **keys})

    def bind(self):
        self.open(self.smpp)
        self.say(self.smpp, CLIENT, pdu(
            BIND, text('system') + text('secret') + text('') + b'\x34\0\0'
            + text(''), 1))
        self.say(self.smpp, SERVER, answer(BIND, 1, 'smsc'))
        self.expect('link', link=1, state='up', system_id='system',
                    mode='transceiver')

    def expect_push(self, number, url, headers, body, **keys):
        self.expect('push', push=number, url=url, headers=headers,
                    body=body.decode(), **keys)

    def push(self):
        """Two at once in one connection, then a query in it, in chunks."""
        kind = ['Content-Type', pi.CONTENT_TYPE]
        first = push_body('p1', self.LONG, FIRST)
        second = push_body('p2', self.SHORT, SECOND, FIRST)
        query = pi.inquiry('statusquery', 'p1')
        self.open(self.ppg)
        self.say(self.ppg, CLIENT, message(
            'POST /wappush?a=1&username=u&password=p&b=2 HTTP/1.1', first,
            dict([kind, ['Cookie', 'secret']]))
            + message('POST http://ppg.example/wappush HTTP/1.1', second,
                      dict([kind, ['authorization', 'Basic dXNlcjpw']])))
        length = 'Content-Length'
        self.expect_push(1, '/wappush?a=1&b=2',
                         [kind, [length, str(len(first))]], first, pi='u',
                         operation='push', push_id='p1')
        self.expect_push(2, '/wappush', [kind, [length, str(len(second))]],
                         second, pi='user', operation='push', push_id='p2')
        self.say(self.ppg, SERVER,
                 b'HTTP/1.1 100 Continue\r\n\r\n'
                 + message('HTTP/1.1 202 Accepted', pap_answer(
                     'push-response', 'code="1001"'), {}))
        self.expect('push_answer', push=1, http=202, code=1001)
        self.say(self.ppg, SERVER, message('HTTP/1.1 401 No', b'', {}))
        self.expect('push_answer', push=2, http=401)
        self.say(self.ppg, CLIENT,
                 b'POST /wappush HTTP/1.1\r\nContent-Type: application/xml\r\n'
                 b'Transfer-Encoding: chunked\r\n\r\n' + chunked(query))
        self.expect_push(3, '/wappush', [['Content-Type', 'application/xml'],
                                         ['Transfer-Encoding', 'chunked']],
                         query, pi=self.ppg.addresses[CLIENT],
                         operation='query', push_id='p1')
        self.close(self.ppg, SERVER)
        self.expect('push_answer', push=3, http='none')

    def submit(self, number, sequence, receiver, segment, **keys):
        udh, octets = segment
        digits = receiver.lstrip('+')
        self.say(self.smpp, CLIENT, submit(sequence, digits, udh, octets))
        self.expect('submit', submit=number, link=1, src='100', dst=digits,
                    esm_class=64, data_coding=4, registered=1, priority=1,
                    validity='', octets=len(udh + octets),
                    message=(udh + octets).hex(),
                    **{'part': 1, 'total': 1, 'attempt': 1, **keys})

    def answer(self, number, sequence, message_id='', status=0):
        self.say(self.smpp, SERVER,
                 answer(SUBMIT, sequence, message_id, status))
        known = {'message_id': message_id} if message_id else {}
        self.expect('submit_answer', submit=number, status=status, **known)

    def receipt(self, number, receiver, message_id, state, esm_class=4):
        self.say(self.smpp, SERVER, receipt(
            99, receiver.lstrip('+'), message_id, state, esm_class))
        keys = {'submit': number} if number else {}
        if esm_class == 0x20:
            keys['interim'] = True
        self.expect('receipt', link=1, message_id=message_id, state=state,
                    **keys)

    def send(self):
        one, two, three = segments(self.LONG, 300)
        parts = {'total': 3, 'ref': 300, 'push': 1}
        self.submit(1, 2, FIRST, one, part=1, **parts)
        self.answer(1, 2, status=0x58)
        self.submit(2, 3, FIRST, one, part=1, attempt=2, first=1, **parts)
        self.submit(3, 4, FIRST, two, part=2, **parts)
        self.answer(3, 4, '0000001f')
        self.answer(2, 3, 'a0')
        self.say(self.smpp, CLIENT, pdu(ENQUIRE, sequence=5))
        self.say(self.smpp, SERVER, pdu(ENQUIRE | RESP, sequence=5))
        self.submit(4, 6, FIRST, three, part=3, **parts)
        self.receipt(2, FIRST, '160', 'ENROUTE', 0x20)  # in decimal
        self.receipt(3, FIRST, '1F', 'DELIVRD')
        self.receipt(None, FIRST, '1234', 'UNDELIV')
        self.say(self.smpp, CLIENT, pdu(
            CANCEL, text('') + text('a0') + address('100')
            + address(FIRST.lstrip('+')), 7))
        self.say(self.smpp, SERVER, pdu(CANCEL | RESP, sequence=7,
                                        status=0x11))
        self.expect('cancel', submit=2, status=0x11)
        single, = segments(self.SHORT, 0)
        self.submit(5, 8, SECOND, single, push=2)
        self.say(self.smpp, SERVER, pdu(RESP, sequence=8, status=3))
        self.expect('submit_answer', submit=5, status=3)
        foreign, = segments('Nobody pushed this to anyone.', 0)
        self.submit(6, 9, SECOND, foreign)
        self.answer(6, 9, 'b1')

    def notify(self):
        document = pap_answer(
            'resultnotification-message', 'push-id="p1" code="1000" '
            'message-state="delivered"').replace(
                b'/></pap>', f'><address address-value="{pi.address(FIRST)}"/>'
                '</resultnotification-message></pap>'.encode())
        self.open(self.pi)
        self.say(self.pi, CLIENT,
                 message('POST /result HTTP/1.1', document, {}))
        self.expect('notification', notification=1, push=1, dst=FIRST,
                    state='delivered', code=1000)
        self.say(self.pi, SERVER, b'HTTP/1.0 204 Fine\r\n\r\n')
        self.expect('notification_answer', notification=1, http=204)
        self.expect('outcome', push=1, dst=FIRST, state='delivered',
                    told='delivered')
        self.add(self.pi, SERVER, RST | ACK)

    def end(self):
        self.say(self.smpp, SERVER, pdu(UNBIND, sequence=100))
        self.say(self.smpp, CLIENT, pdu(UNBIND | RESP, sequence=100))
        self.close(self.smpp)
        self.expect('submit_answer', submit=4, status='none')
        self.expect('link', link=1, state='down', by='smsc')
