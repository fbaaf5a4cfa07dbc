#!/usr/bin/python3 -B
"""deliver-after and deliver-before: a push leaves at its time, not before, and
may be cancelled or replaced until then. It lives until its deliver-before, as
does each SMS of it at the SMSC, and ends "expired" while its link is down or
its phone away. Times in another form, or that cannot be, are refused."""

import calendar
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, judge, pushes,      # noqa: E402
                        run, wait_for_results, wait_until)
from push_initiator import timestamp                        # noqa: E402

DAY = 24 * 3600
LONGEST = 63 * 7 * DAY      # of an SMS
LIFETIME = 10               # of a push without deliver-before
PLAN = '''
receiver=46741* deliver 60s
receiver=46742* segment=2 noanswer-lost
'''

# What is no time, or in a form that PAP does not have.
FORMS = ['', '2030-02-30T00:00:00Z', '2030-13-01T00:00:00Z',
         '2030-01-01T24:00:00Z', '2030-01-01T00:00:00', '2030-01-01',
         '2030-01-01T00:00:00z', '2030-01-01 00:00:00Z',
         '2030-01-01T00:00:00.5Z', '2030-01-01T00:00:00+01:00',
         '20300101T000000Z', ' 2030-01-01T00:00:00Z']


def one(receiver, after=None, before=None, **control):
    """A push with these times, in seconds since the epoch or as text."""
    for name, at in ('after', after), ('before', before):
        if at is not None:
            control[f'deliver_{name}_timestamp'] = \
                at if isinstance(at, str) else timestamp(at)
    return pushes.Push(receiver, 3, **control)


def soon(seconds):
    """A full second, in at least so many seconds."""
    return int(time.time()) + 1 + seconds


def submits(box, push):
    return box.journal.by_tag().get(push.number, [])


def ended(pi, some, seconds=30):
    wait_until(lambda: {push.push_id for push in some} <= pi.notified(),
               seconds, 'their ends are notified')


def told(pi, push):
    """What the PI was notified of: state, code and event-time."""
    only, = pi.received_of([push])
    return only['message-state'], int(only['code']), only['event-time']


def asked(pi, push, kind='statusquery'):
    answer, = pi.ask(kind, push)
    return answer.get('message-state'), int(answer['code'])


def refused(tap, box, pi):
    now = time.time()
    cases = [(2000, one('+46740', **{name: form}))
             for form in FORMS for name in ('after', 'before')]
    cases += [(2001, one('+46740', before=now - 5)),
              (2001, one('+46740', after=now - 10, before=now - 5)),
              (2000, one('+46740', after=now + 60, before=now + 60)),
              (2000, one('+46740', after=now + 60, before=now + 30))]
    pi.push([push for _, push in cases])
    tap.none([f'{push.control}: {push.code} {push.desc}, not {code}'
              for code, push in cases if push.code != code],
             'what is no time, or past, or in no order is refused')
    tap.equal(box.database.value('SELECT count(*) FROM convoy.push_view'), 0,
              'and not stored')


def punctual(tap, box, pi):
    """Each with a time of its own; also beyond the lifetime, and past."""
    first = soon(4)
    times = [first + second for second in (0, 1, 2, 3, 4, LIFETIME + 2)]
    some = [one(f'+46743{at}', after=at) for at in times]
    past = one('+467430', after=first - 60)
    pi.push(some + [past])
    tap.equal([asked(pi, push) for push in some], [('pending', 1000)] * 6,
              'until then a push is pending')
    ended(pi, some + [past], LIFETIME + 30)
    box.smsc.idle()
    box.journal.read()
    late = [submits(box, push)[0].sent - at for push, at in zip(some, times)]
    tap.note('late by ' + ', '.join(f'{seconds:.2f}' for seconds in late)
             + ' s')
    tap.ok(min(late) >= 0, 'no push leaves before its time', late)
    tap.ok(statistics.median(late) < 1, 'it does within a second of it', late)
    tap.equal(told(pi, some[-1])[0], 'delivered',
              'also when that is later than the lifetime of others')
    return some + [past]


