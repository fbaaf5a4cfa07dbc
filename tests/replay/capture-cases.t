#!/usr/bin/python3 -B
"""What becomes of a capture in cases that are told one by one: odd forms of
HTTP, connections that lack something, and whose segment is whose."""

import dataclasses
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import packets as pk                                        # noqa: E402
import push_initiator as pi                                 # noqa: E402
import tap                                                  # noqa: E402
from captures import PORTS, capture, of_packets             # noqa: E402
from dialogue import (BIND, DELIVER, PI, PPG, SMPP, SUBMIT,  # noqa: E402
                      UNBIND, address, answer, pap_answer, push_body,
                      receipt, segments, submit, text)
from http_stream import message                             # noqa: E402
from packets import ACK, CLIENT, FIN, SERVER                # noqa: E402
from smpp_server import RESP, pdu                           # noqa: E402

ACCEPTED = pap_answer('push-response', 'code="1001"')
OK = message('HTTP/1.1 202 Accepted', ACCEPTED, {})
ONE, TWO = '+46700000001', '+46700000002'


def request(push_id, words, *receivers):
    return message('POST /wappush HTTP/1.1',
                   push_body(push_id, words, *receivers or (ONE,)),
                   {'Content-Type': pi.CONTENT_TYPE})


def events(records, *keys):
    """Of each record its event and these members."""
    return [(one['ev'], *(one.get(key) for key in keys)) for one in records]


class Story(pk.Talk):
    """One connection to the PPG, and one to the SMSC once it is bound."""

    def __init__(self):
        super().__init__()
        self.ppg, self.smpp = pk.Connection(PPG), pk.Connection(SMPP, 40001)
        self.sequence = 1

    def push(self, *parameters, response=OK):
        self.say(self.ppg, CLIENT, request(*parameters))
        if response:
            self.say(self.ppg, SERVER, response)

    def bind(self):
        self.open(self.smpp)
        self.say(self.smpp, CLIENT, pdu(
            BIND, text('system') + text('') * 2 + b'\x34\0\0' + text(''), 1))
        self.say(self.smpp, SERVER, answer(BIND, 1, 'smsc'))

    def submit(self, receiver, segment, status=0):
        self.sequence += 1
        self.say(self.smpp, CLIENT, submit(
            self.sequence, receiver.lstrip('+'), *segment))
        self.say(self.smpp, SERVER, answer(
            SUBMIT, self.sequence, '' if status else f'{self.sequence:x}',
            status))

    def without(self, *octets):
        """The packets, but for those that have one of these in them."""
        return [one for one in self.packets
                if not any(some in one.octets for some in octets)]


def notification(push_id):
    """It is delivered, says the PPG."""
    document = pap_answer(
        'resultnotification-message',
        f'push-id="{push_id}" code="1000" message-state="delivered"')
    return message('POST /result HTTP/1.1', document, {})


# --- HTTP --------------------------------------------------------------------

def test_forms(t):
    story = Story()
    story.open(story.ppg)
    story.say(story.ppg, CLIENT, request('p1', 'words'))
    story.say(story.ppg, SERVER,
              b'HTTP/1.0 202 Accepted\r\nServer: old\r\n\r\n' + ACCEPTED[:30])
    story.say(story.ppg, SERVER, ACCEPTED[30:])
    story.close(story.ppg, SERVER)
    records, _, _ = of_packets(story.packets)
    t.equal(events(records, 'http', 'code'),
            [('push', None, None), ('push_answer', 202, 1001)],
            'a response up to the end of the connection')
    t.equal(records[1]['t'] > records[0]['t'] + 4000, True,
            'is complete at the end')

    story = Story()
    story.open(story.ppg)
    octets = request('p1', 'words')
    story.say(story.ppg, CLIENT, octets[:300])
    story.say(story.ppg, SERVER, OK)
    story.say(story.ppg, CLIENT, octets[300:])
    story.push('p2', 'words')
    records, _, _ = of_packets(story.packets)
    t.equal(events(records, 'push', 'code'),
            [('push', 1, None), ('push_answer', 1, 1001),
             ('push', 2, None), ('push_answer', 2, 1001)],
            'a response before the request is complete')

    story = Story()
    story.open(story.ppg)
    story.say(story.ppg, CLIENT, request('p1', 'words'))
    story.add(story.ppg, CLIENT, FIN | ACK)
    story.say(story.ppg, SERVER, OK)
    story.add(story.ppg, SERVER, FIN | ACK)
    records, _, _ = of_packets(story.packets)
    t.equal(events(records, 'code')[1:], [('push_answer', 1001)],
            'a client that ends its side, and waits')

    story = Story()
    story.open(story.ppg)
    story.say(story.ppg, CLIENT, b'GET /status HTTP/1.1\r\n\r\n')
    story.say(story.ppg, SERVER, message('HTTP/1.1 404 No', b'', {}))
    story.push('p1', 'words')
    records, _, _ = of_packets(story.packets)
    t.equal(events(records, 'http'), [('push', None), ('push_answer', 202)],
            'requests that are no pushes are left out, with their responses')


