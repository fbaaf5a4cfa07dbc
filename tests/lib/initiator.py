"""A Push Initiator for thousands of pushes: it pushes many at a time over
connections that it keeps, and takes the result notifications.

It runs in a thread with an event loop of its own; the test looks at what it
has gathered, and waits on that.
"""

import asyncio
import base64
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET

import push_initiator as pi
from http_stream import Broken, message, read_message
from pap_dtd import Documents

BROKEN = (OSError, Broken, EOFError, asyncio.IncompleteReadError,
          asyncio.TimeoutError)
ANSWER = 60         # seconds within which an answer must come
AGAIN = 0.2         # seconds before a push is repeated


class Batch:
    """Pushes on their way: `done` counts those that have their answer."""

    def __init__(self, pushes):
        self.pushes, self.done = pushes, 0
        self._future = None

    def result(self, seconds=300):
        """Waits until all have been answered; returns the pushes."""
        self._future.result(seconds)
        return self.pushes

    @property
    def running(self):
        return not self._future.done()


class Initiator:
    """`received` are the notifications (push_initiator.result() of each, with
    `at`, the time, and `status`, the answer that it was given), in order.
    With `user`, a name and a password, it says who it is.
    Whatever the gateway sends it has to fit its DTD, or the test fails.
    `treat` may be set to a function that is given a notification and returns
    (HTTP status, seconds to wait before it or a function that is true when it
    is time), or None to close the connection without an answer; `acknowledge`
    to one that makes the body of the answer from the document. `connections`
    counts those that came. With `tls`, an ssl.SSLContext, it is notified over
    https."""

    def __init__(self, ppg_url, user=None, tls=None):
        self.ppg = urllib.parse.urlsplit(ppg_url)
        self.headers = {}
        if user:
            word = base64.b64encode(':'.join(user).encode()).decode()
            self.headers['Authorization'] = f'Basic {word}'
        self.received, self.treat = [], None
        self.documents = Documents()
        self.acknowledge, self.connections = pi.acknowledgement, 0
        self._tls, self._writers = tls, set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever,
                                        daemon=True)
        self._thread.start()
        self.port = 0
        self.come()
        self.port = self._server.sockets[0].getsockname()[1]
        scheme = 'https' if tls else 'http'
        self.notify_url = f'{scheme}://127.0.0.1:{self.port}/result'

    def come(self):
        """It listens (again)."""
        self._server = self._call(asyncio.start_server(
            self._serve, '127.0.0.1', self.port, backlog=512,
            ssl=self._tls)).result(10)

    def go_away(self):
        """It does not listen any more, and drops all connections."""
        async def away():
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
        self._call(away()).result(10)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self._call(self._close()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        invalid = kind is None and self.documents.invalid()
        if invalid:
            raise ValueError('\n'.join(['not as the DTD of PAP has it:',
                                        *invalid]))

    async def _close(self):
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    # --- pushing ------------------------------------------------------------

    def begin(self, pushes, at_a_time=20, until_accepted=False, notify=True,
              spread=0):
        """Begins to push; returns a Batch. With until_accepted a push is
        repeated, under the same push-id, as long as the connection breaks or
        the answer is 4001, as a PI does. The pushes begin evenly over
        `spread` seconds, or each as soon as one of at_a_time is free."""
        batch = Batch(list(pushes))
        batch._future = self._call(self._push_all(
            batch, at_a_time, until_accepted,
            self.notify_url if notify else None, spread))
        return batch

    def push(self, pushes, *options, seconds=300, **keys):
        """Pushes and waits for all answers; returns the pushes."""
        return self.begin(pushes, *options, **keys).result(seconds)

    async def _push_all(self, batch, at_a_time, until_accepted, notify_url,
                        spread):
        waiting = iter(enumerate(batch.pushes))
        begun = time.monotonic()

        async def worker():
            connection = None
            for number, push in waiting:
                turn = begun + number * spread / len(batch.pushes)
                if spread:
                    await asyncio.sleep(turn - time.monotonic())
                body = push.body(notify_url)
                while True:
                    connection = await self._push_one(push, body, connection)
                    if not until_accepted or push.code not in (None, 4001):
                        break
                    await asyncio.sleep(AGAIN)
                batch.done += 1
            if connection:
                connection[1].close()
        await asyncio.gather(*(worker() for _ in range(
            min(at_a_time, len(batch.pushes)))))

    async def _push_one(self, push, body, connection):
        """One exchange; returns the connection if it can be used again. One
        that was kept may have been closed meanwhile: that is tried again."""
        begun = time.monotonic()
        kept = connection is not None
        try:
            if not kept:
                connection = await asyncio.open_connection(
                    self.ppg.hostname, self.ppg.port)
            reader, writer = connection
            writer.write(message(
                f'POST {self.ppg.path} HTTP/1.1', body,
                {'Host': self.ppg.netloc, 'Content-Type': pi.CONTENT_TYPE,
                 **self.headers, **push.headers}))
            first, headers, document = await asyncio.wait_for(
                read_message(reader), ANSWER)
            push.http = int(first.split()[1])
            code, push.desc = pi.response(document)
            self.documents.add(document)
        except BROKEN:
            if connection:
                connection[1].close()
            if kept:
                return await self._push_one(push, body, None)
            push.codes.append(None)
            return None
        push.answered = time.time()
        push.seconds = time.monotonic() - begun
        push.codes.append(code)
        if headers.get('connection', '').lower() == 'close':
            writer.close()
            return None
        return connection

    # --- asking ---------------------------------------------------------------

    def ask(self, kind, push, addresses=(), version='1.0'):
        """A statusquery or a cancel of a push, or of a push-id: its results,
        as push_initiator.findings(). Raises ValueError for another answer."""
        push_id = push if isinstance(push, str) else push.push_id
        _, document = pi.post(
            self.ppg.geturl(),
            pi.inquiry(kind, push_id, addresses, version),
            {'Content-Type': 'application/xml', **self.headers})
        self.documents.add(document)
        message = ET.fromstring(document).find(f'{kind}-response')
        if message is None or message.get('push-id') != push_id:
            raise ValueError(document.decode(errors='replace'))
        return pi.findings(document)

    # --- being notified -----------------------------------------------------

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                _, headers, document = await read_message(reader)
                if not await self._answer(writer, document):
                    break
        except BROKEN:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, writer, document):
        notification = pi.result(document)
        notification['at'] = time.time()
        self.documents.add(document)
        treatment = self.treat(notification) if self.treat else (202, 0)
        notification['status'] = treatment and treatment[0]
        if treatment:
            await self._wait(treatment[1])
        if writer.is_closing():
            notification['status'] = None       # it does not get there
        self.received.append(notification)
        if treatment is None or writer.is_closing():
            return False
        body = self.acknowledge(document)
        writer.write(message(f'HTTP/1.1 {treatment[0]} X', body,
                             {'Content-Type': 'application/xml'}))
        await writer.drain()
        return True

    @staticmethod
    async def _wait(until):
        if not callable(until):
            return await asyncio.sleep(until)
        while not until():
            await asyncio.sleep(0.02)

    def notified(self):
        """The push-ids whose notification was acknowledged with 2xx."""
        return {one['push-id'] for one in list(self.received)
                if one['status'] and 200 <= one['status'] < 300}

    def received_of(self, some):
        """The notifications of these pushes, acknowledged or not."""
        ids = {push.push_id for push in some}
        return [one for one in list(self.received) if one['push-id'] in ids]