def lives(tap, box, pi):
    """Until when the SMSC may keep an SMS."""
    now = soon(0)
    cases = [(one('+467440'), lambda push, _: push.answered + LIFETIME),
             (one('+467441', after=now + 3), lambda *_: now + 3 + LIFETIME),
             (one('+467442', before=now + 600), lambda *_: now + 600),
             (one('+467443', after=now + 3, before=now + 30 * DAY),
              lambda *_: now + 30 * DAY),
             (one('+467444', before='2099-12-31T23:59:59Z'),
              lambda _, sent: sent + LONGEST),
             (one('+467445', before='9999-12-31T23:59:59Z'),
              lambda _, sent: sent + LONGEST)]
    some = pi.push([push for push, _ in cases])
    ended(pi, some)
    box.smsc.idle()
    box.journal.read()
    told_smsc = [(push, until(push, submit.sent), calendar.timegm(
        time.strptime(submit.validity, '%y%m%d%H%M%S000+')))
                 for push, until in cases for submit in submits(box, push)]
    tap.equal(len(told_smsc), 3 * len(cases), 'pushes of three segments')
    tap.none([f'{push.control}: {timestamp(validity)}, not '
              f'{timestamp(until)}' for push, until, validity in told_smsc
              if abs(validity - until) > 2],
             'the end of its life is the validity of each of its SMS')
    return some


def taken_back(tap, box, pi):
    """Before their time some are cancelled or replaced; a deferred one may
    replace another."""
    at = soon(4)
    cancelled, old, older = pi.push([one(f'+4674{n}', after=at)
                                     for n in (50, 51, 52)])
    tap.equal(asked(pi, cancelled, 'cancel'), (None, 1000),
              'a push that is not due is cancelled')
    new = pi.push([one('+467451', replace_push_id=old.push_id),
                   one('+467452', after=at, replace_push_id=older.push_id)])
    gone = [cancelled, old, older]
    ended(pi, gone + new)
    tap.equal([told(pi, push)[0] for push in gone], ['cancelled'] * 3,
              'or replaced, also by another that is not due')
    box.smsc.idle()
    box.journal.read()
    tap.equal([len(submits(box, push)) for push in gone + new],
              [0, 0, 0, 3, 3], 'then only what replaces it is sent')
    tap.ok(submits(box, new[0])[0].sent < at <= submits(box, new[1])[0].sent,
           'each at its own time')
    return gone, new


def begun(box, pi, *some):
    """Pushes; returns when the SMSC has taken of each what it is to take."""
    pi.push(some)
    wait_until(lambda: box.journal.read() and all(
        len(submits(box, push)) == (2 if push.receiver.startswith('+46742')
                                    else 3) for push in some), 10,
        'the SMSC has them, or a part')


def all_expired(tap, pi, some, at, name):
    ended(pi, some)
    tap.equal([told(pi, push) for push in some],
              [('expired', 4000, timestamp(at))] * len(some), name)


def phone_away(tap, box, pi):
    at = soon(5)
    some = [one('+467410', before=at), one('+467420', before=at)]
    begun(box, pi, *some)
    all_expired(tap, pi, some, at, 'deliver-before passes while the phone is '
                'away, or the SMSC silent')
    box.smsc.idle()
    box.journal.read()
    tap.none([display for display in box.journal.displays if display['tag']
              in [push.number for push in some]],
             'nothing is displayed later')
    return some


def link_down(tap, box, pi):
    at = soon(6)
    some = [one('+467421', before=at), one('+467460', before=at),
            one('+467461', after=at - 2, before=at)]
    begun(box, pi, some[0])
    box.kill('smsc')
    pi.push(some[1:])
    all_expired(tap, pi, some, at, 'or while there is no link, of a push that '
                'was begun, that waits, or whose time comes meanwhile')
    box.start('smsc')
    last = pi.push([one('+467462', before=soon(60))])
    ended(pi, last, 60)
    box.smsc.idle()
    box.journal.read()
    tap.equal([len(submits(box, push)) for push in some + last],
              [2, 0, 0, 3], 'and nothing is sent when there is one again')


def test(tap):
    with Sandbox(plan=PLAN, convoy={'lifetime': LIFETIME}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        refused(tap, box, pi)
        delivered = punctual(tap, box, pi) + lives(tap, box, pi)
        cancelled, new = taken_back(tap, box, pi)
        expired = phone_away(tap, box, pi)
        state = {push: name for name, some in (
            ('DELIVERED', delivered + new), ('CANCELLED', cancelled),
            ('EXPIRED', expired)) for push in some}
        wait_for_results(box, pi, list(state))
        judge(tap, box, pi, list(state), state.get)
        link_down(tap, box, pi)


run(test)
