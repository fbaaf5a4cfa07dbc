#!/usr/bin/python3 -B
"""A Push Initiator asks what has become of its push, and takes it back. It is
told the truth in every state, of its own pushes only, and 1000 only of what is
cancelled for good; in time, also while the database or all bearerboxes are
away, and the same after kill -9 of both boxes."""

import concurrent.futures
import datetime
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import push_initiator                                           # noqa: E402
from convoytest import (Initiator, Sandbox, judge, pushes,      # noqa: E402
                        run, wait_for_results, wait_until)
from outage import ANSWER, NOISE                                # noqa: E402

CONF = ''.join(f'''
group = wap-push-user
wap-push-user = {name}
ppg-username = {name}
ppg-password = secret
''' for name in ('alice', 'bob'))

# By the first digits of the receiver.
PLAN = '''
receiver=46711* segment=2 delay 5s
receiver=46712* segment=1 status 0x0b
receiver=46713* deliver 60s
receiver=46714* deliver 12s
receiver=46714* cancel 0x11
receiver=46715* segment=2-3 deliver 8s
receiver=46718* segment=2 delay 3s
receiver=46718* deliver 60s
receiver=46720* segment=2 delay 60s
receiver=46720* deliver 60s
receiver=467191 receipt EXPIRED after 10ms
receiver=467192 deliver 60s
receiver=467193 status 0x0b
'''


def when(seconds):
    at = datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)
    return at.strftime('%Y-%m-%dT%H:%M:%SZ')


def later(count, prefix):
    """Pushes that wait until the day after tomorrow."""
    return pushes.make(count, prefix=prefix, deliver_after_timestamp=when(
        48 * 3600), deliver_before_timestamp=when(72 * 3600))


def told(pi, push, *rest, kind='statusquery', **keys):
    """What a PI is told of a push with one address: its state, if it asked
    for that, and the code."""
    one, = pi.ask(kind, push, *rest, **keys)
    return one.get('message-state'), int(one['code'])


def timed(*arguments, **keys):
    begun = time.monotonic()
    return told(*arguments, **keys), time.monotonic() - begun


def cancel(pi, push, *rest, **keys):
    return told(pi, push, *rest, kind='cancel', **keys)[1]


PENDING = ('pending', 1000)
UNDECIDED = 5           # seconds after which a cancel is answered 2008
AT_ONCE, TRIES = 0.2, 3 # seconds, and one of so many tries keeps them


def states(tap, box, alice):
    """A query in each state; returns the pushes by what they ended as."""
    deferred = alice.push(later(1, '+46710'))
    sending = alice.push(pushes.make(1, prefix='+46711'))
    wait_until(lambda: box.database.groups('SENDING') == 1, 10,
               'a push is being sent')
    queued = alice.push(pushes.make(1, prefix='+46711'))
    refused = alice.push(pushes.make(1, prefix='+46712', priority='high'))
    awaiting = alice.push(pushes.make(1, prefix='+46715'))
    expiring = alice.push(pushes.make(1, prefix='+46716', smsc='nowhere',
                                      deliver_before_timestamp=when(3)))
    live = deferred + sending + queued
    tap.equal([told(alice, push) for push in live], [PENDING] * 3,
              'deferred, sending and queued pushes are pending')
    words = [alice.ask('statusquery', push)[0]['desc'] for push in live]
    tap.equal(words, ['waits for its time, or for its next attempt',
                      'is being sent', 'waits for its turn'],
              'and the words tell them apart')
    wait_until(lambda: box.database.groups('AWAITING') == 1, 10,
               'a push waits for its receipts')
    tap.equal([told(alice, push) for push in awaiting], [PENDING],
              'one that awaits its receipts is pending')
    wait_for = refused + expiring + sending + queued + awaiting
    wait_until(lambda: {push.push_id for push in wait_for}
               <= alice.notified(), 40, 'all others end')
    tap.equal([told(alice, push)[0] for push in wait_for],
              ['undeliverable', 'expired'] + 3 * ['delivered'],
              'one that has ended is what it ended as')
    notified = {one['push-id']: one for one in alice.received}
    tap.none([f'{asked}, but notified {notified[push.push_id]}'
              for push in wait_for
              for asked in alice.ask('statusquery', push)
              if any(asked[key] != notified[push.push_id][key] for key in (
                  'message-state', 'code', 'desc', 'event-time'))],
             'the same as the notification said, since the same time')
    one, = alice.ask('statusquery', refused[0])
    tap.equal((one['qos'], one['addresses']),
              ({'priority': 'high', 'delivery-method': 'unconfirmed'},
               [push_initiator.address(refused[0].receiver)]),
              'with its quality of service and its address')
    return {'CANCELLED': deferred, 'DELIVERED': sending + queued + awaiting,
            'UNDELIVERABLE': refused, 'EXPIRED': expiring}


