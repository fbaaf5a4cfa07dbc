#!/usr/bin/python3 -B
"""Push Initiators of all kinds at once: over TLS with right and with wrong
certificates, some that refuse their results, mumble, redirect, answer without
end or never. Each is told, or it is on record why not, and none holds up
another."""

import contextlib
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import certificates                                         # noqa: E402
import push_initiator                                       # noqa: E402
from convoytest import (Initiator, Sandbox, checks, pushes,     # noqa: E402
                        run, wait_until)

LIFETIME = 3            # notify-lifetime, seconds
HANGING = 600           # more than the notifier has room for in all
GOOD = 200


def refusal(document):
    return push_initiator.acknowledgement(document).replace(b'1000', b'2000')


# What a Push Initiator of this name answers; how its result ends; and a part
# of what is on record.
KINDS = {
    'right': (None, None, 'acknowledged', 'HTTP 202, PAP 1000'),
    'refuses': (None, refusal, 'refused', 'HTTP 202, PAP 2000'),
    'mumbles': (None, lambda _: b'<html>OK</html>', 'malformed',
                'no resultnotification-response'),
    'silent': (None, lambda _: b'', 'malformed', 'HTTP 202'),
    'endless': (None, lambda _: b'x' * 10_000_000, 'malformed', 'HTTP 202'),
    'moved': ((302, 0), None, 'given up', 'HTTP 302'),
    'broken': ((500, 0), None, 'given up', 'HTTP 500'),
    'rude': (None, None, 'given up', ''),       # hangs up
    'other CA': (None, None, 'given up', 'issuer certificate'),
    'expired': (None, None, 'given up', 'expired'),
    'other name': (None, None, 'given up', "target host name '127.0.0.1'"),
}


def contexts(folder):
    """The TLS of those that have it, by name."""
    for ca in 'right', 'wrong':
        certificates.authority(folder, ca)
    return {
        'right': certificates.server(folder, 'good', 'right'),
        'other CA': certificates.server(folder, 'other', 'wrong'),
        'expired': certificates.server(folder, 'expired', 'right', days=-1),
        'other name': certificates.server(folder, 'named', 'right',
                                          'DNS:pi.example')}


def set_up(stack, ppg, tls):
    """Push Initiators by name."""
    found = {}
    for name, (treatment, acknowledge, _, _) in KINDS.items():
        one = found[name] = stack.enter_context(
            Initiator(ppg, tls=tls.get(name)))
        if treatment:
            one.treat = lambda _, treatment=treatment: treatment
        if name == 'rude':
            one.treat = lambda _: None
        if acknowledge:
            one.acknowledge = acknowledge
    return found


def verdicts(box, some):
    """{push-id: (verdict, answer)} of those that have ended."""
    return {row.push_id: (row.verdict, row.answer) for row in box.database.rows(
        'SELECT p.push_id, n.verdict, n.answer FROM convoy.notified_view n'
        ' JOIN convoy.push_view p ON n.group_id = ANY (p.groups)')
            if row.push_id in {push.push_id for push in some}}


def each_has_its_verdict(tap, box, everybody):
    some = {name: one.push([pushes.Push(f'+4670{number:07}', 1)])[0]
            for number, (name, one) in enumerate(everybody.items())}
    wait_until(lambda: len(verdicts(box, some.values())) == len(some), 60,
               'all have ended')
    found = verdicts(box, some.values())
    for name, (_, _, verdict, words) in KINDS.items():
        said = found[some[name].push_id]
        tap.ok(said[0] == verdict and words in said[1],
               f'{name}: {verdict}, {said[1]}', said)
    for name in 'other CA', 'expired', 'other name':
        tap.equal(everybody[name].received, [],
                  f'{name}: is told nothing')
    tap.equal(len(everybody['refuses'].received), 1, 'a refusal ends it')
    tap.ok(len(everybody['broken'].received) > 1, 'an error does not')
    tap.equal({one['push-id'] for one in everybody['moved'].received},
              {some['moved'].push_id}, 'redirects are not followed')
    status = box.convoyctl('status')
    tap.ok('HTTP 202, PAP 2000' in status and 'given up' in status,
           'convoyctl status tells the operator', status)


def nobody_is_held_up(tap, box, everybody, hanging):
    good = everybody['right']
    hanging.treat = lambda _: (202, 60)
    waiting = hanging.push(pushes.make(HANGING, 1, prefix='+4675'))
    wait_until(box.database.all_ended, 60, 'their groups have ended')
    wait_until(lambda: hanging.connections, 10, 'the first are notified')
    before, heard = good.connections, len(good.received)
    some = good.push(pushes.make(GOOD, 1, prefix='+4676'), at_a_time=50)
    wait_until(lambda: {push.push_id for push in some} <= good.notified(), 20,
               'the others are')
    times = {one['push-id']: one['at'] for one in good.received[heard:]}
    ended = {row.push_id: row.ended_at.timestamp()
             for row in box.database.results()}
    late = checks.percentile([times[push.push_id] - ended[push.push_id]
                              for push in some], 99)
    came = hanging.connections
    left = box.database.value('SELECT count(*) FROM convoy.notification')
    over = len(verdicts(box, waiting))      # those that had no answer in time
    tap.ok(left + over >= HANGING, f'{left} results wait for one that hangs')
    # Who is held up waits for an answer that takes a minute.
    tap.ok(late < 5, f'others hear theirs at once: p99 {late:.3f} s')
    tap.ok(came - over <= 64, 'it has no more than its room', came)
    made = good.connections - before
    tap.ok(made <= 64, f'{GOOD} results over {made} new connections')
    return waiting


def test(tap):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        tls = contexts(folder)
        box = stack.enter_context(Sandbox(convoy={
            'notify-lifetime': LIFETIME, 'notify-ca': f'"{folder}/right.pem"'}))
        ppg = box.env['PPG_URL']
        everybody = set_up(stack, ppg, tls)
        hanging = stack.enter_context(Initiator(ppg))
        each_has_its_verdict(tap, box, everybody)
        nobody_is_held_up(tap, box, everybody, hanging)
        tap.none([line for line in box.log('wapbox').splitlines()
                  if 'PANIC' in line], 'nothing goes wrong')


run(test)
