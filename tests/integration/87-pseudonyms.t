#!/usr/bin/python3 -B
"""Stand-ins change nothing that the gateway sees of a push but its words:
each kind of content is pushed as it is and as `convoy-trace pseudonyms` makes
it. Both are answered alike, and have segments of the same lengths, at the
number that the trace says; and no word of the one is left in the other."""

import base64
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import contents                                             # noqa: E402
import push_initiator                                       # noqa: E402
import traces                                               # noqa: E402
from convoytest import Initiator, Sandbox, run              # noqa: E402
from pushes import Push                                     # noqa: E402

# Words of the contents that nobody may find in a trace.
SECRETS = re.compile(rb'example|Hello|secret|password|46701234567|mmsc', re.I)


class StandIn(Push):
    """A push as it is in a trace, with the receiver that the trace has."""

    def __init__(self, original, record, receiver):
        super().__init__(receiver, 1)
        self.original, self.record = original, record
        self.headers = dict(record['headers'][1:])

    def body(self, notify_url):
        if 'body' in self.record:
            return self.record['body'].encode()
        return base64.b64decode(self.record['body_base64'])

    def __repr__(self):
        return f'the stand-in of {self.original}'


def recorded(number, push):
    """A push and its submit, as a capture has them."""
    body = push.body(None)
    record = {'ev': 'push', 't': 0, 'push': number, 'url': '/wappush',
              'headers': [['Content-Type', push_initiator.CONTENT_TYPE],
                          *map(list, push.headers.items())]}
    try:
        if b'\0' in body:
            raise ValueError
        record['body'] = body.decode()
    except ValueError:
        record['body_base64'] = base64.b64encode(body).decode()
    return [record, {'ev': 'submit', 't': 0, 'push': number, 'submit': number,
                     'dst': push.receiver}]


def pseudonyms(tap, all_pushes):
    trace = [{'convoy-trace': 1, 'source': 'test', 'pseudonyms': False}]
    for number, push in enumerate(all_pushes, 1):
        trace += recorded(number, push)
    with tempfile.NamedTemporaryFile() as key:
        # not a new one each time: it may make any word by chance
        key.write(b'the key of a test')
        key.flush()
        made = traces.convoy_trace('pseudonyms', '--key', key.name, '-',
                                   text=traces.lines(trace))
    tap.equal((made.returncode, made.stderr), (0, ''),
              'stand-ins for each of them')
    _, *records = map(json.loads, made.stdout.splitlines())
    return [StandIn(push, record, submit['dst']) for push, record, submit
            in zip(all_pushes, records[::2], records[1::2])]


def left(standins):
    """What a trace may not show. The name of an application is no secret."""
    for one in standins:
        body = re.sub(rb'(?i)X-Wap-Application-Id: .*', b'',
                      one.body(None))
        number = one.original.receiver.encode()
        if SECRETS.search(body) or number in body:
            yield f'{one}: {body}'


def segments(journal):
    """By receiver: what of its segments must be the same."""
    found = {}
    for submit in journal.submits:
        found.setdefault(submit.dst, []).append(
            (submit.part, submit.total, len(submit.message)))
    return found


def test(tap):
    originals = contents.all_contents() + list(contents.refused())
    standins = pseudonyms(tap, originals)
    tap.none(left(standins), 'nothing of them is left')
    with Sandbox() as box, Initiator(box.env['PPG_URL']) as pi:
        pi.push([*originals, *standins], notify=False)
        tap.none([f'{one} {one.original.codes} {one.codes} {one.desc}'
                  for one in standins if one.codes != one.original.codes],
                 'the PPG answers both alike')
        accepted = sum(one.accepted for one in standins)
        tap.ok(accepted > 50, f'it takes {accepted}')
        box.idle()
        sent = segments(box.journal)
        tap.none([f'{one}: {sent.get(one.original.receiver[1:])} became '
                  f'{sent.get(one.receiver[1:])}' for one in standins
                  if one.accepted and sent.get(one.receiver[1:], []) !=
                  sent.get(one.original.receiver[1:])],
                 'both have segments of the same lengths')


run(test)