def whose(tap, box, alice, bob, ended):
    """Who asks, for what, in which words."""
    push = ended['CANCELLED'][0]
    same = push_initiator.address(push.receiver)
    unknown = ('unknown', 2004)
    tap.equal((told(bob, push), cancel(bob, push)), (unknown, 2004),
              'another PI\'s push is unknown')
    tap.equal((told(alice, 'nobody@nowhere'),
               cancel(alice, 'nobody@nowhere')), (unknown, 2004),
              'so is one that there never was')
    tap.equal(push_initiator.post(
        alice.ppg.geturl(), push_initiator.inquiry('cancel', push.push_id),
        {'Content-Type': 'application/xml'})[0], 401,
        'without a name nothing is read')
    number = push.receiver
    spelled = f'wappush={number[:4]}-{number[4:]}/type=plmn@another.host'
    for version in '1.0', '2.0', '2.1':
        tap.equal([(int(one['code']), one['addresses']) for one in alice.ask(
            'statusquery', push, [spelled, '+4670', same.replace('+', '+99'),
                                  same], version)],
            [(1000, [same]), (2002, ['+4670']),
             (2003, [same.replace('+', '+99')])],
            f'PAP {version}: named addresses, in whichever spelling')
    tap.equal([(int(one['code']), one['addresses']) for one in alice.ask(
        'cancel', push, ['x', same.replace('+', '+99')])],
        [(2002, ['x']), (2003, [same.replace('+', '+99')])],
        'a cancel of others leaves the push alone')
    tap.equal(told(alice, push), PENDING, 'it still waits')


def at_once(tap, alice):
    """Cancels of many, again if the machine was busy with something else;
    returns the pushes."""
    some, medians = [], []
    while len(medians) < TRIES and min(medians, default=1) >= AT_ONCE:
        more = alice.push(later(15, '+46710'))
        took = [timed(alice, push, kind='cancel') for push in more]
        tap.equal({code for (_, code), _ in took}, {1000}, 'each time')
        medians.append(statistics.median(seconds for _, seconds in took))
        some += more
    tap.note(*(f'{median * 1000:.0f} ms' for median in medians))
    tap.ok(min(medians) < AT_ONCE, 'without waiting for a poll', medians)
    return some


def cancels(tap, box, alice, ended):
    """A cancel in each state."""
    found, seconds = timed(alice, ended['CANCELLED'][0], kind='cancel')
    tap.equal(found[1], 1000, 'a deferred push is cancelled')
    some = at_once(tap, alice)

    sending = alice.push(pushes.make(1, prefix='+46718'))
    wait_until(lambda: box.journal.read().by_tag().get(sending[0].number, [])
               [1:], 10, 'its second segment is unanswered')
    queued = alice.push(pushes.make(1, prefix='+46718'))
    tap.equal([cancel(alice, push) for push in queued + sending],
              [1000, 1000], 'so is one that waits, and one that is sent')
    tap.equal([len(box.journal.read().by_tag().get(push.number, []))
               for push in queued + sending], [0, 2],
              'nothing more of them leaves')
    awaiting = alice.push(pushes.make(1, prefix='+46713'))
    wait_until(lambda: box.database.groups('AWAITING') == 1, 10,
               'all segments are accepted')
    tap.equal([cancel(alice, push) for push in awaiting], [1000],
              'what the SMSC has is taken back')
    cancelled = some + sending + queued + awaiting
    tap.equal([told(alice, push)[0] for push in cancelled],
              ['cancelled'] * len(cancelled), 'all of them are cancelled')
    tap.equal([cancel(alice, push) for push in cancelled[:3]], [1000] * 3,
              'to cancel once more changes nothing')
    tap.equal([cancel(alice, ended[state][0]) for state in (
        'DELIVERED', 'UNDELIVERABLE', 'EXPIRED')], [2008] * 3,
        'what has ended otherwise cannot be cancelled')
    ended['CANCELLED'] += cancelled


