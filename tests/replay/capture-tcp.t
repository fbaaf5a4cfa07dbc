#!/usr/bin/python3 -B
"""A capture becomes the same trace however its packets were made, repeated,
reordered and wrapped; where packets are missing it says so, and invents
nothing."""

import dataclasses
import json
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import packets as pk                                        # noqa: E402
import tap                                                  # noqa: E402
from captures import (capture, invented, of_packets,        # noqa: E402
                      without_times)
from dialogue import PI, PPG, SMPP, Dialogue                # noqa: E402


def repeated(packets):
    """Each packet once more, a little later."""
    for before, packet in zip([None, *packets], packets):
        yield packet
        if before:
            yield dataclasses.replace(before, t=packet.t + 500)
    yield packets[-1]


def overtaken(packets):
    """The pieces that one side sends without a word of the other in between
    come in reverse order."""
    group = []
    for packet in packets:
        if group and (packet.connection, packet.side, bool(packet.octets)) != (
                group[-1].connection, group[-1].side, True):
            yield from reversed(group)
            group = []
        group.append(packet)
    yield from reversed(group)


def same(t, expected, name, octets, *options):
    records, words, status = capture(octets, *options)
    got = without_times(records)
    differ = [f'{one}\n  {other}' for one, other in zip(got, expected)
              if one != other]
    if len(got) != len(expected):
        differ.append(f'{len(got)} records, not {len(expected)}')
    t.none(differ + ([] if status == 0 and len(words) == 1 else words), name)


def test_same(t, story):
    packets, expected = story.packets, story.records
    changed = {
        'a capture becomes its trace': packets,
        'an octet a packet': pk.split(packets, 1),
        'seven octets a packet': pk.split(packets, 7),
        'each packet twice': repeated(packets),
        'pieces that overlap': pk.split(packets, 50, 20),
        'pieces in reverse order': overtaken(list(pk.split(packets, 60))),
        'all of it': repeated(list(overtaken(
            list(pk.split(packets, 33, 11))))),
    }
    for name, some in changed.items():
        same(t, expected, name, pk.pcap(pk.captured(some)))


def test_neighbours(t, story):
    """As where the two directions are captured by two network cards."""
    wrong = []
    for at in range(len(story.packets) - 1):
        some = list(story.packets)
        some[at], some[at + 1] = (
            dataclasses.replace(some[at + 1], t=some[at].t),
            dataclasses.replace(some[at], t=some[at + 1].t))
        records, words, _ = of_packets(some)
        got, expected = (sorted(json.dumps(one, sort_keys=True)
                                for one in some)
                         for some in (without_times(records), story.records))
        if got != expected:
            wrong.append(f'{at}: {words} '
                         f'{sorted(set(got) ^ set(expected))}')
    t.none(wrong, 'two packets that come in the wrong order')


def test_wrapped(t, story):
    for name, link in {'raw IP': pk.RAW, 'loopback': pk.NULL,
                       'Linux cooked': pk.COOKED,
                       'Linux cooked 2': pk.COOKED_2}.items():
        same(t, story.records, name,
             pk.pcap(pk.captured(story.packets, link), link))
    frames = list(pk.captured(story.packets))
    same(t, story.records, 'VLAN tags',
         pk.pcap(pk.captured(story.packets, change=pk.with_vlan)))
    same(t, story.records, 'Ethernet with padding',
         pk.pcap((at, octets + bytes(9), size + 9)
                 for at, octets, size in frames))
    same(t, story.records, 'pcapng', pk.pcapng(frames))
    same(t, story.records, 'the other byte order', pk.pcap(frames, order='>'))
    same(t, story.records, 'nanoseconds', pk.pcap(frames, nano=True))
    same(t, story.records, 'named hosts', pk.pcap(frames),
         '--ppg', f'192.0.2.2:{PPG}', '--smpp', f'192.0.2.2:{SMPP}',
         '--pi', 'any')
    ipv6 = Dialogue(addresses=('2001:db8::1', '2001:db8::2'))
    same(t, ipv6.records, 'IPv6', pk.pcap(pk.captured(ipv6.packets)),
         '--ppg', f'[2001:db8::2]:{PPG}', '--smpp', str(SMPP),
         '--pi', str(PI))


def test_times(t, story):
    records, _, _ = of_packets(story.packets)
    pushes = [one['t'] for one in records if one['ev'] == 'push']
    with_body = [one.t for one in story.packets
                 if one.connection is story.ppg and one.octets
                 and one.side == pk.CLIENT]
    t.equal(pushes, [with_body[0], with_body[0], with_body[1]],
            'a push has the time of its last packet')


def missing(t, name, variants, expected, late=1000):
    """Each variant lacks something: it is said in which packet that shows,
    and nothing is told that is not so."""
    wrong, said = [], 0
    for number, some in enumerate(variants):
        records, words, status = of_packets(some)
        if status:
            wrong.append(f'{number}: {words}')
        wrong += [f'{number}: {one}'
                  for one in invented(records, expected, late)]
        said += any(re.search(r': packet \d+: .*missing', one)
                    for one in words)
    t.none(wrong, f'{name}: nothing is invented')
    t.ok(said > 0, f'{name}: it is said', f'{said} of {number + 1}')


def test_missing(t, story):
    true, _, _ = of_packets(story.packets)
    packets = list(pk.split(story.packets, 200))
    missing(t, 'a packet is missing',
            (packets[:at] + packets[at + 1:] for at in range(len(packets))),
            true)
    missing(t, 'a packet is cut short',
            (packets[:at] + [dataclasses.replace(packets[at], cut=10)]
             + packets[at + 1:] for at in range(len(packets))
             if len(packets[at].octets) > 10), true)
    dice = random.Random(1)
    missing(t, 'a tenth of the packets is missing',
            ([one for one in packets if dice.random() > 0.1]
             for _ in range(300)), true, late=12_000)
    wrong = []
    for at in range(len(packets)):
        records, words, status = of_packets(packets[at:])
        wrong += [f'from {at}: {one}' for one in
                  (invented(records, true) if status == 0
                   else words)]
    t.none(wrong, 'a capture that begins in the middle invents nothing')
    wrong = []
    for at in range(1, len(packets)):
        records, words, status = of_packets(packets[:at])
        if without_times(records) != story.records[:len(records)] or status:
            wrong.append(f'up to {at}: {words}')
    t.none(wrong, 'one that ends in the middle is the beginning of the trace')


def test(t):
    story = Dialogue()
    test_same(t, story)
    test_neighbours(t, story)
    test_wrapped(t, story)
    test_times(t, story)
    test_missing(t, story)


tap.run(test)
