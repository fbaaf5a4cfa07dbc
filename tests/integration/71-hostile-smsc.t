#!/usr/bin/python3 -B
"""An SMSC that sends what no SMSC should: bearerbox lives through all of it,
no link hangs, and pushes over the links of a better SMSC go on meanwhile."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, judge, pushes,      # noqa: E402
                        run, wait_for_results, wait_until)
from hostile_smsc import HostileSmsc                            # noqa: E402

LINKS = 8

LINK = '''
group = smsc
smsc = smpp
smsc-id = hostile
allowed-smsc-id = hostile
host = 127.0.0.1
port = {port}
smsc-username = sandbox
smsc-password = sandbox
system-type = VMA
transceiver-mode = true
reconnect-delay = 1
instances = {links}
'''


def test(tap):
    smsc = HostileSmsc()
    conf = LINK.format(port=smsc.port, links=LINKS)
    with Sandbox(conf=conf) as box, Initiator(box.env['PPG_URL']) as pi:
        box.kill('smsbox')          # or it answers what are no receipts
        before = box.pids('bearerbox')
        smsc.begin()
        all_pushes = []
        while smsc.done < smsc.acts and box.pids('bearerbox') == before:
            all_pushes += pi.push(pushes.make(20, 3), until_accepted=True)
        wait_until(lambda: smsc.done == smsc.acts
                   or box.pids('bearerbox') != before, 30, 'all acts')
        smsc.close()
        tap.ok(smsc.acts > 200, f'{smsc.acts} acts of the hostile SMSC')
        tap.none(smsc.hung, 'no link hangs after one')
        tap.equal(box.pids('bearerbox'), before,
                  'bearerbox is the same process')
        wait_for_results(box, pi, all_pushes)
        judge(tap, box, pi, all_pushes, name='beside it')
        tap.none([line for line in box.log('postgres').splitlines()
                  if 'ERROR' in line], 'the database can take all of it')


run(test)
