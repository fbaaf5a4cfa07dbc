#!/usr/bin/python3 -B
"""A link whose driver cannot carry pushes stops a box that starts, and may
still come to one that runs: by add-smsc, by graceful-restart, by SIGHUP. Then
it gets none of them, whatever they ask for and whatever its routing; one line
says why; and everything else takes it as ever."""

import os
import re
import socket
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from admin import Admin                                     # noqa: E402
from convoytest import (Initiator, Sandbox, pushes, run,    # noqa: E402
                        wait_for_results, wait_until)
from push_initiator import timestamp                        # noqa: E402

UNFIT = '''
group = smsc
smsc = emi
smsc-id = {0}
preferred-smsc-id = {0}
host = 127.0.0.1
port = {1}
my-number = 100
wait-ack-expire = 1
{2}
'''


class Emi:
    """Takes connections and keeps the submits (operation 51)."""

    def __init__(self):
        self.octets, self.socket = b'', socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            link, _ = self.socket.accept()
            threading.Thread(target=self._read, args=[link],
                             daemon=True).start()

    def _read(self, link):
        while octets := link.recv(65536):
            self.octets += octets

    def submits(self):
        return re.findall(rb'\x02\d\d/\d+/O/51/(\d+)/', self.octets)


class Bed:
    def __init__(self, tap, box, pi):
        self.tap, self.box, self.pi = tap, box, pi
        self.admin, self.emi = Admin(box.env), Emi()
        with open(f'{box.folder}/kannel.conf') as file:
            self.conf = file.read()

    def write(self, *links):
        """kannel.conf, with these unfit links too: (smsc-id, more keys)."""
        with open(f'{self.box.folder}/kannel.conf', 'w') as file:
            file.write(self.conf)
            for smsc_id, keys in links:
                file.write(UNFIT.format(smsc_id, self.emi.port, keys))

    def online(self, smsc_id):
        wait_until(lambda: re.search(
            rf'{smsc_id}\S* +EMI2:\S* \(online', self.admin('status.txt')),
            15, f'{smsc_id} is online')

    def check(self, name, smsc_id, lines):
        """Pushes over links of its choice and for smsc_id, and a message."""
        before = len(self.emi.submits())
        some = pushes.make(40, prefix=f'+467{before}',
                           deliver_before_timestamp=timestamp(
                               time.time() + 600))
        asked = pushes.make(2, prefix=f'+468{before}', smsc=smsc_id)
        self.pi.push(some + asked)
        wait_for_results(self.box, self.pi, some + asked)
        states = {row.push_id: row.state
                  for row in self.box.database.results()}
        self.tap.equal([{states[push.push_id] for push in kind}
                        for kind in (some, asked)],
                       [{'DELIVERED'}, {'EXPIRED'}],
                       f'{name}: pushes take the other links, those that ask '
                       f'for {smsc_id} wait')
        with urllib.request.urlopen(
                f'{self.box.env["SENDSMS_URL"]}&from=100&to=1000{before}'
                f'&text=hello&smsc={smsc_id}', timeout=10):
            pass
        wait_until(lambda: len(self.emi.submits()) > before, 10,
                   f'the message comes over {smsc_id}')
        self.tap.equal(self.emi.submits()[before:], [b'1000%d' % before],
                       f'{name}: {smsc_id} carries messages, and no push')
        said = [line for line in self.box.log('bearerbox').splitlines()
                if 'cannot carry pushes' in line and f' {smsc_id}:' in line]
        self.tap.equal(len(said), lines, f'{name}: {lines} line says why')
        if said:
            self.tap.note(re.sub(r'^.*?(ERROR): ', '', said[0]))


def test(tap):
    with Sandbox('--log', '1', convoy={'lifetime': 3}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        bed = Bed(tap, box, pi)
        bed.write(('added', ''))
        bed.admin('add-smsc', smsc='added')
        bed.online('added')
        bed.check('add-smsc', 'added', 1)

        # a link that pushes are kept off, until its routing changes
        bed.write(('added', ''), ('routed', 'allowed-smsc-id = routed'))
        bed.admin('graceful-restart')
        bed.online('routed')
        bed.check('graceful-restart', 'routed', 0)
        bed.write(('added', ''), ('routed', ''))
        box.kill('bearerbox', 'HUP')
        wait_until(lambda: 'Re-configured routing for smsc-id `routed'
                   in box.log('bearerbox'), 20, 'SIGHUP is heard')
        bed.check('SIGHUP', 'routed', 1)


run(test)
