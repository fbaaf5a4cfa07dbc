"""Runs a schedule of tests/chaos on the real stack and brings home what the
judge needs: what the SMSC, the Push Initiator and the views of the database
say, and what was done to whom, when.

Every event runs in a thread of its own and notes its effect in the history.
What a box does by itself meanwhile - ending, above all - is noted by a watch,
which starts it again as an operator's supervisor would.
"""

import glob
import os
import signal
import threading
import time
import traceback
from collections import defaultdict
from dataclasses import dataclass, field

import processes
import psycopg2
from chaos_faults import STOP, Faults
from convoytest import Initiator, Sandbox
from processes import Failure, wait_until
from stack import Stack, is_ready

PATIENCE = 100      # seconds within which every group must have ended
WATCH = 0.1         # seconds between two looks at the boxes
READY = 40          # seconds within which all are ready when all is healed
AGAIN = 1.0         # and between two starts of one that does not come up



@dataclass
class Life:
    """One process of the stack, from its start to its end. `how` it ended:
    'kill', 'stop', 'by itself'; None while it runs."""
    name: str
    begin: float
    end: float = float('inf')
    how: str = None
    said: str = ''


@dataclass
class Evidence:
    """Times are seconds since the epoch; `begin` is that of the schedule."""
    schedule: object
    begin: float = 0.0
    lives: list = field(default_factory=list)
    history: list = field(default_factory=list)     # (from, to, what, target)
    wrong: list = field(default_factory=list)       # (invariant, text)
    pushes: list = field(default_factory=list)
    received: list = field(default_factory=list)
    results: list = field(default_factory=list)
    ledger: list = field(default_factory=list)
    alive: list = field(default_factory=list)       # groups that never ended
    logs: dict = field(default_factory=dict)
    journal: object = None


