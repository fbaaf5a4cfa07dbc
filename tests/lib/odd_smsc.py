"""An SMSC of the test's own, for answers that convoy-smsc would never give.

It takes every submit_sm and sends no receipt. What it answers to a cancel_sm
or query_sm the test decides, octet by octet.
"""

import threading
import time

from smpp_server import BINDS, ENQUIRE_LINK, RESP, SmppServer, pdu, read

SUBMIT, QUERY, CANCEL, NACK = 0x04, 0x03, 0x08, RESP


class Message:
    """A submit_sm that was taken. `addresses` are source and destination with
    their ton and npi, as octets."""

    def __init__(self, message_id, addresses):
        self.message_id, self.addresses = message_id, addresses
        self.digits = addresses[1][2].decode()


class OddSmsc(SmppServer):
    """`name(count)` gives the message id of each submit_sm. `refuse(digits,
    octets)` its status, by the first five of the receiver's digits and the
    octets that follow the source. `answer(command, message, sequence, times)`
    gives what is sent for a query_sm or cancel_sm about that message, asked
    the so manieth time: a list of octets, of seconds to wait between, and of
    None, where the connection is closed. `wrong` are requests that no submit_sm fits."""

    def __init__(self, name, refuse, answer):
        self.name, self.refuse, self.answer = name, refuse, answer
        self.messages, self.asked, self.wrong = {}, [], []
        self.count, self.lock = 0, threading.Lock()
        super().__init__()

    def serve(self, link, reader):
        while True:
            command, sequence, body = read(reader)
            self._take(link, command, sequence, body)

    def _take(self, link, command, sequence, body):
        if command in BINDS:
            link.sendall(pdu(command | RESP, b'odd\0', sequence))
        elif command == ENQUIRE_LINK:
            link.sendall(pdu(command | RESP, b'', sequence))
        elif command == SUBMIT:
            self._submit(link, sequence, body)
        elif command in (QUERY, CANCEL):
            self._asked(link, command, sequence, body)

    def _submit(self, link, sequence, body):
        _, body = text(body)                    # service_type
        source, body = address(body)
        with self.lock:
            self.count += 1
            message_id = self.name(self.count)
            message = Message(message_id, [source, address(body)[0]])
            status = self.refuse(message.digits[:5], body)
            if not status:
                self.messages[message_id] = message
        link.sendall(pdu(SUBMIT | RESP, b'' if status else
                         message_id + b'\0', sequence, status))

    def _asked(self, link, command, sequence, body):
        if command == CANCEL:
            _, body = text(body)
        message_id, body = text(body)
        source, body = address(body)
        addresses = [source] + ([address(body)[0]] if command == CANCEL
                                else [])
        with self.lock:
            message = self.messages.get(message_id)
            self.asked.append((command, message_id))
            times = self.asked.count((command, message_id))
            if message is None or \
                    addresses != message.addresses[:len(addresses)]:
                self.wrong.append((command, message_id, addresses))
        for act in self.answer(command, message, sequence, times):
            if act is None:
                raise EOFError
            if isinstance(act, bytes):
                link.sendall(act)
            else:
                time.sleep(act)


def text(body):
    """(octets up to the next NUL, rest)."""
    found, _, rest = body.partition(b'\0')
    return found, rest


def address(body):
    """((ton, npi, digits), rest)."""
    digits, rest = text(body[2:])
    return (body[0], body[1], digits), rest
