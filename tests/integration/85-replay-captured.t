#!/usr/bin/python3 -B
"""What was captured while stock Kannel served pushes through faults, replayed:
stock displays the same pushes again, Convoy breaks no promise; and with
stand-ins for the people as without."""

import os
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import replay_verdict                                       # noqa: E402
import replays                                              # noqa: E402
from convoytest import (Initiator, Sandbox, pushes, run,    # noqa: E402
                        wait_until)
from dumpcap import Dumpcap, refused                        # noqa: E402
from traces import convoy_trace                             # noqa: E402

COUNT = 120
# A tenth of the phones each: unknown to the SMSC, and failing once.
PLAN = '''
receiver=46709* status 0x0b
receiver=46708* segment=2 attempt=1 status 0x45
status 0x58 5%
status 0x08 3%
delay 5..20ms
'''
FINAL = 0, 0x0b, 0x45
CONF = 'sms-resend-freq = 1\n'
CONVOY = {'answer-timeout': 4, 'retry-delay': 1}


def some_pushes():
    return [pushes.Push(f'+4670{number % 10}{number:06}', 1 + number % 3)
            for number in range(COUNT)]


def is_over(box, some):
    """Has each segment been accepted, or refused for good?"""
    found = {}
    for submit in box.journal.read().submits:
        found.setdefault(submit.tag, {})[submit.part] = submit.status
    return all(sum(status in FINAL
                   for status in found.get(push.number, {}).values())
               == push.segments for push in some)


def captured(folder):
    """(path of the capture, options of convoy-trace capture, push-ids of
    what phones displayed) of a day of stock Kannel."""
    path = f'{folder}/day.pcapng'
    with Sandbox('--stock', plan=PLAN, conf=CONF) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        ports = (urllib.parse.urlsplit(box.env['PPG_URL']).port,
                 box.env['SMSC_PORT'])
        with Dumpcap(path, *ports) as dumpcap:
            box.smsc('drop all')
            wait_until(lambda: len(box.smsc('links')['links']) == 2, 60,
                       'both links are back')
            some = pi.push(some_pushes())
            wait_until(lambda: is_over(box, some), 60, 'all is submitted')
            box.idle()
            dumpcap.catch_up()
        shown = {display['tag'] for display in box.journal.displays}
    return path, ['--ppg', f'127.0.0.1:{ports[0]}', '--smpp',
                  f'127.0.0.1:{ports[1]}'], {
        push.push_id for push in some if push.number in shown}


def trace_of(folder, name, *arguments):
    path = f'{folder}/{name}.jsonl'
    with open(path, 'w') as file:
        file.write(convoy_trace('capture', *arguments).stdout)
    return path


def displayed(evidence):
    return {one.push.push_id for one in evidence.deliveries
            if evidence.displayed(one)}


def judge(tap, evidence, name):
    tap.note(name)
    replay_verdict.judge(tap, evidence)
    tap.equal(len(evidence.deliveries), COUNT, 'every push is in the trace')


def test(tap):
    why = refused()
    if why:
        tap.skip('replays of what was captured', why)
        return
    with tempfile.TemporaryDirectory() as folder:
        path, ports, shown = captured(folder)
        tap.equal(len(shown), COUNT - COUNT // 10 - sum(
            push.segments > 1 and push.receiver.startswith('+46708')
            for push in some_pushes()), 'stock Kannel lost some when recorded')
        trace = trace_of(folder, 'people', '--no-pseudonyms', *ports, path)
        stock, convoy = replays.replayed(trace, f'{folder}/people',
                                         ['stock', 'convoy'], conf=CONF,
                                         convoy=CONVOY)
        judge(tap, stock, 'as recorded')
        tap.equal(displayed(stock), shown,
                  'stock: the same pushes are displayed')
        judge(tap, convoy, 'as recorded')
        tap.equal(len(displayed(convoy)), COUNT - COUNT // 10,
                  'Convoy: all but those that the SMSC refuses')
        trace = trace_of(folder, 'standins', *ports, path)
        convoy, = replays.replayed(trace, f'{folder}/standins', ['convoy'],
                                   conf=CONF, convoy=CONVOY)
        judge(tap, convoy, 'with stand-ins')
        tap.equal(len(displayed(convoy)), COUNT - COUNT // 10,
                  'Convoy: with stand-ins, too')


run(test)