class Run:
    """What events act on. `lives` by name are the processes that run now."""

    def __init__(self, schedule, box, pi):
        self.schedule, self.box, self.pi = schedule, box, pi
        self.stack = Stack.load(box.folder)
        self.evidence = Evidence(schedule, journal=box.journal)
        self.lives, self.wanted, self.again = {}, set(), {}
        self.lock = threading.RLock()
        self.lanes = defaultdict(threading.Lock)
        for name in self.stack.programs:
            self._born(name, 0)
        # smsbox is not under test, and ends when its bearerbox does.
        self.wanted = set(self.lives) - {'smsbox'}

    # --- processes ----------------------------------------------------------

    def _born(self, name, begin=None):
        life = Life(name, time.time() if begin is None else begin)
        self.lives[name] = life
        self.evidence.lives.append(life)

    def _died(self, name, how):
        life = self.lives.pop(name, None)
        if life:
            life.end, life.how = time.time(), how
            if how == 'by itself':
                life.said = self.stack.last_line(name)

    def launch(self, name):
        """Starts NAME, and does not wait until it is ready."""
        with self.lock:
            self.stack.launch(name)
            self._born(name)
            self.wanted.add(name)

    def end(self, name, signum, how, seconds):
        """Signals NAME and waits for its end; what does not end in time is
        killed, and wrong."""
        with self.lock:
            self.wanted.discard(name)
            pids = processes.main_processes(self.stack.folder, name)
            self._died(name, how)
        processes.send(pids, signum)
        try:
            wait_until(lambda: not processes.find(self.stack.folder, name),
                       seconds, f'{name} has not ended')
        except Failure as failure:
            self.wrong('shutdown', str(failure))
            processes.send(processes.find(self.stack.folder, name),
                           signal.SIGKILL)

    def signal_all(self, name, signum):
        processes.send(processes.find(self.stack.folder, name), signum)

    def watch(self):
        """Notes who ended without being told to, and starts it again."""
        with self.lock:
            for name in list(self.wanted):
                if processes.find(self.stack.folder, name):
                    continue
                self._died(name, 'by itself')
                if time.monotonic() > self.again.get(name, 0):
                    self.again[name] = time.monotonic() + AGAIN
                    self.launch(name)

    # --- notes --------------------------------------------------------------

    def wrong(self, invariant, text):
        print(f'{time.time():.3f} {invariant}: {text}', flush=True)
        self.evidence.wrong.append((invariant, text))

    def say(self, what):
        """Progress, for who waits in front of a screen."""
        print(f'{time.time() - self.evidence.begin:6.1f} s  {what}',
              flush=True)

    def note(self, begin, what, target):
        self.evidence.history.append((begin, time.time(), what, target))

    # --- the run ------------------------------------------------------------

    def perform(self):
        """Everything on schedule, until the last event is over."""
        self.evidence.begin = time.time()
        faults = Faults(self)
        threads = [threading.Thread(target=self._event, args=(faults, event))
                   for event in self.schedule.events]
        threads.append(threading.Thread(target=self._push))
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.watch()
            time.sleep(WATCH)

    def _sleep_until(self, at):
        time.sleep(max(0, self.evidence.begin + at - time.time()))

    def _event(self, faults, event):
        self._sleep_until(event.at)
        with self.lanes[event.lane]:    # one before it may have taken longer
            self._perform(faults, event)

    def _perform(self, faults, event):
        begin = time.time()
        try:
            faults.perform(event)
        except (OSError, ValueError, Failure, psycopg2.Error) as error:
            # What is already broken may keep the next fault from happening.
            event.detail += f' [{error}]'
            print(event, flush=True)
        except Exception:
            self.wrong('test', traceback.format_exc())
        self.note(begin, f'cut {event.detail}' if event.what == 'cut'
                  else event.what, event.target)

    def _push(self):
        for at, push in self.schedule.pushes:
            self._sleep_until(at)
            for name, offset in (('before', push.before),
                                 ('after', push.after)):
                if offset:
                    moment = int(self.evidence.begin + offset)
                    setattr(push, name, moment)
                    push.control[f'deliver_{name}_timestamp'] = \
                        time.strftime('%Y-%m-%dT%H:%M:%SZ',
                                      time.gmtime(moment))
            self.evidence.pushes.append(push)
            push.batch = self.pi.begin([push], until_accepted=True)

    # --- the end ------------------------------------------------------------

    def heal(self):
        """All faults are over: every program runs, the SMSC is sound."""
        self.box.smsc('resume')
        self.box.smsc('phone on *')
        self.box.smsc.plan('# none\n')

        def ready():
            self.watch()
            return all(is_ready(**self.stack.programs[name]['ready'])
                       for name in self.wanted - {'wapbox'})
        self._wait('all programs get ready', ready, READY)

    def settle(self):
        """Waits until there is nothing left to do."""
        self._wait('every push is answered', self._answered)
        self._wait('every group ends', self.box.database.all_ended)
        self._wait('every result is notified', self._notified)
        self.box.smsc.idle(20)
        # What a box has heard by now is on record once it has stopped.
        for name in self.schedule.bearerboxes:
            self.end(name, signal.SIGTERM, 'stop', STOP)

    def _wait(self, what, condition, seconds=PATIENCE):
        def checked():
            self.watch()
            return condition()
        try:
            wait_until(checked, seconds, what)
            self.say(what)
        except Failure as failure:
            self.wrong('ends', str(failure))

    def _answered(self):
        """Raises what ended a push without an answer."""
        batches = [push.batch for push in self.evidence.pushes]
        return all(not batch.running and batch.result() for batch in batches)

    def _notified(self):
        """A result that was tried often is tried again much later: for this
        test that time has come."""
        self.box.database.rows(
            "UPDATE convoy.notification SET due_at = clock_timestamp() "
            "WHERE due_at > clock_timestamp() + '15 s'::interval")
        return not self.box.database.notifications()

    def gather(self):
        evidence, database = self.evidence, self.box.database
        evidence.received = list(self.pi.received)
        evidence.results = database.results()
        evidence.ledger = database.ledger()
        evidence.alive = database.rows(
            'SELECT g.*, p.push_id FROM convoy.group_view g '
            'LEFT JOIN convoy.push_view p ON g.group_id = ANY (p.groups) '
            'WHERE g.ended_at IS NULL')
        self.box.journal.read()


def run(schedule):
    """Returns the Evidence; everything is down by then."""
    options = ['--networks'] if schedule.networks else []
    with Sandbox('--bearerboxes', schedule.boxes, *options,
                 convoy=schedule.convoy, plan=schedule.plan) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        if schedule.same_reference:
            box.database.rows('ALTER SEQUENCE convoy.group_seq '
                              'INCREMENT BY 65536')
        pi.treat = Moody(schedule.seed)
        one = Run(schedule, box, pi)
        one.perform()
        one.heal()
        one.settle()
        one.gather()
        try:
            box.down()
        except Exception as error:      # a sanitizer's finding, for one
            one.wrong('logs', str(error))
        if box.leftovers:
            one.wrong('processes', f'left behind: {box.leftovers}')
        for path in glob.glob(f'{box.folder}/logs/*.log'):
            name = os.path.basename(path).removesuffix('.log')
            one.evidence.logs[name] = box.log(name)
        return one.evidence


class Moody:
    """A Push Initiator that acknowledges some notifications only when they
    come again: a function of seed and push."""

    def __init__(self, seed):
        self.seed, self.tries = seed, {}

    def __call__(self, notification):
        push_id = notification['push-id']
        tries = self.tries[push_id] = self.tries.get(push_id, 0) + 1
        number = int(push_id.split('@')[0].split('-')[1])
        mood = (self.seed * 31 + number * 17) % 20
        return {0: (503, 0), 1: None, 2: (200, 0.3)}.get(mood, (202, 0)) \
            if tries == 1 else (202, 0)
