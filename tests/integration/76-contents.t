#!/usr/bin/python3 -B
"""Every kind of content, service indications and loadings with each of their
attributes, provisioning, MMS notifications, other octets in every encoding, to
any application: each goes out as one group, and decoders that share no code
with the gateway find on the phone what was pushed."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import contents                                             # noqa: E402
import wireshark                                            # noqa: E402
import wsp                                                  # noqa: E402
from convoytest import (Initiator, Sandbox, checks, run,        # noqa: E402
                        wait_for_results)

# Destination 2948, the connectionless push, and source 9200.
PORTS = bytes.fromhex('05040b8423f0')


def ports(journal):
    return [f'{submit}: {submit.message[:12].hex()}'
            for submit in journal.submits if PORTS not in submit.message[:12]]


def decode(tap, all_contents, displays):
    """What each phone got, against what was pushed to it."""
    payloads = {display['dst']: bytes.fromhex(display['payload'])
                for display in displays}
    order = [content for content in all_contents
             if content.receiver.lstrip('+') in payloads]
    fields = wireshark.decode(payloads[content.receiver.lstrip('+')]
                              for content in order)
    for content, found in zip(order, fields):
        payload = payloads[content.receiver.lstrip('+')]
        tap.none(contents.wrong(content, payload, found),
                 f'{content}: the phone has it')
        if content.name == 'multipart/mixed':
            tap.equal(contents.mime_parts(found, wsp.push_body(payload)[1]),
                      [('text/plain', b'hello'),
                       ('image/gif', b'GIF89a\0\xff')],
                      'and Python finds both parts of it')


def test(tap):
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        good, bad = contents.all_contents(), list(contents.refused())
        pi.push(good)
        tap.none([f'{one}: {one.codes} {one.desc}' for one in good
                  if one.code != 1001], 'every content is accepted')
        pi.push(bad)
        tap.none([f'{one}: {one.codes} {one.desc}' for one in bad
                  if one.code != 3006],
                 'what cannot become what it says it is is refused: 3006')
        wait_for_results(box, pi, good)
        tap.none(checks.wrong_results(good + bad, box.database.results()),
                 'each is one group, and delivered')
        tap.none(checks.wrong_notifications(good, pi.received),
                 'and notified')
        shown = sorted(display['dst'] for display in box.journal.displays)
        tap.equal(shown, sorted(one.receiver.lstrip('+') for one in good),
                  'each phone displays one message')
        tap.none(ports(box.journal), 'all of them at the ports of pushes')
        decode(tap, good, box.journal.displays)


run(test)
