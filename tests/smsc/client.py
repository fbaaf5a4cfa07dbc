"""A small SMPP client and a handle on a running convoy-smsc, for its tests.

Written apart from the C sources, so that a mistake there is not repeated here.
"""

import json
import os
import resource
import select
import socket
import struct
import subprocess
import time

TIMEOUT = 10            # seconds that any single thing may take

# command_status
OK, MSGLEN, CMDLEN, CMDID, BNDSTS, ALYBND = 0, 1, 2, 3, 4, 5
INVMSGID, CANCELFAIL, THROTTLED = 0x0c, 0x11, 0x58

BIND = {'receiver': 1, 'transmitter': 2, 'transceiver': 9}
SUBMIT, DELIVER, QUERY, CANCEL = 0x04, 0x05, 0x03, 0x08
UNBIND, ENQUIRE_LINK, NACK, RESP = 0x06, 0x15, 0x80000000, 0x80000000


def binary():
    """The simulator: $CONVOY_SMSC, or the one that tests/check built, or the one
    built below the working folder."""
    top = os.path.dirname(os.path.abspath(__file__)) + '/../..'
    places = ['tests/smsc/convoy-smsc',
              top + '/build/convoy/tests/smsc/convoy-smsc']
    return os.environ.get('CONVOY_SMSC') or next(
        (place for place in places if os.path.exists(place)), places[0])


def cstring(text):
    return (text if isinstance(text, bytes) else text.encode()) + b'\0'


def address(digits, ton=1, npi=1):
    return bytes([ton, npi]) + cstring(digits)


def pdu(command, sequence, body=b'', status=0):
    return struct.pack('>IIII', 16 + len(body), command, status,
                       sequence) + body


def part_header(reference, part, total, wide=False, ports=True):
    """The user data header of one part of a push."""
    elements = struct.pack('>BBHH', 5, 4, 2948, 9200) if ports else b''
    elements += (struct.pack('>BBHBB', 8, 4, reference, total, part) if wide
                 else struct.pack('BBBBB', 0, 3, reference, total, part))
    return bytes([len(elements)]) + elements


def submit_body(message=b'hello', dst='4670000001', src='100', esm=None,
                registered=1, validity='', schedule='', coding=4, priority=0,
                udh=b'', tlvs=b'', service=''):
    if esm is None:
        esm = 0x40 if udh else 0
    message = udh + message
    return (cstring(service) + address(src) + address(dst)
            + bytes([esm, 0, priority]) + cstring(schedule)
            + cstring(validity) + bytes([registered, 0, coding, 0,
                                         len(message)]) + message + tlvs)


def push(client, reference, total, order=None, dst='4670000001', **fields):
    """Submit the parts of one push; the answers."""
    return [client.submit(b'%d.' % part, dst=dst,
                          udh=part_header(reference, part, total, **fields))
            for part in order or range(1, total + 1)]


class Pdu:
    def __init__(self, data):
        (self.length, self.command, self.status,
         self.sequence) = struct.unpack('>IIII', data[:16])
        self.body = data[16:]

    @property
    def message_id(self):
        return self.body.split(b'\0')[0].decode()

    def deliver(self):
        """The fields of a deliver_sm as a dict; TLVs by tag."""
        at, fields = 0, {}

        def text():
            nonlocal at
            end = self.body.index(b'\0', at)
            value, at = self.body[at:end].decode(), end + 1
            return value
        text()
        at += 2
        fields['src'] = text()
        at += 2
        fields['dst'] = text()
        fields['esm'] = self.body[at]
        at += 3
        text()
        text()
        at += 5
        size = self.body[at - 1]
        fields['text'] = self.body[at:at + size].decode()
        at += size
        fields['tlv'] = {}
        while at < len(self.body):
            tag, size = struct.unpack('>HH', self.body[at:at + 4])
            fields['tlv'][tag] = self.body[at + 4:at + 4 + size]
            at += 4 + size
        return fields


