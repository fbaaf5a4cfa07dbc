"""Replays examples of PAP (pap_example.py) against a running gateway, as a
Push Initiator of the plainest kind, and says where it did not keep to them."""

import collections
import concurrent.futures
import http.server
import queue
import socket
import threading
import urllib.parse

import push_initiator as pi
import wsp
from hostile import exchange
from pap_example import Values, difference, head_and_body, request
from processes import wait_until

PATIENCE = 30           # seconds for whatever must come


class Different(Exception):
    """The gateway did not do what the example says."""


class Notified:
    """Takes notifications. Each example has a path of its own, with the
    answers that it will give, then 202 and code 1000."""

    def __init__(self):
        self.answers = collections.defaultdict(collections.deque)
        self.received = collections.defaultdict(queue.Queue)
        self.lock = threading.Lock()    # of what replays share
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                document = self.rfile.read(
                    int(self.headers['Content-Length']))
                outer.received[self.path].put(
                    (self.headers['Content-Type'], document))
                outer.answer(self, document)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0),
                                                      Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def answer(self, handler, document):
        """Gives the next answer of the example, or the usual one."""
        answers = self.answers[handler.path]
        status, body = (answers.popleft() if answers else
                        (202, pi.acknowledgement(document)))
        handler.send_response(status)
        handler.send_header('Content-Type', 'application/xml')
        handler.send_header('Content-Length', str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Replay:
    """One example, once. `documents` are what the PPG sent."""

    def __init__(self, box, notified, example, turn):
        self.box, self.notified, self.example = box, notified, example
        self.values = Values(example, turn, notified.url)
        self.path = urllib.parse.urlsplit(
            self.values.known['NOTIFY']).path
        self.documents, self.answered = [], None
        self.restarted = False
        self.wrong = None

    def run(self):
        """Sets `wrong`, None or what went otherwise."""
        self.wrong = self._run()

    def _run(self):
        self._expect_answers()
        for number, (what, text) in enumerate(self.example.steps, 1):
            try:
                self._step(what, text)
            except (Different, OSError, ValueError, TimeoutError) as error:
                return f'{self.example}, step {number}, {what}: {error}'
        return self._unexpected()

    def _expect_answers(self):
        for what, text in self.example.steps:
            if what == 'the PI answers':
                first, _, body = head_and_body(self.values.fill(text))
                self.notified.answers[self.path].append(
                    (int(first.split()[1]), body.strip().encode()))

    def _step(self, what, text):
        words = what.split()
        if what == 'the PI sends':
            self._send(text)
        elif what == 'the PPG answers':
            self._check_answer(text)
        elif what == 'the PPG notifies':
            self._check_notification(text)
        elif what == 'nothing is notified':
            self._check_silence()
        elif words[:2] == ['the', 'phone']:
            self._check_phone(self.values.fill(words[2]), text)
        elif words[:2] == ['the', 'SMSC:']:
            self.box.smsc.plan(self.values.fill(
                what.removeprefix('the SMSC: ')).replace('=+', '=') + '\n')
        elif what in ('the SMSC waits', 'the SMSC goes on'):
            self.box.smsc('pause' if what.endswith('waits') else 'resume')
        elif what == 'the boxes are killed':
            kill_boxes(self.box)
        elif what == 'the boxes are started':
            start_boxes(self.box)
            self.restarted = True
        elif what != 'the PI answers':
            raise ValueError('no such step')

    def _send(self, text):
        url = urllib.parse.urlsplit(self.box.env['PPG_URL'])
        address = url.hostname, url.port
        octets = request(self.values.fill(text.replace(
            '{PATH}', url.path)), url.path, url.netloc)
        try:
            self.answered = exchange(address, octets, PATIENCE)
        except socket.timeout:
            self.answered = None
        if self.answered is None:
            raise Different('no answer')

    def _check_answer(self, text):
        first, _, expected = head_and_body(text.strip('\n'))
        status, document = self.answered
        if status != int(first.split()[1]):
            raise Different(f'HTTP status {status}, {document!r}')
        if expected:
            self._compare(expected, document)

    def _compare(self, expected, document):
        self.documents.append(document)
        wrong = difference(expected.strip(), document.decode(), self.values)
        if wrong:
            raise Different(wrong)

    def _check_notification(self, text):
        try:
            kind, document = self.notified.received[self.path].get(
                timeout=PATIENCE)
        except queue.Empty:
            raise Different('no notification came') from None
        if kind != 'application/xml':
            raise Different(f'Content-Type {kind}')
        self._compare(text, document)

    def _check_silence(self):
        wait_until(lambda: self.box.database.all_ended() and
                   not self.box.database.notifications(), PATIENCE,
                   'all has ended and was notified')
        if not self.notified.received[self.path].empty():
            raise Different('a notification came: '
                            f'{self.notified.received[self.path].get()}')

    def _check_phone(self, phone, text):
        def displays():
            with self.notified.lock:
                return [one for one in self.box.journal.read().displays
                        if one['dst'] == phone.lstrip('+')]
        if not text.strip():
            if displays():
                raise Different(f'it displays {displays()}')
            return
        wait_until(displays, PATIENCE, f'{phone} displays something')
        first = displays()[0]
        _, body = wsp.push_body(bytes.fromhex(first['payload']))
        decoded = wsp.decode_wbxml(body)
        if not wsp.same_document(decoded, self.values.fill(text).strip()):
            raise Different(f'it displays {decoded}')

    def _unexpected(self):
        """A notification that no step waited for; after a kill the last one
        may come again."""
        left = self.notified.received[self.path]
        if left.empty() or self.restarted:
            return None
        return f'{self.example}: another notification: {left.get()}'


def replay_all(box, notified, examples, turn):
    """Replays the examples; those that need the SMSC or the boxes for
    themselves after the others, which run side by side. Returns their Replays,
    each with `wrong`, None or what went otherwise."""
    replays = [Replay(box, notified, example, turn) for example in examples]
    alone = [one for one in replays
             if one.example.uses('SMSC') or one.example.uses('boxes')]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(Replay.run, (one for one in replays
                                   if one not in alone)))
    for one in alone:
        one.run()
    return replays


def kill_boxes(box):
    for name in 'bearerbox', 'wapbox':
        box.kill(name)


def start_boxes(box):
    """They are ready when it returns."""
    for name in 'bearerbox', 'wapbox':
        box.start(name)