def too_late(tap, box, alice, ended):
    """Two that the SMSC does not give back: of one a phone has a part."""
    partly = alice.push(pushes.make(1, prefix='+46715'))
    kept = alice.push(pushes.make(1, prefix='+46714'))
    wait_until(lambda: box.journal.read().events('part'), 10,
               'a phone has a part')
    wait_until(lambda: box.database.groups('AWAITING') == 2, 10,
               'all segments are accepted')
    wait_until(lambda: [row for row in box.database.ledger()
                        if row.outcome == 'delivered' and row.group_id not in
                        {one.group_id for one in box.database.results()}],
               10, 'and its receipt is on record')
    found, seconds = timed(alice, partly[0], kind='cancel')
    tap.equal(found[1], 2008, 'a part on a phone is too late')
    tap.ok(seconds < 4.5, 'and that is said at once', f'{seconds:.1f} s')
    found, seconds = timed(alice, kept[0], kind='cancel')
    tap.equal(found[1], 2008, 'what the SMSC does not give back is undecided')
    tap.ok(4.5 < seconds < 9, 'after five seconds', f'{seconds:.1f} s')
    wait_until(lambda: {push.push_id for push in partly} <= alice.notified(),
               20, 'the push with a part on a phone is completed')
    tap.equal(told(alice, partly[0])[0], 'delivered', 'and delivered')
    ended['DELIVERED'] += partly
    return kept


def without_boxes(tap, box, alice, ended):
    """No bearerbox to do it: undecided, and done when there is one."""
    some = alice.push(later(3, '+46716'))
    box.stop('bearerbox')
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        took = list(pool.map(lambda push: timed(alice, push, kind='cancel'),
                             some))
    tap.equal({code for (_, code), _ in took}, {2008},
              'without a bearerbox a cancel is undecided')
    tap.ok(all(4.5 < seconds < 9 for _, seconds in took),
           'after five seconds', str(took))
    tap.equal([told(alice, push) for push in some], [PENDING] * 3,
              'the push is still pending')
    box.start('bearerbox')
    wait_until(lambda: {push.push_id for push in some} <= alice.notified(),
               20, 'it is done')
    tap.equal([told(alice, push)[0] for push in some], ['cancelled'] * 3,
              'the cancel stands, and is done when there is one again')
    ended['CANCELLED'] += some


def without_database(tap, box, alice, ended):
    push = ended['DELIVERED'][0]
    box.stop('postgres')
    took = [timed(alice, push, kind=kind) for kind in ('statusquery',
                                                       'cancel')]
    tap.equal([code for (_, code), _ in took], [4001, 4001],
              'while the database is away a PI reads 4001')
    tap.ok(all(seconds < ANSWER + NOISE for _, seconds in took), 'in time',
           str(took))
    box.start('postgres')
    wait_until(lambda: told(alice, push) == ('delivered', 1000), 10,
               'the truth is told again')


def requested(box, some):
    """How many cancels of these pushes are requested."""
    return box.database.value(
        'SELECT count(*) FROM convoy.live g JOIN convoy.push p '
        'ON g.id = ANY (p.groups) WHERE g.cancel_requested '
        'AND p.push_id = ANY (%s)', [push.push_id for push in some])


def stopped(tap, box, alice, ended):
    """wapbox ends in good order while a PI waits."""
    some = alice.push(later(1, '+46717'))
    box.kill('bearerbox', 'STOP')
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(timed, alice, some[0], kind='cancel')
        wait_until(lambda: requested(box, some) == 1, 4, 'it is requested')
        box.stop('wapbox')
        (_, code), seconds = waiting.result(10)
    tap.ok(code == 2008 and seconds < UNDECIDED - 0.2,
           'who waits when wapbox stops hears that it is undecided',
           code, seconds)
    box.kill('bearerbox', 'CONT')
    box.start('wapbox')
    ended['CANCELLED'] += some


