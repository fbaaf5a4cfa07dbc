"""Runs both sides of a comparison at several levels of faults, all at once
(what is measured is delay, not throughput), and keeps what there is to judge.

    for side in run([5], count=300, spread=10, horizon=60): ...
"""

import contextlib
import time

import compare_plan as plan
from convoytest import Initiator, Sandbox
from settling import settle, smsc_owes

NAMES = 'stock', 'Convoy'
OPTIONS = {'stock': ['--stock'], 'Convoy': []}


class Side:
    """One gateway at one level. `begun` is when the plan began (seconds since
    the epoch), `seconds` how long the run took."""

    def __init__(self, name, level, count, spread):
        self.name, self.level, self.spread = name, level, spread
        self.pushes = plan.make_pushes(count)
        self.begun = self.seconds = None

    def enter(self, stack):
        """Brings everything up, for as long as `stack` lives."""
        self.box = stack.enter_context(Sandbox(
            '--phone-window', str(plan.PHONE_WINDOW), *OPTIONS[self.name]))
        self.pi = stack.enter_context(Initiator(self.box.env['PPG_URL']))

    def begin(self):
        self.box.smsc.plan(plan.faults(self.level, self.spread))
        self.begun = time.time()
        self._batch = self.pi.begin(self.pushes, spread=self.spread)

    def is_settled(self):
        """True once nothing more can happen: the gateway owes no segment, and
        the SMSC no phone a message and the gateway no receipt."""
        return not (self._batch.running or smsc_owes(self.box.smsc)
                    or self._owes())

    def _owes(self):
        """Convoy says so itself. A group whose receipts contradict each
        other waits in vain for another, until receipt-timeout."""
        if self.name == 'Convoy':
            database = self.box.database
            return (database.live() > database.groups('AWAITING')
                    or database.notifications())
        return self._stock_owes()

    def _stock_owes(self):
        """Are there segments that have yet to be sent, or sent again?"""
        self.box.journal.read()
        last = {(submit.tag, submit.part): submit.status
                for submit in self.box.journal.submits}
        return any(last.get((push.number, part))
                   not in (0, plan.PERMANENT_STATUS)
                   for push in self.pushes if push.accepted
                   for part in range(1, push.segments + 1))

    def finish(self):
        """Keeps what there is to judge, before everything goes down."""
        self._batch.result(0)
        self.seconds = time.time() - self.begun
        self.journal = self.box.journal.read()
        self.notifications = list(self.pi.received)


def run(levels, count, spread, horizon):
    """`count` pushes, begun evenly over `spread` seconds, to each side at
    each level; returns the Sides once nothing more can happen, at the latest
    `horizon` seconds after the last push, or the last phone, was there."""
    sides = [Side(name, level, count, spread)
             for level in levels for name in NAMES]
    with contextlib.ExitStack() as stack:
        for side in sides:
            side.enter(stack)
        for side in sides:
            side.begin()
        settle(sides, max(1, plan.LAST_OFF) * spread + horizon)
        for side in sides:
            side.finish()
    return sides
