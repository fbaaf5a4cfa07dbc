#!/usr/bin/python3 -B
"""Two bearerboxes with an SMSC of their own each: both own what only their
links can send and share the rest. When the links of one are stopped, what it
had claimed and not begun is sent by the other. A push that has been with a
box that died too often is parked with a line in the log, and lets go of its
receiver; an operator unparks it. Connections that the database breaks off at
any moment strand nothing.
"""

import os
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, judge, pushes,      # noqa: E402
                        run, wait_for_results, wait_until)

# One link that both boxes have, and one of its own for each.
OWN = '''
group = smsc
smsc = smpp
smsc-id = {0}
host = 127.0.0.1
port = @SMSC_PORT@
smsc-username = {0}
smsc-password = x
system-type = VMA
transceiver-mode = true
max-pending-submits = 5
reconnect-delay = 1
'''


def shares(box):
    """{(pid, route): leases} of those who live."""
    return {(int(row.owner.split('/')[1]), row.route): row.leases
            for row in box.database.rows(
                'SELECT owner, route, count(*) AS leases FROM '
                'convoy.lease_view WHERE alive GROUP BY 1, 2')}


def wait_for_shares(box, **expected):
    """Waits until each box (a keyword) has these leases."""
    wanted = {(box.pids(name)[0], route): leases
              for name, routes in expected.items()
              for route, leases in routes.items()}
    wait_until(lambda: shares(box) == wanted, 30,
               f'the leases are {wanted} (they are {shares(box)})')


def links_of(box, system_id):
    """The SMSC's numbers of the connections bound with this system_id."""
    return {event['link'] for event in box.journal.read().events('bind')
            if event['system_id'] == system_id}


def admin(box, command):
    """A command of bearerbox's (not bearerbox2's) admin interface."""
    with urllib.request.urlopen(
            f'{box.env["ADMIN_URL"]}/{command}'
            f'{"&" if "?" in command else "?"}'
            f'password={box.env["ADMIN_PASSWORD"]}', timeout=10) as page:
        return page.read().decode()


def own_routes(tap, box, pi):
    wait_for_shares(box, bearerbox={'': 16, 'one': 32},
                    bearerbox2={'': 16, 'two': 32})
    tap.ok(True, 'each box owns the routes of its links, and half of the rest')
    routed = {smsc: pushes.make(60, prefix=prefix, smsc=smsc) for smsc, prefix
              in (('one', '+4671'), ('two', '+4672'), (None, '+4673'))}
    all_pushes = pi.push(sum(routed.values(), []))
    wait_for_results(box, pi, all_pushes)
    for smsc in 'one', 'two':
        tags = {push.number for push in routed[smsc]}
        tap.equal({submit.link for submit in box.journal.submits
                   if submit.tag in tags}, links_of(box, smsc),
                  f'pushes for smsc-id {smsc} take its link')
    return all_pushes


def without_links(tap, box, pi):
    """What waits at bearerbox when its link stops goes over to the other."""
    box.smsc.plan('delay 400ms\n')
    batch = pi.push(pushes.make(100, prefix='+4674'))
    wait_until(lambda: box.database.groups('SENDING') > 60, 10,
               'both boxes have claimed what they can')
    admin(box, 'stop-smsc?smsc=one')
    box.smsc.plan('')
    # What has begun keeps its lease until its link is back.
    wait_until(lambda: shares(box)[box.pids('bearerbox2')[0], ''] >= 20, 15,
               'its leases are the other box\'s')
    ids = {push.push_id for push in batch}
    wait_until(lambda: len(pi.notified() & ids) > 75, 15,
               'the other box sends what was claimed here')
    tap.ok(True, 'what waited for the link of one box goes over the other\'s')
    admin(box, 'start-smsc?smsc=one')
    wait_for_shares(box, bearerbox={'': 16, 'one': 32},
                    bearerbox2={'': 16, 'two': 32})
    wait_for_results(box, pi, batch)
    return batch


def broken_connections(tap, box, pi):
    done, cut = [], 0
    while cut <= 10:
        batch = pi.begin(pushes.make(400, prefix='+4675', receivers=50),
                         until_accepted=True, spread=5)
        while batch.running:
            cut += box.database.value(
                "SELECT count(pg_terminate_backend(pid)) "
                "FROM pg_stat_activity WHERE application_name = "
                "'convoy scheduler' AND state <> 'idle' OR "
                "application_name = 'convoy leases' AND random() < 0.01")
        done += batch.result()
    tap.note(f'{cut} connections were cut off in the midst of work')
    wait_for_results(box, pi, done)
    return done


def parked(tap, box, pi):
    box.smsc('pause')
    poison = pushes.Push('+46769', 2, smsc='two')
    after = pushes.Push('+46769', 1)
    pi.push([poison])
    wait_until(lambda: box.database.groups('SENDING') == 1, 10, 'it is sent')
    pi.push([after])
    box.database.rows('UPDATE convoy.live SET takeovers = 3 WHERE state = 2')
    box.kill('bearerbox2')
    box.smsc('resume')
    box.start('bearerbox2')
    wait_until(lambda: 'parked, since the box that sent it died too often'
               in box.log('bearerbox2'), 40, 'the alarm')
    parked = 'SELECT id FROM convoy.parked_view'
    wait_until(lambda: box.database.rows(parked), 10, 'it is parked')
    group = box.database.value(parked)
    tap.ok(f'group {group}' in box.log('bearerbox2'),
           'a box parks what killed its owner too often, and says so')
    wait_until(lambda: after.push_id in pi.notified(), 20, 'the next one')
    tap.ok(str(group) in box.convoyctl('status'), 'convoyctl shows it')
    box.convoyctl('unpark', str(group))
    return [poison, after]


def test(tap):
    with Sandbox('--bearerboxes', 2, '--links', 0, '--log', '1',
                 own_conf=[OWN.format('one'), OWN.format('two')],
                 convoy={'retry-delay': 1, 'answer-timeout': 3}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        all_pushes = own_routes(tap, box, pi)
        all_pushes += without_links(tap, box, pi)
        all_pushes += broken_connections(tap, box, pi)
        all_pushes += parked(tap, box, pi)
        wait_for_results(box, pi, all_pushes, 60)
        judge(tap, box, pi, all_pushes, crash=True)


run(test)
