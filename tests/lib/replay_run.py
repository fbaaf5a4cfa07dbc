"""Replays a trace: brings up a sandbox in which the simulator plays the
recorded SMSC, sends the pushes, waits until nothing more can happen, and
keeps what there is to judge in a folder:

  run.json        what was replayed, how, and against what
  sent.jsonl      what convoy-replay says
  smsc.jsonl      the journal of the simulator
  database.json   the results and the ledger of Convoy
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from processes import Failure, wait_until
from replay_trace import digest_of
from settling import settle, smsc_owes
from testbed import Sandbox
from traces import BUILD, TOP

PROGRAM = os.path.join(BUILD, 'tests', 'replay', 'convoy-replay')
# Nobody but the collector may be notified, whatever a recorded push asks for.
NOTIFY = {'notify-allow': '"127.0.0.1 !0.0.0.0/0 !::/0"'}
OPTIONS = {'stock': ['--stock'], 'convoy': []}
FOR_EVER = 1e9          # seconds
TEMPORARY = (None, 0x08, 0x14, 0x58, 0x64)


def version():
    """Of this source, as git tells; None if it does not."""
    found = subprocess.run(['git', '-C', TOP, 'describe', '--always',
                            '--dirty'], capture_output=True, text=True)
    return found.stdout.strip() or None


class Sender:
    """A convoy-replay at work; what it has written so far."""

    def __init__(self, options, trace, out, speed):
        self.out, self.sent = out, None
        with open(out, 'w'):            # nothing of a run before this one
            pass
        self.process = subprocess.Popen(
            [PROGRAM, *options, '--speed', speed, '--out', out, trace])
        self._offset = 0

    def is_done(self):
        """Has the last push been answered?"""
        if self.sent is None:
            self._read()
        if self.sent is None and self.process.poll() is not None:
            raise Failure('convoy-replay has ended')
        return self.sent is not None

    def _read(self):
        with open(self.out) as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith('\n'):
                    break
                self._offset += len(line)       # it is ASCII
                if line.startswith('{"ev":"sent"'):
                    self.sent = json.loads(line)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


class Side:
    """One gateway; `trace` is a path. Options are those of Sandbox."""

    def __init__(self, name, trace, folder, options):
        self.name, self.trace, self.folder = name, trace, folder
        self.options = options
        self.begun = self.ended = None
        os.makedirs(folder, exist_ok=True)

    def enter(self, stack):
        keys = {'convoy': {}, **self.options.sandbox}
        convoy = {**keys.pop('convoy'), **NOTIFY}
        self.box = stack.enter_context(Sandbox(
            *OPTIONS[self.name], *keys.pop('options', []),
            '--trace', self.trace, '--trace-speed',
            '1' if self.options.speed == 'max' else self.options.speed,
            '--seed', str(self.options.seed), convoy=convoy, **keys))

    def begin(self, stack, progress):
        """The SMSC's time begins with that of the pushes."""
        self.box.smsc('trace begin')
        self.sender = Sender(['--sandbox', self.box.folder,
                              *([] if progress else ['--no-progress'])],
                             self.trace, f'{self.folder}/sent.jsonl',
                             self.options.speed)
        stack.callback(self.sender.end)
        self.begun = time.time()

    def is_settled(self):
        """True once nothing more can happen: the gateway owes no segment, and
        the SMSC no phone a message and the gateway no receipt."""
        return self.sender.is_done() and not (smsc_owes(self.box.smsc)
                                              or self._owes())

    def _owes(self):
        """Convoy says so itself; of stock the journal tells."""
        if hasattr(self.box, 'database'):
            return (self.box.database.live()
                    or self.box.database.notifications())
        self.box.journal.read()
        last = {(submit.dst, submit.message): submit.status
                for submit in self.box.journal.submits}
        return any(status in TEMPORARY for status in last.values())

    def finish(self, settled):
        """Keeps what there is, before everything goes down."""
        self.sender.end()
        shutil.copyfile(self.box.env['SMSC_JOURNAL'],
                        f'{self.folder}/smsc.jsonl')
        if hasattr(self.box, 'database'):
            with open(f'{self.folder}/database.json', 'w') as file:
                json.dump({'results': rows_of(self.box.database.results()),
                           'ledger': rows_of(self.box.database.ledger())},
                          file, default=str)
        with open(f'{self.folder}/run.json', 'w') as file:
            json.dump({'gateway': self.name, 'version': version(),
                       'trace': digest_of(self.trace),
                       'trace path': os.path.realpath(self.trace),
                       'seed': self.options.seed,
                       'speed': self.options.speed, 'begun': self.begun,
                       'ended': time.time(), 'settled': settled}, file,
                      indent=2)


@contextlib.contextmanager
def first_interrupt_is_the_senders():
    """Ctrl-C goes to them, too: it ends the sending, and the run goes on with
    what was sent. The second one ends all."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT,
                  lambda *_: signal.signal(signal.SIGINT, before))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def say(text):
    """Tells somebody who looks on."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def rows_of(rows):
    return [row._asdict() for row in rows]


def run(sides, wait):
    """Replays all sides at once; waits so many seconds after the last push
    at most."""
    with contextlib.ExitStack() as stack:
        for side in sides:
            side.enter(stack)
        for side in sides:
            side.begin(stack, side is sides[0])
        with first_interrupt_is_the_senders():
            wait_until(lambda: all(side.sender.is_done() for side in sides),
                       FOR_EVER, 'every push is sent')
        say('every push is answered; waiting until nothing is left to be '
            'done')
        for side, is_settled in zip(sides, settle(sides, wait)):
            side.finish(is_settled)
