"""Everything that an integration test needs, in one import, and the verdict
on a run that most of them share.

    def test(tap):
        with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
            all_pushes = pi.push(pushes.make(100))
            wait_for_results(box, pi, all_pushes)
            judge(tap, box, pi, all_pushes)

    run(test)
"""

import checks
import pushes
from initiator import Initiator
from processes import wait_until
from tap import run
from testbed import Sandbox, SandboxError, sandbox

__all__ = ['Initiator', 'Sandbox', 'SandboxError', 'checks', 'judge',
           'pushes', 'run', 'sandbox', 'wait_for_results', 'wait_until']


def wait_for_results(box, pi, all_pushes, seconds=60, outage=False):
    """Waits until the PI has been notified of every accepted push, nothing
    is left in the queue or to be notified, and the SMSC is idle; reads the
    journal. After an `outage` of the database some notifications will come
    once more, much later: that is not waited for."""
    expected = {push.push_id for push in all_pushes if push.accepted}
    wait_until(lambda: expected <= pi.notified(), seconds,
               f'notifications of all {len(expected)} pushes')
    box.idle(seconds)
    if not outage:
        wait_until(lambda: not box.database.notifications(), 10,
                   'acknowledged notifications are off the queue')


def judge(tap, box, pi, all_pushes, state='DELIVERED', crash=False,
          restart=False, outage=False, name=''):
    """The checks that hold for every run. `state` is the final state of each
    push, or a function of the push that gives it. With `crash` processes were
    killed: one segment of a push may have been repeated, and notifications
    may come again. With `restart` (or crash) an attempt may have gone on over
    another link, since it has another owner. With `outage` the database was
    away, so that notifications may come again."""
    journal = box.journal
    results = box.database.results()
    ledger = checks.ledger_of(box.database.ledger(), results, all_pushes)
    name = f'{name}: ' if name else ''

    def none(violations, text):
        tap.none(violations, name + text)

    none([f'{push}: {push.codes} {push.desc}' for push in all_pushes
          if not push.accepted], 'every push is accepted')
    none(checks.wrong_results(all_pushes, results, state),
         'every push has exactly one result, and the right one')
    none(checks.wrong_notifications(all_pushes, pi.received, state,
                                    crash or outage),
         'and one notification that says so')
    none(checks.out_of_order(journal, crash), 'all segments leave in order')
    if not (crash or restart):
        none(checks.links_changed(journal), 'every attempt stays on one link')
    none(checks.interleaved(journal), 'one group at a time per receiver')
    none(checks.wrong_cancels(journal), 'each cancel names its message')
    none(checks.references_changed(journal),
         'copies of a segment are the same octets')
    none(checks.ledger_untrue(ledger, journal) if crash
         else checks.ledger_differs(ledger, journal, restart, outage),
         'the ledger tells what the journal tells')
    delivered = [push for push in all_pushes if push.accepted and (
        state(push) if callable(state) else state) == 'DELIVERED']
    none(checks.incomplete(journal, delivered, (1, 2) if crash else (1,)),
         'phones display every push that was delivered')
    none(checks.wrong_content(journal, all_pushes),
         'they display what was pushed')
