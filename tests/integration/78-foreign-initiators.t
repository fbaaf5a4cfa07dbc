#!/usr/bin/python3 -B
"""Push Initiators that others wrote: documents in the forms that vendors have
published, with their versions, spellings, boundaries and headers, for pushes,
notifications, status queries and cancels; and the gateway's own test client.
No Push Initiator is to be had as a package."""

import os
import subprocess
import sys
import tempfile

TESTS = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..')
sys.path.insert(0, os.path.join(TESTS, 'lib'))

import pap_dtd                                              # noqa: E402
import pap_example                                          # noqa: E402
import wsp                                                  # noqa: E402
from convoytest import Sandbox, run, wait_until             # noqa: E402
from pap_replay import Notified, replay_all                 # noqa: E402

KANNEL = os.path.join(TESTS, '..', 'build', 'kannel', 'test')
PHONE = '+46760000001'


def test_ppg(tap, box):
    """One push by test_ppg, which makes the request of two files."""
    with open(f'{KANNEL}/smstestppg.txt') as file:
        control = file.read().replace('+358408201681', PHONE)
    with tempfile.NamedTemporaryFile('w', suffix='.txt') as file:
        file.write(control)
        file.flush()
        said = subprocess.run(
            [f'{KANNEL}/test_ppg', '-e', 'base64', '-a', 'ua', '-k', 'close',
             '-r', '1', '-E', '-p', box.env['PPG_URL'], f'{KANNEL}/si.txt',
             file.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=60, text=True).stdout
    tap.ok('1 succeeded, 0 failed' in said, 'test_ppg has its push accepted',
           *said.splitlines()[-20:])
    wait_until(lambda: any(one['dst'] == PHONE.lstrip('+') for one in
                           box.journal.read().displays), 30,
               'the push of test_ppg is displayed')
    display = [one for one in box.journal.displays
               if one['dst'] == PHONE.lstrip('+')][0]
    _, body = wsp.push_body(bytes.fromhex(display['payload']))
    with open(f'{KANNEL}/si.txt') as file:
        document = file.read()
    tap.ok(wsp.same_document(wsp.decode_wbxml(body), document),
           'and the phone displays its document', wsp.decode_wbxml(body))


def test(tap):
    examples = pap_example.read_all(os.path.join(TESTS, 'pap', 'foreign'))
    with Sandbox() as box:
        notified = Notified()
        try:
            replays = replay_all(box, notified, examples, 'foreign')
            for one in replays:
                tap.ok(one.wrong is None,
                       f'{one.example}: {len(one.example.steps)} steps',
                       one.wrong)
            tap.none(pap_dtd.invalid([document for one in replays
                                      for document in one.documents]),
                     'what they were sent is valid by its DTD')
            test_ppg(tap, box)
        finally:
            notified.close()


run(test)
