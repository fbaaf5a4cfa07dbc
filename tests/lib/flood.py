"""Clients that want too much of the PPG, many at once, as a program of its own
so that they do not slow the Push Initiator beside them:

  flood.py KIND HOST PORT PATH CLIENTS SECONDS

It prints one line of JSON: how many connections were made, failed, were ended
by the server or, once they had an answer, by the client, how many octets were
sent, how many clients had an answer, how many of these a 4001, and the most
seconds that one waited for it.
"""

import errno
import itertools
import json
import os
import resource
import selectors
import socket
import subprocess
import sys
import time

import hostile
import push_initiator as pi
import pushes

HEAD = b'POST %s HTTP/1.1\r\nHost: ppg\r\nContent-Type: text/plain\r\n'
OPENING = 10        # connections that are opened before the others are served
PATIENCE = 60       # seconds more until all clients have come


def nothing(path):
    """Connects and is silent."""
    while True:
        yield b''


def drip(path):
    """Never ends its headers: an octet at a time."""
    yield HEAD % path + b'X: '
    while True:
        yield b'x'


def head(path):
    """A header line without end."""
    yield HEAD % path + b'X: '
    while True:
        yield b'x' * 16384


def body(path):
    """Most of a body as large as is taken, and no more."""
    yield HEAD % path + b'Content-Length: 1000000\r\n\r\n'
    for _ in range(60):
        yield b'x' * 16384
    while True:
        yield b''


def huge(path):
    """A body of a gigabyte."""
    yield HEAD % path + b'Content-Length: 1000000000\r\n\r\n'
    while True:
        yield b'x' * 16384


def deaf(path):
    """Request after request, and reads no answer."""
    while True:
        yield HEAD % path + b'Content-Length: 5\r\n\r\nhello'


BOMBS = itertools.cycle(document for _, document in hostile.bombs()
                        if len(document) < 120_000)


def bombs(path):
    """A document that is small to send and large to read."""
    yield post(path, next(BOMBS))
    while True:
        yield b''


def post(path, body):
    return (b'POST %s HTTP/1.1\r\nHost: ppg\r\nContent-Type: %s\r\n'
            b'Content-Length: %d\r\n\r\n' % (path, pi.CONTENT_TYPE.encode(),
                                             len(body))) + body


def push(path):
    """One good push, all at once, to a phone of its own."""
    some = pushes.Push('', 1)
    some.receiver = f'+4679{some.number:07}'
    some.document = pi.service_indication('http://pi.example/', 'flood')
    some.push_id = f'flood-{os.getpid()}-{some.number}@pi.example.com'
    yield post(path, some.body(None))
    while True:
        yield b''


# Seconds between two writes of one client.
PAUSES = {'nothing': 1, 'drip': 0.2}

# Whoever has an answer makes room for another.
AGAIN = {'bombs'}


class Client:
    def __init__(self, flood, kind):
        self.flood, self.pieces = flood, kind(flood.path)
        self.left, self.answered, self.due = b'', False, 0
        self.begun = time.monotonic()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(flood.address)
        flood.selector.register(self.socket, selectors.EVENT_WRITE, self)
        self.connected = False

    def end(self, how):
        self.flood.counts[how] += 1
        self.flood.selector.unregister(self.socket)
        self.socket.close()
        self.flood.clients.discard(self)

    def handle(self, events):
        if not self.connected:
            if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return self.end('failed')
            self.connected = True
            self.flood.counts['made'] += 1
            self.rest()
        if events & selectors.EVENT_READ and not self.flood.deaf:
            try:
                octets = self.socket.recv(4096)
            except OSError:
                octets = b''
            if not octets:
                return self.end('ended')
            self.take(octets)
            if self.flood.again:
                self.flood.opened -= 1
                return self.end('done')
        if events & selectors.EVENT_WRITE:
            self.write()
        return None

    def take(self, octets):
        counts = self.flood.counts
        counts['unavailable'] += b'code="4001"' in octets
        if not self.answered:
            self.answered = True
            counts['answered'] += 1
            counts['wait'] = max(counts['wait'],
                                 time.monotonic() - self.begun)

    def rest(self):
        self.listen(selectors.EVENT_READ)

    def listen(self, events):
        self.flood.selector.modify(self.socket, events, self)

    def write(self):
        self.left = self.left or next(self.pieces)
        if not self.left or self.flood.pause:
            self.rest()
        try:
            sent = self.socket.send(self.left) if self.left else 0
        except OSError as error:
            if error.errno != errno.EAGAIN:
                self.end('ended')
            return
        self.flood.counts['octets'] += sent
        self.left = self.left[sent:]


class Flood:
    def __init__(self, kind, host, port, path, clients, seconds):
        self.address, self.path = (host, int(port)), path.encode()
        self.kind, self.wanted = globals()[kind], int(clients)
        self.pause, self.deaf = PAUSES.get(kind, 0), kind == 'deaf'
        self.again = kind in AGAIN
        self.until = time.monotonic() + float(seconds)
        self.selector, self.clients = selectors.EpollSelector(), set()
        self.counts = dict(made=0, failed=0, ended=0, done=0, octets=0,
                           answered=0, unavailable=0, wait=0)
        self.opened = 0

    def wake(self, now):
        for client in list(self.clients):
            if client.connected and client.due <= now:
                client.due = now + (self.pause or 0.05)
                client.listen(selectors.EVENT_READ | selectors.EVENT_WRITE)

    def goes_on(self, now):
        come = self.counts['made'] + self.counts['failed']
        return now < self.until or (come < self.wanted and
                                    now < self.until + PATIENCE)

    def run(self):
        woken = 0
        while self.goes_on(now := time.monotonic()):
            for _ in range(min(OPENING, self.wanted - self.opened)):
                self.clients.add(Client(self, self.kind))
                self.opened += 1
            for key, events in self.selector.select(0.02):
                key.data.handle(events)
            if now - woken > 0.05:
                woken = now
                self.wake(now)
        return self.counts


class Running:
    """A flood beside the test. `counts` are there after result(). It comes
    from elsewhere, so it leaves the machine to the PPG and the PI first."""

    def __init__(self, kind, address, path, clients, seconds):
        self.process = subprocess.Popen(
            [sys.executable, '-B', os.path.realpath(__file__), kind,
             address[0], str(address[1]), path, str(clients), str(seconds)],
            stdout=subprocess.PIPE, preexec_fn=lambda: os.nice(10))

    def result(self):
        output, _ = self.process.communicate(timeout=120)
        return json.loads(output)


if __name__ == '__main__':
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps(Flood(*sys.argv[1:]).run()))
