"""An SMSC that lies: it takes binds, and then sends what no SMSC should.

acts() are the things it sends, each with a name. After each it asks the link
whether it is alive; a link that closes the connection instead has refused,
which is as good. One that does neither hangs.
"""

import queue
import random
import struct
import threading

from smpp_server import (BINDS, ENQUIRE_LINK, RESP, SmppServer, pdu,
                         read)

HANGS = 5               # seconds without an answer
DELIVER, DATA = 0x05, 0x103
KNOWN = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x15,
         0x21, 0x102, 0x103]


def tlv(tag, value, length=None):
    return struct.pack('>HH', tag,
                       len(value) if length is None else length) + value


def deliver(text, esm=4, tlvs=b'', source=b'4670', target=b'12345',
            length=None):
    return (b'\0\x01\x01' + source + b'\0\x01\x01' + target + b'\0'
            + bytes([esm, 0, 0, 0, 0, 0, 0, 0, 0,
                     len(text) if length is None else length])
            + text + tlvs)


RECEIPT = (b'id:%s sub:001 dlvrd:001 submit date:2611240000 '
           b'done date:2611240000 stat:%s err:000 text:')


def receipts():
    yield 'no text', deliver(b'')
    yield 'no fields', deliver(b'hello')
    yield 'only id:', deliver(b'id:')
    yield 'id of 200 octets', deliver(RECEIPT % (b'9' * 140, b'DELIVRD'))
    yield 'formats in the id', deliver(RECEIPT % (b'%s%n%x%99999d', b'%n'))
    yield 'NUL in the id', deliver(RECEIPT % (b'a\0b', b'DELIVRD'))
    yield 'octets above 127', deliver(bytes(range(128, 255)))
    yield 'a state nobody knows', deliver(RECEIPT % (b'1', b'NEVERMND'))
    yield 'a state without end', deliver(RECEIPT % (b'1', b'D' * 120))
    yield 'stat: twice', deliver(RECEIPT % (b'1', b'DELIVRD stat:UNDELIV'))
    yield 'an id of 4,000 octets', deliver(b'', tlvs=tlv(0x424, RECEIPT % (
        random.Random(35).randbytes(2000).hex().encode(), b'DELIVRD')))
    yield 'an id of TLV, 60,000 octets', deliver(
        b'', tlvs=tlv(0x1e, b'7' * 60000 + b'\0') + tlv(0x427, b'\x02'))
    yield 'a state of TLV, 200', deliver(
        b'', tlvs=tlv(0x1e, b'7\0') + tlv(0x427, b'\xc8'))
    yield 'an empty id of TLV', deliver(
        b'', tlvs=tlv(0x1e, b'\0') + tlv(0x427, b'\x02'))
    yield 'SQL in the id', deliver(
        RECEIPT % (b"1'; DROP TABLE live; --", b'DELIVRD'))
    yield 'a payload of 60,000 octets', deliver(
        b'', esm=0, tlvs=tlv(0x424, b'x' * 60000))


def lengths():
    """Streams that cannot go on: (name, octets)."""
    for length in 0, 1, 15, 16 << 20, 0x7fffffff, 0x80000000, 0xffffffff:
        yield f'a length of {length}', pdu(ENQUIRE_LINK, length=length)
    yield 'half a header', pdu(ENQUIRE_LINK)[:7]
    yield 'half a body', pdu(DELIVER, deliver(b'x' * 100))[:60]
    yield 'HTTP', b'GET / HTTP/1.1\r\nHost: smsc\r\n\r\n'


def acts():
    """(name, octets), the stream in step after each."""
    for name, body in receipts():
        yield f'receipt, {name}', pdu(DELIVER, body)
    whole = deliver(RECEIPT % (b'1', b'DELIVRD'), tlvs=tlv(0x1e, b'1\0'))
    for cut in range(0, len(whole), 7):
        yield f'deliver_sm cut after {cut}', pdu(DELIVER, whole[:cut])
    yield 'sm_length beyond the end', pdu(DELIVER, deliver(b'x', length=254))
    yield 'TLV beyond the end', pdu(DELIVER, deliver(b'', tlvs=tlv(
        0x1e, b'1', length=65535)))
    yield 'half a TLV', pdu(DELIVER, deliver(b'', tlvs=b'\0\x1e\0'))
    yield 'addresses of 60,000 digits', pdu(DELIVER, deliver(
        b'', source=b'4' * 60000))
    yield 'UDH longer than the text', pdu(DELIVER, deliver(
        b'\xff\0\3\1\2', esm=0x40))
    yield 'an empty UDH', pdu(DELIVER, deliver(b'', esm=0x40))
    for command in KNOWN + [command | RESP for command in KNOWN] + [
            0, RESP, 0xdeadbeef]:
        if command == DELIVER or command == 0x06:   # told apart; unbind
            continue
        for name, body in ('no body', b''), ('0xff', b'\xff' * 40), (
                'zeros', b'\0' * 40):
            yield f'{command:#x} with {name}', pdu(command, body)
        yield f'{command:#x} refused', pdu(command, status=0x45)
    dice = random.Random(34)
    for number in range(60):
        body = dice.randbytes(dice.randrange(300))
        yield f'noise {number}', pdu(dice.choice(
            [DELIVER, DATA, 0x80000004, 0x80000009]), body)


class HostileSmsc(SmppServer):
    """After begin() it performs each act once, on whichever of its links is
    free. `hung` has the names of those after which nothing came."""

    def __init__(self):
        self.todo = queue.Queue()
        for name, octets in acts():
            self.todo.put((name, octets, False))
        for name, octets in lengths():
            self.todo.put((name, octets, True))
        self._begun = threading.Event()
        self.acts, self.done, self.hung = self.todo.qsize(), 0, []
        super().__init__()

    def begin(self):
        self._begun.set()

    def serve(self, link, reader):
        link.settimeout(HANGS)
        while (request := read(reader))[0] not in BINDS:
            pass
        link.sendall(pdu(request[0] | RESP, b'hostile\0', request[1]))
        self._begun.wait()
        while act := self._next():
            try:
                self._perform(link, reader, act)
            except TimeoutError:
                self.hung.append(act[0])
                raise
            finally:
                self.done += 1

    def _next(self):
        try:
            return self.todo.get(timeout=0.2)
        except queue.Empty:
            return None

    def _perform(self, link, reader, act):
        _, octets, out_of_step = act
        link.sendall(octets)
        if out_of_step:
            raise EOFError
        link.sendall(pdu(ENQUIRE_LINK, sequence=1))
        while read(reader)[:2] != (ENQUIRE_LINK | RESP, 1):
            pass
