"""Pushes that a test can recognise wherever it meets a piece of one.

The text of each Service Indication is its tag, `p` and six digits and a dot,
over and over, so that every segment holds it whole at least once.
"""

import itertools
import re

import push_initiator as pi

_TAG = re.compile(rb'p(\d{6})\.')
_numbers = itertools.count(1)

# Octets of a push beside its text (WSP and WBXML headers, href), and of a
# segment with ports and an 8-bit reference.
OVERHEAD, SEGMENT = 50, 128


def tag_of(octets):
    """The number of the push that these octets are a part of, or None."""
    found = _TAG.search(octets)
    return int(found[1]) if found else None


def text_of(number, segments):
    """Text with which a push needs that many segments."""
    length = 8 if segments == 1 else SEGMENT * (segments - 1) + 70 - OVERHEAD
    return f'p{number:06}.' * (length // 8)


class Push:
    """What is pushed, and what the PI heard. `code` is that of the last
    answer, None without one; `codes` are all, None for a broken connection;
    `http` the last HTTP status; `seconds` the wait for the last answer.
    `headers` may be given further ones of the HTTP request; `smsc` is the
    smsc-id that the PI asks for with one of them. `others` are more receivers,
    or addresses, of the same push."""

    def __init__(self, receiver, segments, smsc=None, others=(), **control):
        self.number = next(_numbers)
        self.push_id = f'push-{self.number}@pi.example.com'
        self.receiver, self.segments = receiver, segments
        self.others = list(others)
        self.document = pi.service_indication(
            f'http://pi.example/p{self.number:06}.',
            text_of(self.number, segments))
        self.control = control
        self.headers = {'X-Kannel-SMSC': smsc} if smsc else {}
        self.forget_answer()

    def forget_answer(self):
        self.codes, self.http, self.desc = [], None, None
        self.seconds = self.answered = None

    @property
    def code(self):
        return self.codes[-1] if self.codes else None

    @property
    def accepted(self):
        """Stored, as far as the PI knows: a repeated push-id counts."""
        return self.code in (1001, 2007)

    def body(self, notify_url):
        control = pi.push_message(self.push_id, self.receiver, *self.others,
                                  notify_url=notify_url, **self.control)
        return pi.multipart(control, self.document)

    def __repr__(self):
        return f'push {self.number} to {self.receiver}'


def make(count, segments=3, receivers=None, prefix='+4670', **control):
    """`count` pushes; to `receivers` phones in turn, else to one each."""
    receivers = receivers or count
    return [Push(f'{prefix}{number % receivers:07}', segments, **control)
            for number in range(count)]
