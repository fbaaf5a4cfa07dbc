"""SMSCs that do not speak SMPP, for the drivers that send segments otherwise:
one behind HTTP, a CIMD 2 server, and a client of the driver `fake`.

Each keeps a Journal as convoy-smsc does, so that the same checks judge what
it was given.
"""

import http.server
import socket
import threading
import time
import urllib.parse
import urllib.request

from journal import Journal


def concatenation(udh):
    """(reference, part, total) of a UDH; None for each without one."""
    position = 1
    while position + 2 <= len(udh):
        kind, length = udh[position:position + 2]
        data = udh[position + 2:position + 2 + length]
        if kind == 0 and length == 3:
            return data[0], data[2], data[1]
        position += 2 + length
    return None, None, None


class Record(Journal):
    """A journal that is written to directly; threads may."""

    def __init__(self):
        super().__init__(None)
        self.lock, self.count = threading.Lock(), 0

    def read(self):
        return self

    def _event(self, **event):
        self.number += 1
        self._take(dict(event, t=time.time()))

    def submit(self, receiver, udh, data, validity=None):
        """A segment arrives; returns its Submit."""
        reference, part, total = concatenation(udh)
        with self.lock:
            self.count += 1
            self._event(ev='submit', seq=self.count, link=1, dst=receiver,
                        ref=reference, part=part, total=total,
                        message=(udh + data).hex(), validity=validity,
                        priority=None)
            return self.submits[-1]

    def answer(self, submit, status, message_id=None):
        """It is answered; status None: not, or so that nobody knows."""
        with self.lock:
            seq = next(seq for (_, seq), one in self._open.items()
                       if one is submit)
            self._event(ev='noanswer' if status is None else 'answer',
                        seq=seq, link=1, status=status,
                        message_id=message_id)


class HttpSmsc:
    """`treat` is given each Submit and its query, and returns (body, status):
    what is answered (None: the connection is closed instead) and what that
    means for the journal. `report` is then called with the same, if the
    status is 0."""

    def __init__(self, treat, report=lambda submit, query: None):
        self.journal = Record()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                query = dict(urllib.parse.parse_qsl(
                    urllib.parse.urlsplit(self.path).query, True,
                    encoding='latin-1'))
                # a + for itself or, not encoded, for a space
                submit = outer.journal.submit(
                    query['to'].strip('+ '), query['udh'].encode('latin-1'),
                    query['text'].encode('latin-1'), query.get('validity'))
                body, status = treat(submit, query)
                outer.journal.answer(submit, status, str(submit.number))
                if body is None:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())
                if status == 0:
                    report(submit, query)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

        self.server = Server(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/send'

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def tell(url, **query):
    """GETs a URL, with this query if any: how an HTTP SMSC sends a
    receipt."""
    if query:
        url += '?' + urllib.parse.urlencode(query)
    urllib.request.urlopen(url, timeout=10).close()


class FakeSmsc:
    """A client of a `smsc = fake` link on this port."""

    def __init__(self, port):
        self.journal = Record()
        self.socket = socket.create_connection(('127.0.0.1', port), 10)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.socket.close()

    def _read(self):
        try:
            for line in self.socket.makefile('rb'):
                self._take(line.split())
        except ConnectionResetError:    # bearerbox has gone
            pass

    def _take(self, words):
        """sender receiver udh U data D"""
        octets = dict(zip(words[2::2], map(
            urllib.parse.unquote_to_bytes,
            (word.replace(b'+', b' ') for word in words[3::2]))))
        submit = self.journal.submit(words[1].decode(), octets[b'udh'],
                                     octets[b'data'])
        self.journal.answer(submit, 0, str(submit.number))


class Cimd2Smsc:
    """A CIMD 2 server for one link. As the protocol has it, the moment of its
    acceptance and the receiver together name a message: all receivers have
    the same moments. `treat` is given each Submit and returns the code of its
    refusal (None: it is accepted) and the status of its receipt (4 delivered,
    3 failed)."""

    LOGIN, SUBMIT, RECEIPT, ALIVE, ANSWER = 1, 3, 23, 40, 50
    RECEIVER, UDH, DATA, VALIDITY = 21, 32, 34, 50
    MOMENT, STATUS, ERROR = 60, 61, 900

    def __init__(self, treat):
        self.journal, self.treat = Record(), treat
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.moments, self.sequence = {}, 0
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _serve(self):
        link, _ = self.socket.accept()
        text = b''
        with link:
            while octets := link.recv(65536):
                *packets, text = (text + octets).split(b'\x03')
                for packet in packets:
                    self._take(link, packet.decode('latin-1'))

    def _take(self, link, packet):
        head, *fields = packet.lstrip('\x02').split('\t')
        operation, sequence = map(int, head.split(':'))
        if operation >= self.ANSWER:
            return                      # to a receipt
        given = {int(name): value for name, value in
                 (field.split(':', 1) for field in fields if ':' in field)}
        if operation != self.SUBMIT:
            self._send(link, operation + self.ANSWER, sequence)
            return
        submit = self.journal.submit(given[self.RECEIVER],
                                     bytes.fromhex(given[self.UDH]),
                                     bytes.fromhex(given[self.DATA]),
                                     given.get(self.VALIDITY))
        self._answer(link, sequence, submit)

    def _answer(self, link, sequence, submit):
        error, status = self.treat(submit)
        if error is not None:
            self.journal.answer(submit, error)
            self._send(link, self.SUBMIT + self.ANSWER, sequence,
                       {self.ERROR: error})
            return
        count = self.moments[submit.dst] = self.moments.get(submit.dst, 0) + 1
        given = {self.RECEIVER: submit.dst,
                 self.MOMENT: f'0611241200{count:02}'}
        self.journal.answer(submit, 0, given[self.MOMENT])
        self._send(link, self.SUBMIT + self.ANSWER, sequence, given)
        self._send(link, self.RECEIPT, self.sequence,
                   {**given, self.STATUS: status})
        self.sequence = (self.sequence + 2) % 256

    @staticmethod
    def _send(link, operation, sequence, given=None):
        fields = ''.join(f'{name:03}:{value}\t'
                         for name, value in (given or {}).items())
        link.sendall(f'\x02{operation:02}:{sequence:03}\t{fields}\x03'
                     .encode())
