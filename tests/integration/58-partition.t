#!/usr/bin/python3 -B
"""Two bearerboxes, one of which is cut off: first from the database and not
from the SMSC, then another one the other way round. Packets vanish without a
word, connections stay open. What was cut off from the database sends nothing
after its leases, and its sessions there do not last; the other box takes over
within 20 s, also from a box that is cut off from the SMSC. Everything is
delivered by the other box, in order, before the network heals.

Each box has a network namespace. Where the kernel does not allow that, the
test says so; 62-database-slow.t cuts a box off with a program between it and
the database, anywhere.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import networks                                                 # noqa: E402
from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)
from networks import Network                                    # noqa: E402
from owners import wait_for_owners                              # noqa: E402

PUSHES = 600        # at each cut
SPREAD = 10         # seconds in which they come
TAKEOVER = 20       # seconds
# A link that says nothing for so long is given up by its driver.
LINK = {'enquire-link-interval': 2, 'connection-timeout': 6}


def sent(box):
    return len(box.journal.read().submits)


def links_of(box, name):
    """The SMSC's numbers of all links that this bearerbox has had."""
    return {event['link'] for event in box.journal.read().events('bind')
            if event['system_type'] == name}


def cut(tap, box, pi, name, cable, other):
    """Cuts this box from this while pushes come; returns the network, them,
    when it was cut, and when the other box had all leases."""
    network = Network(os.path.realpath(box.folder),
                      int(name.removeprefix('bearerbox') or 1))
    repeats, before = network.repeats(), sent(box)
    batch = pi.begin(pushes.make(PUSHES, receivers=150), spread=SPREAD,
                     until_accepted=True)
    wait_until(lambda: sent(box) > before + PUSHES / 3, 30, 'some are sent')
    cut_at = time.time()
    network.cut(cable)
    seconds = wait_for_owners(box, other, seconds=60)
    taken_over = time.time()
    tap.ok(seconds < TAKEOVER, f'{name}, cut off from the {cable}, is taken '
           'over soon', f'{seconds:.1f} s')
    lost = network.repeats() - repeats
    tap.ok(lost > 5, 'packets to there vanish', f'{lost}')
    tap.note(f'taken over after {seconds:.1f} s, {lost} packets vanished')
    return network, batch.result(), cut_at, taken_over


def sessions_of(box, network):
    return box.database.value(
        'SELECT count(*) FROM pg_stat_activity WHERE client_addr = %s',
        network.there('db'))


def receipted(box, links, since):
    """The numbers of the pushes of which the SMSC has sent receipts over
    these links since then."""
    journal = box.journal.read()
    numbers = {submit.message_id: submit.tag for submit in journal.submits}
    return {numbers[event['message_id']] for event in journal.events('receipt')
            if event['link'] in links and event['t'] > since}


def without_database(tap, box, pi):
    name = 'bearerbox2'
    network, batch, cut_at, taken_over = cut(tap, box, pi, name, 'db',
                                             'bearerbox')
    wait_until(lambda: not sessions_of(box, network), TAKEOVER,
               'the sessions of the cut-off box are gone')
    tap.ok(True, 'the database lets go of its sessions')
    links = links_of(box, name)
    # What came just before was not committed, either.
    kept = receipted(box, links, cut_at - 1)
    others = {push.push_id for push in batch if push.number not in kept}
    wait_until(lambda: others <= pi.notified(), 60,
               f'notifications of {len(others)} pushes')
    tap.ok(len(others) > PUSHES / 2, 'the other box delivers all of which it '
           'can know', f'{len(others)} of {PUSHES}')
    live = box.database.live()
    tap.ok(0 < live <= len(kept), f'{live} wait for receipts that the box has '
           'which is cut off', f'it has those of {len(kept)}')
    tap.none([submit for submit in box.journal.read().submits
              if submit.link in links and submit.sent > taken_over],
             'after its leases it sends nothing, though its links are up')
    network.heal('db')
    wait_for_owners(box, 'bearerbox', name)
    wait_for_results(box, pi, batch)
    return batch


def without_smsc(tap, box, pi):
    """No receipts may be written into the links that are cut."""
    name = 'bearerbox'
    box.smsc('phone off *')
    dead = links_of(box, name)
    network, batch, _, _ = cut(tap, box, pi, name, 'smsc', 'bearerbox2')
    for link in dead:           # as the SMSC finds out by its enquire_link
        box.smsc(f'drop {link}')
    box.smsc('phone on *')
    wait_for_results(box, pi, batch)
    tap.ok(True, 'everything goes over the links of the other box')
    network.heal('smsc')
    wait_for_owners(box, name, 'bearerbox2', seconds=60)
    return batch


def test(tap):
    why = networks.refused()
    if why:
        return tap.skip('a bearerbox is cut off', why)
    with Sandbox('--bearerboxes', 2, '--networks', '--log', '1', link=LINK,
                 plan='delay 100..200ms\n'
                      'receipt DELIVRD after 300ms..400ms\n',
                 convoy={'answer-timeout': 3, 'retry-delay': 1}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        wait_for_owners(box, 'bearerbox', 'bearerbox2')
        all_pushes = without_database(tap, box, pi)
        all_pushes += without_smsc(tap, box, pi)
        all_pushes += pi.push(pushes.make(100, prefix='+4672'))
        wait_for_results(box, pi, all_pushes)
        judge(tap, box, pi, all_pushes, crash=True)
        repeated = [checks.repeated(submits)
                    for submits in box.journal.by_tag().values()]
        tap.note(f'{sum(repeated)} segments repeated')
        tap.ok(0 < sum(repeated) and max(repeated) <= 2,
               'only what was in doubt is repeated',
               f'{sum(repeated)}, of one push {max(repeated)}')


if not networks.refused():
    networks.in_own_network()
run(test)