def test_holes(t):
    story = Story()
    story.open(story.ppg)
    octets = request('p1', 'words')
    story.say(story.ppg, CLIENT, octets[:400])
    story.say(story.ppg, CLIENT, octets[400:])
    story.say(story.ppg, SERVER, OK)
    story.push('p2', 'more words')
    records, words, _ = of_packets(story.without(octets[400:]))
    t.equal(events(records, 'push_id', 'code'),
            [('push', None, None), ('push_answer', None, 1001),
             ('push', 'p2', None), ('push_answer', None, 1001)],
            'a hole in a body: the rest is known')
    t.ok('body' not in records[0] and 'body' in records[2],
         'and the body is not')
    t.equal(len(words), 1, 'which goes without saying')

    records, words, _ = of_packets(story.without(octets[:400]))
    t.equal(events(records, 'push_id', 'code'),
            [('push', 'p2', None), ('push_answer', None, 1001)],
            'a hole in headers: from the next request on')
    t.ok('400 octets of a request are missing' in words[0], 'it is said',
         words)

    story = Story()
    story.open(story.ppg)
    story.push('p1', 'words')
    story.push('p2', 'words')
    story.packets = [one for number, one in enumerate(story.packets)
                     if OK not in one.octets or number > 6]
    records, _, _ = of_packets(story.packets)
    t.equal(events(records, 'push', 'code'),
            [('push', 1, None), ('push', 2, None), ('push_answer', 2, 1001)],
            'a response that is missing is unknown')


def test_reuse(t):
    """The same ports again, and nobody saw the end of the old connection."""
    story = Story()
    story.bind()
    story.submit(ONE, segments('some words', 0)[0])
    old = story.packets
    story = Story()
    story.t = 5_000_000
    story.smpp.numbers = (5000, 6000)
    story.bind()
    records, _, _ = of_packets(old[:-2] + story.packets)
    t.equal(events(records, 'state', 'by', 'status'),
            [('link', 'up', None, None), ('submit', None, None, None),
             ('link', 'down', None, None), ('link', 'up', None, None)],
            'ports that are used again: the old link is down, and what was '
            'open is unknown')
    repeated = old + [dataclasses.replace(old[0], t=old[-1].t + 5)]
    t.equal(events(of_packets(repeated)[0]), events(of_packets(old)[0]),
            'a SYN that comes again is no other connection')


def test_repeated(t):
    """A push-id that comes again is refused; the result is of the first."""
    story = Story()
    story.open(story.ppg)
    story.push('p1', 'some words')
    story.push('p1', 'some words', response=message(
        'HTTP/1.1 202 Accepted',
        pap_answer('push-response', 'code="2007"'), {}))
    initiator = pk.Connection(PI, 40003)
    story.open(initiator)
    story.say(initiator, CLIENT, notification('p1'))
    story.say(initiator, SERVER, b'HTTP/1.0 204 Fine\r\n\r\n')
    records, _, _ = of_packets(story.packets)
    t.equal(events(records, 'push', 'code'),
            [('push', 1, None), ('push_answer', 1, 1001), ('push', 2, None),
             ('push_answer', 2, 2007), ('notification', 1, 1000),
             ('notification_answer', None, None), ('outcome', 1, None)],
            'a notification is of the push that was accepted')


