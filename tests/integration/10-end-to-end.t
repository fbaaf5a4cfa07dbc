#!/usr/bin/python3 -B
"""One push at a time, from the Push Initiator to the phone and back: sizes,
priority, a push-id used twice, and deliver-before."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, judge, pushes,      # noqa: E402
                        run, wait_for_results, wait_until)


def pap_time(seconds_from_now):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ',
                         time.gmtime(time.time() + seconds_from_now))


def validity_seconds(text):
    """SMPP validity_period, absolute or relative, as seconds from now."""
    numbers = [int(text[at:at + 2]) for at in range(0, 12, 2)]
    if text.endswith('R'):
        year, month, day, hour, minute, second = numbers
        return (((year * 365 + month * 30 + day) * 24 + hour) * 60
                + minute) * 60 + second
    quarters = int(text[13:15]) * (1 if text.endswith('+') else -1)
    at = time.strptime(text[:12], '%y%m%d%H%M%S')
    return (time.mktime(at) - time.timezone - quarters * 900) - time.time()


def sizes(tap, box, pi):
    """1, 2, 3 and 10 segments."""
    some = [pushes.Push(f'+4670000{count:04}', count)
            for count in (1, 2, 3, 10)]
    pi.push(some, at_a_time=1)
    wait_for_results(box, pi, some)
    judge(tap, box, pi, some)
    tap.equal(sorted(display['total'] or 1
                     for display in box.journal.displays), [1, 2, 3, 10],
              'each push has the segments that its size needs')
    took = [push.seconds for push in some]
    at_once = 1 if 'CONVOY_BUILD' in os.environ else 0.2
    tap.ok(min(took) < at_once, 'a lone push is answered at once', took)
    return some


def priority(tap, box, pi):
    """While one push holds the receiver, three more queue up."""
    receiver = '+46701111111'
    box.smsc('pause')
    first = pi.push([pushes.Push(receiver, 2)])
    wait_until(lambda: box.database.groups('SENDING') == 1, 5,
               'the first is being sent')
    queued = {level: pushes.Push(receiver, 2, priority=level)
              for level in ('low', 'medium', 'high')}
    for push in queued.values():
        first += pi.push([push])
    wait_until(lambda: box.database.groups('QUEUED') == 3, 5,
               'three are queued')
    box.smsc('resume')
    wait_for_results(box, pi, first)
    numbers = [display['tag'] for display in box.journal.displays
               if display['dst'] == receiver.lstrip('+')]
    tap.equal(numbers[1:], [queued[level].number
                            for level in ('high', 'medium', 'low')],
              'high before medium before low, whatever came first')
    return first


def same_push_id(tap, box, pi):
    """The same push-id again, during and after its delivery."""
    push = pushes.Push('+46702222222', 3)
    box.smsc('pause')
    pi.push([push])
    tap.equal(push.code, 1001, 'a push is accepted')
    again = pi.push([push])[0]
    tap.equal(again.code, 2007, 'the same push-id again is a duplicate')
    box.smsc('resume')
    wait_for_results(box, pi, [push])
    pi.push([push])
    tap.equal(push.code, 2007, 'and still after its delivery')
    box.idle()
    tap.equal(len(box.journal.by_tag()[push.number]), 3, 'it is sent once')
    return [push]


def deliver_before(tap, box, pi):
    past = pi.push([pushes.Push('+46703333333', 1,
                                deliver_before_timestamp=pap_time(-60))])[0]
    tap.ok(past.code and 2000 <= past.code < 3000,
           'deliver-before in the past is refused', past.codes)

    long_life = pushes.Push('+46704444444', 2,
                            deliver_before_timestamp=pap_time(3600))
    box.smsc.plan('receiver=46705* status 0x08\n')
    # its time is over long after one try and long before the next
    short_life = pushes.Push('+46705555555', 2,
                             deliver_before_timestamp=pap_time(4.5))
    begun = time.time()
    some = pi.push([long_life, short_life])
    wait_for_results(box, pi, some)
    lives = [validity_seconds(submit.validity) for submit in
             box.journal.by_tag()[long_life.number]]
    tap.ok(all(3400 < life < 3700 for life in lives),
           'it becomes the validity period of every segment', lives)
    ended = [one for one in pi.received
             if one['push-id'] == short_life.push_id][0]
    tap.equal(ended['message-state'], 'expired',
              'a push that the SMSC does not take in time is expired')
    tap.ok(3 <= ended['at'] - begun < 12, 'soon after its time',
           ended['at'] - begun)
    return some


def test(tap):
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        all_pushes = sizes(tap, box, pi)
        all_pushes += priority(tap, box, pi)
        all_pushes += same_push_id(tap, box, pi)
        all_pushes += deliver_before(tap, box, pi)
        judge(tap, box, pi, all_pushes, lambda push: 'EXPIRED' if
              push.receiver == '+46705555555' else 'DELIVERED',
              name='in the end')
    tap.none(box.leftovers, 'no process is left')


run(test)
