#!/usr/bin/python3 -B
"""An SMSC that answers cancels and queries as none should: never, twice, for
another, half. Each push has its one true result all the same, and bearerbox
lives. Its message ids are hexadecimal and bearerbox keeps them as decimal
numbers (msg-id-type), yet each cancel and query names its message as the SMSC
wrote it, with the addresses of the submit."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, checks, pushes,     # noqa: E402
                        run, wait_until)
from odd_smsc import CANCEL, NACK, QUERY, OddSmsc           # noqa: E402
from smpp_server import RESP, pdu                           # noqa: E402

LINK = '''
group = smsc
smsc = smpp
smsc-id = odd
preferred-smsc-id = odd
host = 127.0.0.1
port = {port}
smsc-username = sandbox
smsc-password = sandbox
system-type = VMA
transceiver-mode = true
msg-id-type = 0x01
reconnect-delay = 1
'''
TIMEOUT = 3
KEYS = {'smsc-id': 'odd', 'answer-timeout': TIMEOUT, 'receipt-timeout': 2,
        'query': 'yes'}
LATER = TIMEOUT + 1.5           # too late for any answer

CANCELLED = '; 2 of 3 cancelled'
TOO_LATE = '; 2 of 3 too late to cancel, 2 may be on the phone'
NOT_KNOWN = '; 2 of 3 may be on the phone'


def answer(seq, status=0, body=b''):
    return pdu(CANCEL | RESP, body, seq, status)


def state(seq, message, number):
    return pdu(QUERY | RESP, message.message_id + b'\0\0' + bytes([number, 0]),
               seq)


# By the first digits of the receiver: what the SMSC does when it is asked
# about a segment the so manieth time, and how the words of the result end.
# The third segment was refused. Each set of stories is played by itself.
CANCELS = [{
    '46711': (lambda seq, times: [answer(seq + 999), answer(seq)], CANCELLED),
    '46712': (lambda seq, times: [pdu(NACK, b'', seq, 3)], NOT_KNOWN),
    '46713': (lambda seq, times: [pdu(QUERY | RESP, b'\0\0\2\0', seq),
                                  answer(seq)], CANCELLED),
    '46714': (lambda seq, times: [answer(seq)] * 2, CANCELLED),
    '46715': (lambda seq, times: [answer(seq, body=b'\xff' * 40)], CANCELLED),
    '46716': (lambda seq, times: [answer(seq, 0xffffffff)], TOO_LATE),
    '46717': (lambda seq, times: [pdu(NACK, b'', NACK - 1, 3), answer(seq)],
              CANCELLED),
}, {
    '46718': (lambda seq, times: [answer(seq)[:9], None] if times == 1
              else [answer(seq)], CANCELLED),
}, {
    '46719': (lambda seq, times: [LATER, answer(seq)], NOT_KNOWN),
}]
# The same for queries, with the state of the result; no segment was refused.
QUERIES = {
    '46721': (lambda seq, message: [state(seq, message, 2)], 'DELIVERED'),
    '46722': (lambda seq, message: [state(seq, message, 5)],
              'UNDELIVERABLE'),
    '46723': (lambda seq, message: [state(seq, message, 200)], 'UNKNOWN'),
    '46724': (lambda seq, message: [pdu(QUERY | RESP, b'', seq, 0x67)],
              'UNKNOWN'),
    '46725': (lambda seq, message: [pdu(QUERY | RESP, message.message_id
                                        + b'\0', seq)], 'UNKNOWN'),
    '46726': (lambda seq, message: [pdu(NACK, b'', seq, 3)], 'UNKNOWN'),
}
ACTS = {prefix: acts for group in CANCELS for prefix, (acts, _)
        in group.items()}


def refuse(digits, message):
    """The third segment of those that are to be cancelled."""
    return 0x0b if digits in ACTS and re.search(
        rb'\x00\x03.\x03\x03', message, re.DOTALL) else 0


def respond(command, message, sequence, times):
    prefix = message.digits[:5]
    if command == QUERY:
        return QUERIES[prefix][0](sequence, message)
    if prefix in QUERIES:
        return [answer(sequence)]       # what a failed one leaves behind
    return ACTS[prefix](sequence, times)


def play(box, pi, prefixes):
    """Pushes one to each and waits for the results."""
    all_pushes = pi.push([push for prefix in prefixes for push in
                          pushes.make(1, prefix=f'+{prefix}')])
    wait_until(lambda: {push.push_id for push in all_pushes}
               <= pi.notified(), 60, 'all results')
    return all_pushes


def test(tap):
    smsc = OddSmsc(lambda count: b'00A%05X' % count, refuse, respond)
    with Sandbox(conf=LINK.format(port=smsc.port), convoy=KEYS) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        before = box.pids('bearerbox')
        for stories in CANCELS:
            for push in play(box, pi, stories):
                words = pi.received_of([push])[-1]['desc']
                wanted = stories[push.receiver[1:6]][1]
                tap.ok(words.endswith('Address' + wanted),
                       f'{push}: {wanted[2:]}', words)
        all_pushes = play(box, pi, QUERIES)
        tap.none(checks.wrong_results(
            all_pushes, [row for row in box.database.results()
                         if row.push_id in {push.push_id
                                            for push in all_pushes}],
            lambda push: QUERIES[push.receiver[1:6]][1]),
            'queries: each push has the right result')
        asked = {command for command, _ in smsc.asked}
        tap.equal(asked, {CANCEL, QUERY}, 'both were asked')
        tap.none(smsc.wrong, 'always about a message of this SMSC, with its '
                 'addresses')
        tap.equal(box.pids('bearerbox'), before,
                  'bearerbox is the same process')
    smsc.close()


run(test)
