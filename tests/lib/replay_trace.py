"""What a trace says of its pushes, and what its gateway made of them. The
trace has been checked by convoy-trace before, so that it is read simply."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field

ADDRESS = re.compile(rb'''address-value\s*=\s*["']\s*WAPPUSH=([^/"']+)/''',
                     re.IGNORECASE)
NOTIFY = re.compile(rb'\sppg-notify-requested-to\s*=')


@dataclass
class Outcome:
    """None where the trace does not say."""
    displayed: bool = None
    displayed_at: float = None      # seconds of the trace
    state: str = None
    told: str = None


@dataclass
class Delivery:
    """A push to one of its addresses: what a phone shows or does not.
    `number` counts them; it is the tag of its segments in the journal."""
    number: int
    push: 'Push'
    dst: str                        # without +
    recorded: Outcome

    @property
    def accepted(self):
        return self.push.accepted

    def __repr__(self):
        return f'push {self.push.number} to {self.dst}'


@dataclass
class Push:
    """`codes`, `sent` and so on are of the replay, and filled in later; times
    are seconds since the epoch."""
    number: int
    at: float                       # seconds of the trace
    operation: str
    push_id: str
    octets: bytes                   # the body; None once it is of no use
    wants_result: bool              # the PI asks to be notified
    recorded_code: int = None
    deliveries: list = field(default_factory=list)
    sent: float = None
    due: float = None
    answered: float = None
    code: int = None
    http: int = None
    withheld: bool = False

    @property
    def accepted(self):
        return self.operation == 'push' and self.code == 1001


def digest_of(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


class Trace:
    """`pushes` by number, `deliveries` of those that push (a cancel or a
    query has none), `begin` is the first line."""

    def __init__(self, path):
        self.pushes, self.deliveries = {}, []
        self._by_name = {}
        with open(path, 'rb') as file:
            for line in file:
                self._take(json.loads(line))

    def _take(self, record):
        kind = record.get('ev')
        if kind is None:
            self.begin = record
        elif kind == 'push':
            self._take_push(record)
        elif kind == 'push_answer':
            self.pushes[record['push']].recorded_code = record.get('code')
        elif kind == 'outcome':
            self._take_outcome(record)

    def _take_push(self, record):
        octets = record.get('body', '').encode()
        if 'body_base64' in record:
            octets = base64.b64decode(record['body_base64'])
        push = Push(record['push'], record['t'] / 1e6,
                    record.get('operation', 'push'),
                    record.get('push_id'), octets,
                    NOTIFY.search(octets) is not None)
        self.pushes[push.number] = push
        if push.operation != 'push':
            return
        seen = dict.fromkeys(found.decode(errors='replace').strip()
                             .lstrip('+') for found in
                             ADDRESS.findall(octets))
        for dst in seen:
            delivery = Delivery(len(self.deliveries) + 1, push, dst,
                                Outcome())
            self.deliveries.append(delivery)
            push.deliveries.append(delivery)
            self._by_name[push.number, dst] = delivery

    def _take_outcome(self, record):
        push = self.pushes[record['push']]
        dst = record.get('dst', '').lstrip('+')
        delivery = self._by_name.get((push.number, dst))
        if delivery is None and not dst and len(push.deliveries) == 1:
            delivery, = push.deliveries
        if delivery is not None:
            at = record.get('displayed_at')
            delivery.recorded = Outcome(
                record.get('displayed'), at and at / 1e6,
                record.get('state'), record.get('told'))