def test_any(t):
    """--pi any looks at all other connections."""
    story = Story()
    story.bind()
    box = pk.Connection(13002, 40007)
    story.open(box)
    for _ in range(3):
        story.say(box, CLIENT, b'\0\0\0\x10 no HTTP at all')
        story.say(box, SERVER, b'\x16\x03\x01 nor TLS')
    records, words, _ = capture(pk.pcap(pk.captured(story.packets)),
                                *PORTS[:4], '--pi', 'any')
    t.equal((events(records), len(words)), ([('link',)], 1),
            'other protocols are no business of --pi any')


# --- SMPP --------------------------------------------------------------------

def test_pdus(t):
    segment, = segments('some words', 0)
    story = Story()
    story.bind()
    for _ in range(4):
        story.submit(ONE, segment)
    third = submit(4, ONE.lstrip('+'), *segment)
    story.close(story.smpp)
    records, _, _ = of_packets(story.without(third))
    t.equal(events(records, 'status')[1:-1],
            [('submit', None), ('submit_answer', 0)] * 3,
            'a PDU that is missing: those behind it are read')
    at = next(number for number, one in enumerate(story.packets)
              if third in one.octets)
    cut = list(story.packets)
    cut[at] = dataclasses.replace(cut[at], cut=20)
    records, words, _ = of_packets(cut)
    t.equal(events(records, 'status')[1:-1],
            [('submit', None), ('submit_answer', 0)] * 3,
            'so is one that is cut short')
    t.ok('octets are missing' in words[0], 'which is said', words)

    story = Story()
    story.bind()
    story.submit(ONE, segment)
    joined, _, _ = of_packets(story.packets[7:])
    t.equal(events(joined, 't', 'mode')[0], ('link', joined[1]['t'], None),
            'a link that was bound before is up with its first PDU')

    story = Story()
    story.bind()
    story.say(story.smpp, CLIENT, pdu(UNBIND, sequence=9))
    story.say(story.smpp, SERVER, pdu(UNBIND | RESP, sequence=9))
    story.close(story.smpp, SERVER)
    records, _, _ = of_packets(story.packets)
    t.equal(events(records, 'state', 'by')[1], ('link', 'down', 'gateway'),
            'who unbinds ends the link, not who closes it')


def test_payload(t):
    """data_sm and message_payload carry what submit_sm has in itself."""
    _, octets = segments('some words in a payload', 0)[0]
    story = Story()
    story.bind()
    payload = b'\x04\x24' + len(octets).to_bytes(2, 'big') + octets
    story.say(story.smpp, CLIENT, pdu(
        0x103, text('') + address('100') + address('46700000001')
        + bytes([0, 1, 4]) + payload, 7))
    story.say(story.smpp, SERVER, pdu(0x103 | RESP, text('ab'), 7))
    story.say(story.smpp, SERVER, pdu(
        0x103, text('') + address('46700000001') + address('100')
        + bytes([4, 0, 0]) + b'\0\x1e\0\3ab\0' + b'\4\x27\0\1\2', 8))
    story.say(story.smpp, SERVER, pdu(
        DELIVER, text('') + address('46700000001') + address('100')
        + bytes([0, 0, 0]) + text('') * 2 + bytes([0, 0, 0, 0, 5])
        + b'hello', 9))
    records, _, _ = of_packets(story.packets)
    t.equal(events(records, 'submit', 'message', 'message_id', 'state')[1:],
            [('submit', 1, octets.hex(), None, None),
             ('submit_answer', 1, None, 'ab', None),
             ('receipt', 1, None, 'ab', 'DELIVRD')],
            'data_sm is a submit, or a receipt; a text from a phone is '
            'nothing')