class Client:
    """One connection. Answers each deliver_sm with `answer_with`, a
    command_status, as soon as it is read; not at all if that is None."""

    def __init__(self, port, mode='transceiver', system_id='gw'):
        self.socket = socket.create_connection(('127.0.0.1', port), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.sequence = b'', 0
        self.inbox, self.ended = [], False
        self.answer_with = 0
        if mode:
            self.bound = self.bind(mode, system_id)

    def send(self, data):
        self.socket.sendall(data)

    def request(self, command, body=b''):
        """Send and return the sequence number."""
        self.sequence += 1
        self.send(pdu(command, self.sequence, body))
        return self.sequence

    def pump(self, timeout=0):
        """Take in what has come, waiting a while if it is nothing."""
        if self.ended or not select.select([self.socket], [], [],
                                           timeout)[0]:
            return
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b''
        self.ended = not data
        self.buffer += data
        while len(self.buffer) >= 4:
            size = struct.unpack('>I', self.buffer[:4])[0]
            if len(self.buffer) < size:
                break
            self.take(Pdu(self.buffer[:size]))
            self.buffer = self.buffer[size:]

    def take(self, got):
        self.inbox.append(got)
        if got.command == DELIVER and self.answer_with is not None:
            try:
                self.send(pdu(DELIVER | RESP, got.sequence, b'\0',
                              self.answer_with))
            except OSError:
                pass            # the link is lost, as reading will show

    def read(self, wanted=lambda got: True, timeout=TIMEOUT):
        """The first PDU that is wanted; None if the server closed."""
        deadline = time.monotonic() + timeout
        while True:
            for got in self.inbox:
                if wanted(got):
                    self.inbox.remove(got)
                    return got
            if self.ended:
                return None
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError('no such PDU within %s s' % timeout)
            self.pump(left)

    def silent(self, seconds=0.1):
        """Whether no PDU comes, nor the end, for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.pump(max(0, deadline - time.monotonic()))
        return not self.inbox and not self.ended

    def closes(self):
        """Whether the server closes the link; what it still sent is lost."""
        while not self.ended:
            self.inbox.clear()
            self.read()
        return True

    def wait(self, sequence):
        """The answer with that sequence number; None if the link closed."""
        return self.read(lambda got: got.command & RESP
                         and got.sequence == sequence)

    def delivery(self):
        """The next deliver_sm, decoded."""
        got = self.read(lambda got: got.command == DELIVER)
        return got and got.deliver()

    def bind(self, mode='transceiver', system_id='gw'):
        body = (cstring(system_id) + cstring('secret') + cstring('')
                + bytes([0x34, 0, 0]) + cstring(''))
        return self.wait(self.request(BIND[mode], body))

    def submit(self, *args, **fields):
        return self.wait(self.request(SUBMIT, submit_body(*args, **fields)))

    def cancel(self, message_id, src='100', dst='4670000001'):
        return self.wait(self.request(CANCEL, cstring('')
                                      + cstring(message_id) + address(src)
                                      + address(dst)))

    def query(self, message_id, src='100'):
        return self.wait(self.request(QUERY, cstring(message_id)
                                      + address(src)))

    def close(self):
        self.ended = True
        self.socket.close()


class Smsc:
    """A running simulator in a folder of its own. While it is waited for, its
    clients go on reading and answering."""

    running = []

    def __init__(self, folder, plan='', seed=1, max_files=None, **options):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.journal = os.path.join(folder, 'journal')
        self.read_up_to, self.events, self.clients = 0, [], []
        self.plan_file = self.write_plan(plan)
        port_file = os.path.join(folder, 'port')
        arguments = [binary(), '--journal', self.journal, '--port-file',
                     port_file, '--plan', self.plan_file, '--seed', str(seed),
                     '--control', os.path.join(folder, 'control')]
        for name, value in options.items():
            arguments += ['--' + name.replace('_', '-'), str(value)]
        self.process = subprocess.Popen(
            arguments, preexec_fn=max_files and (lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (max_files, max_files))))
        Smsc.running.append(self)
        self.until(lambda: os.path.exists(port_file)
                   or self.process.poll() is not None, 'the port file')
        with open(port_file) as file:
            self.port = int(file.read())

    def write_plan(self, text, name='plan'):
        path = os.path.join(self.folder, name)
        with open(path, 'w') as file:
            file.write(text)
        return path

    def client(self, *args, **options):
        self.clients.append(Client(self.port, *args, **options))
        return self.clients[-1]

    def pump(self):
        for client in self.clients:
            client.pump()

    def until(self, condition, what):
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError('waited in vain for ' + what)
            self.pump()
            select.select([c.socket for c in self.clients if not c.ended],
                          [], [], 0.005)

    def control(self, command):
        """Send one command, return its answer."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(os.path.join(self.folder, 'control'))
            control.sendall(command.encode() + b'\n')
            self.until(lambda: select.select([control], [], [], 0)[0],
                       'the answer to ' + command[:60])
            return json.loads(control.makefile().readline())

    def plan(self, text):
        return self.control('plan ' + self.write_plan(text, 'next-plan'))

    def written(self, event, **fields):
        """The events of that name in the file whose fields are as given."""
        with open(self.journal) as file:
            file.seek(self.read_up_to)
            while True:
                line = file.readline()
                if not line.endswith('\n'):
                    break
                self.events.append(json.loads(line))
                self.read_up_to = file.tell()
        return [e for e in self.events if e['ev'] == event and all(
            e.get(name) == value for name, value in fields.items())]

    def all(self, event, **fields):
        """The same, with all that has happened so far."""
        if self.process.poll() is None:
            self.control('stats')
        return self.written(event, **fields)

    def wait(self, event, count=1, **fields):
        """The count-th such event, waiting for it."""
        self.until(lambda: len(self.written(event, **fields)) >= count,
                   '%d %s %s' % (count, event, fields))
        return self.written(event, **fields)[count - 1]

    def displayed(self):
        """The payloads that phones displayed, in their order."""
        return [bytes.fromhex(e['payload']) for e in self.all('display')]

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.terminate()
        code = self.process.wait(TIMEOUT)
        Smsc.running.remove(self)
        for client in self.clients:
            client.close()
        return code
