"""A time without a database, and how the boxes bear it: what the PI reads, what
they use of the machine, what they tell the operator, and that they go on by
themselves."""

import contextlib
import time

import checks
import pushes
from convoytest import judge, wait_for_results, wait_until
from usage import MIB, cpu_seconds, memory

PUSHES = 400
BOXES = 'bearerbox', 'wapbox'
CPU = 0.06              # of one core, that a box may use while it waits
ANSWER = 1              # seconds in which the PPG answers
NOISE = 3               # the machine is shared with other tests


class Outage:
    """What the boxes do during a time without database: their memory, CPU
    time and log, and what leaves to the SMSC."""

    def __init__(self, box):
        self.box = box
        self.pids = {name: box.pids(name) for name in BOXES}
        self.begun = time.monotonic()
        self.log = {name: len(box.log(name)) for name in BOXES}
        self.submits = len(box.journal.read().submits)
        self.memory = self._memory()
        self.cpu = self._cpu()

    def _memory(self):
        return {name: memory(pids[0], 'RssAnon')
                for name, pids in self.pids.items()}

    def _cpu(self):
        return {name: cpu_seconds(pids) for name, pids in self.pids.items()}

    def seconds(self):
        return time.monotonic() - self.begun

    def said(self, name):
        """The module's lines about the database since the beginning."""
        lines = self.box.log(name)[self.log[name]:].splitlines()
        return [line for line in lines if 'the database' in line]

    def quiet(self, tap, what, seconds):
        """For so long it is watched how they wait."""
        cpu, since = self._cpu(), time.monotonic()
        wait_until(lambda: time.monotonic() > since + seconds, seconds + 5,
                   'time passes')
        for name, used in self._cpu().items():
            share = (used - cpu[name]) / (time.monotonic() - since)
            tap.ok(share < CPU, f'{what}: {name} waits without busy loop',
                   f'{share:.1%} of a core')
        for name, used in self._memory().items():
            grown = (used - self.memory[name]) / MIB
            tap.ok(grown < 24, f'{what}: {name} does not grow meanwhile',
                   f'{grown:.1f} MiB')

    def told(self, tap, what, lines, boxes=BOXES):
        """At most so many lines, each once but for the time in it."""
        for name in boxes:
            said = [line.split('convoy: ')[-1] for line in self.said(name)]
            tap.ok(0 < len(said) <= lines and len(set(said)) == len(said),
                   f'{what}: {name} says what changes, once', *said)


def refused(tap, pi, what):
    """Pushes that the PI has to repeat; each is answered in time."""
    tried = pi.push(pushes.make(20, 2, prefix='+4673'))
    tap.equal({push.code for push in tried}, {4001},
              f'{what}: pushes are answered 4001')
    took = [push.seconds for push in tried]
    tap.ok(min(took) < ANSWER and max(took) < ANSWER + NOISE,
           f'{what}: within a second', took)
    return tried


@contextlib.contextmanager
def under_way(box, pi):
    """Many groups in all stages; gives the batch of pushes."""
    batch = pi.begin(pushes.make(PUSHES), until_accepted=True)
    sent = len(box.journal.read().submits)
    wait_until(lambda: len(box.journal.read().submits) > sent + PUSHES, 30,
               'segments are under way')
    yield batch


def finish(tap, box, pi, some, what, tried):
    """`tried` are pushed again, and everything comes to its end by itself;
    returns all these pushes."""
    all_pushes = some + pi.push(tried, until_accepted=True)
    wait_for_results(box, pi, all_pushes, 90, outage=True)
    judge(tap, box, pi, all_pushes, outage=True, name=what)
    tap.none([submits for submits in box.journal.by_tag().values()
              if checks.repeated(submits)],
             f'{what}: no segment is sent again')
    return all_pushes