def killed(tap, box, alice, ended):
    """kill -9 of both boxes, while the first waits for cancels that the other
    has not begun: whoever takes these pushes next heeds them."""
    sending = alice.push(pushes.make(1, prefix='+46720'))
    wait_until(lambda: box.journal.read().by_tag().get(sending[0].number, [])
               [1:], 10, 'its second segment is unanswered')
    some = sending + alice.push(pushes.make(1, prefix='+46720') +
                                later(1, '+46717'))
    goes_on = alice.push(later(1, '+46717'))
    before = [told(alice, push) for one in ended.values() for push in one]
    box.kill('bearerbox', 'STOP')
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        lost = [pool.submit(cancel, alice, push) for push in some]
        wait_until(lambda: requested(box, some) == 3, 4,
                   'three cancels are requested')
        box.kill('wapbox')
        box.kill('bearerbox')
        tap.none([one for one in lost if not isinstance(
            one.exception(10), (OSError, EOFError))],
            'PIs lose their connections')
    box.start('bearerbox')
    box.start('wapbox')
    tap.equal([told(alice, push) for one in ended.values()
               for push in one], before,
              'after kill -9 the same is told of every push')
    wait_until(lambda: {push.push_id for push in some} <= alice.notified(),
               40, 'the cancels that were under way are done')
    tap.equal([told(alice, push)[0] for push in some], ['cancelled'] * 3,
              'what was being sent, waited and was deferred is cancelled')
    tap.equal([len(box.journal.read().by_tag().get(push.number, []))
               for push in some], [2, 0, 0], 'nothing more of it leaves')
    tap.equal([cancel(alice, push) for push in some + goes_on], [1000] * 4,
              'a cancel that was lost may be repeated, and others go on')
    ended['CANCELLED'] += some + goes_on


def several(tap, box, alice):
    """Some addresses of one push, each with a fate of its own."""
    ended, deferred, awaiting, refused, bad, foreign, wrong = map(
        push_initiator.address,
        ['+467190', '+467191', '+467192', '+467193',
         'WAPPUSH=+46x/TYPE=PLMN@ppg', '+4679999', '+46y'])
    push, = alice.push([pushes.Push(ended, 1, others=[deferred, awaiting,
                                                      refused, bad])])
    wait_until(lambda: len(alice.received_of([push])) == 3
               and box.database.groups('DEFERRED') == 1
               and box.database.groups('AWAITING') == 1, 10,
               'three have ended, one waits for its next attempt, one for its '
               'receipt')

    def said(kind, *named):
        return {address: (one.get('message-state'), int(one['code']))
                for one in alice.ask(kind, push, named)
                for address in one['addresses']}

    named = [refused, foreign, deferred, wrong, ended]
    tap.equal(said('statusquery', *named), {
        refused: ('undeliverable', 2003), foreign: ('unknown', 2003),
        deferred: PENDING, wrong: ('unknown', 2002),
        ended: ('delivered', 1000)},
        'of several addresses each is told of, known or not')
    tap.equal({address: code for address, (_, code) in
               said('cancel', *named).items()}, {
        refused: 2008, foreign: 2003, deferred: 1000, wrong: 2002,
        ended: 2008}, 'of these what has not ended is cancelled')
    tap.equal(said('statusquery'), {
        ended: ('delivered', 1000), deferred: ('cancelled', 4000),
        awaiting: PENDING, refused: ('undeliverable', 2003),
        bad: ('rejected', 2002)}, 'the others go on')
    tap.equal({address: code for address, (_, code) in
               said('cancel').items()}, {
        ended: 2008, deferred: 1000, awaiting: 1000, refused: 2008,
        bad: 2008}, 'a cancel that names none means them all')
    wait_until(lambda: len(alice.received_of([push])) == 5, 10,
               'every address has ended')
    box.idle()
    tap.equal({one['address']: one['message-state']
               for one in alice.received_of([push])}, {
        ended: 'delivered', deferred: 'cancelled', awaiting: 'cancelled',
        refused: 'undeliverable', bad: 'rejected'},
        'and the notifications say the same')
    tap.equal([display['dst'] for display in box.journal.displays
               if display['tag'] == push.number], ['467190'],
              'no phone shows what is cancelled')


def test(tap):
    with Sandbox(ppg={'trusted-pi': 'false'}, conf=CONF, plan=PLAN) as box, \
            Initiator(box.env['PPG_URL'], ('alice', 'secret')) as alice, \
            Initiator(box.env['PPG_URL'], ('bob', 'secret')) as bob:
        ended = states(tap, box, alice)
        whose(tap, box, alice, bob, ended)
        cancels(tap, box, alice, ended)
        kept = too_late(tap, box, alice, ended)
        without_boxes(tap, box, alice, ended)
        without_database(tap, box, alice, ended)
        stopped(tap, box, alice, ended)
        killed(tap, box, alice, ended)

        # The one that was undecided is delivered after all.
        ended['DELIVERED'] += kept
        state = {push.push_id: name for name, some in ended.items()
                 for push in some}
        all_pushes = [push for some in ended.values() for push in some]
        wait_for_results(box, alice, all_pushes, 70)
        judge(tap, box, alice, all_pushes,
              lambda push: state[push.push_id], crash=True, outage=True)
        several(tap, box, alice)


run(test)