def test_ids(t):
    """Receipts name messages as answers did, or in another base."""
    story = Story()
    story.bind()
    for receiver in ONE, TWO:
        story.submit(receiver, segments('some words', 0)[0])
    for receiver, message_id in ((ONE, '2'), (TWO, '0003'), (TWO, '2'),
                                 (ONE, '7')):
        story.say(story.smpp, SERVER, receipt(
            50, receiver.lstrip('+'), message_id, 'DELIVRD'))
    records, _, _ = of_packets(story.packets)
    t.equal([one.get('submit') for one in records if one['ev'] == 'receipt'],
            [1, 2, None, None], 'a receipt is of the submit with its id that '
            'went to its number')


# --- whose segment -----------------------------------------------------------

LONG = 'These are words enough for more than one segment of an SMS, so that they ' \
       'are sent in two of them, in this order, and this is the push '


def owners(story):
    records, _, _ = of_packets(story.packets)
    return [one.get('push') for one in records if one['ev'] == 'submit']


def pushed(*pushes):
    story = Story()
    story.bind()
    story.open(story.ppg)
    for number, (words, *receivers) in enumerate(pushes):
        story.push(f'p{number}', words, *receivers)
    return story


def test_owners(t):
    a, b = (segments(name * 20 + LONG + name * 20, 1)
            for name in 'ab')
    story = pushed(('a' * 20 + LONG + 'a' * 20,), ('b' * 20 + LONG + 'b' * 20,))
    for segment in (b[1], a[1]):
        story.submit(ONE, segment)
    t.equal(owners(story), [2, 1], 'segments by their words, in any order')

    story = pushed((LONG,), (LONG,))
    for segment in segments(LONG, 1) + segments(LONG, 2):
        story.submit(ONE, segment)
    t.equal(owners(story), [None] * 4, 'the same words to the same phone: '
            'nobody knows')

    story = pushed((LONG, ONE), (LONG, TWO))
    for receiver in TWO, ONE:
        for segment in segments(LONG, 1):
            story.submit(receiver, segment)
    t.equal(owners(story), [2, 2, 1, 1], 'to another phone: everybody knows')

    story = pushed((LONG, ONE, TWO))
    for receiver in TWO, ONE:
        for segment in segments(LONG, 1):
            story.submit(receiver, segment)
    t.equal(owners(story), [1] * 4, 'one push to two phones')

    story = pushed((LONG,))
    for segment in segments(LONG, 1):
        story.submit(ONE, segment, status=0x58)
        story.submit(ONE, segment)
    t.equal(owners(story), [1] * 4, 'what is sent again is of the same push')

    story = pushed(('Short words.',))
    story.submit(ONE, segments('Short words.', 0)[0])
    story.push('again', 'Short words.')
    story.submit(ONE, segments('Short words.', 0)[0])
    t.equal(owners(story), [1, None],
            'the same octets may be of the next push with these words')

    story = pushed(('a' * 20 + LONG + 'a' * 20,))
    for segment in a:
        story.submit(ONE, segment)
    story.push('next', 'b' * 20 + LONG + 'b' * 20)
    for segment in b:
        story.submit(ONE, segment)
    t.equal(owners(story), [1, 1, 2, 2], 'a reference that is used again')

    story = pushed(('a' * 20 + LONG,))
    for name in 'ab':
        if name == 'b':
            story.push('next', name * 20 + LONG)
        for segment in segments(name * 20 + LONG, 1):
            story.submit(ONE, segment)
    t.equal(owners(story), [1, 1, 2, None], 'a reference that is used again, '
            'and the same octets in it')

    story = pushed((LONG,))
    story.submit(ONE, segments('Words of quite another push, from before.',
                               0)[0])
    t.equal(owners(story), [None], 'other words are of no push')

    story = pushed((LONG, TWO))
    story.submit(ONE, segments(LONG, 1)[0])
    t.equal(owners(story), [None], 'nor are those to another phone')


def test(t):
    for part in (test_forms, test_holes, test_reuse, test_repeated, test_any,
                 test_pdus, test_payload, test_ids, test_owners):
        part(t)


tap.run(test)
