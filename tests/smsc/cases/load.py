"""How many submits a second it takes."""

import os
import select
import socket
import struct
import time

from client import (
    DELIVER, RESP, SUBMIT, TIMEOUT, Smsc, part_header, pdu, submit_body)
from tap import equal, ok


def take_load(data, out):
    """Answer the deliver_sm in some data; how many it holds, and others."""
    at = deliveries = others = 0
    while len(data) - at >= 16:
        size, command = struct.unpack_from('>II', data, at)
        if len(data) - at < size:
            break
        if command == DELIVER:
            deliveries += 1
            out += (struct.pack('>IIi', 17, DELIVER | RESP, 0)
                    + data[at + 12:at + 16] + b'\0')
        else:
            others += 1
        at += size
    del data[:at]
    return deliveries, others


def load(clients, blocks, submits):
    """Send a block of PDUs on each link, in all so many submits; read until
    all are answered and receipted."""
    links = {c.socket: (bytearray(), bytearray(b))
             for c, b in zip(clients, blocks)}
    answered = receipts = 0
    while answered < submits or receipts < submits or any(
            out for _, out in links.values()):
        readable, writable, _ = select.select(
            links, [link for link in links if links[link][1]], [], TIMEOUT)
        if not readable and not writable:
            raise TimeoutError('the load stands still')
        for link in readable:
            links[link][0].extend(link.recv(1 << 18))
            more, others = take_load(*links[link])
            receipts += more
            answered += others
        for link in writable:
            out = links[link][1]
            del out[:link.send(out[:1 << 16], socket.MSG_DONTWAIT)]


def test_throughput(folder):
    smsc = Smsc(folder)
    submits = 30000
    clients = [smsc.client() for _ in range(2)]
    blocks = [b''.join(
        pdu(SUBMIT, 10 + n, submit_body(b'x' * 100, dst='46%d%d' % (c, n // 3),
                                        udh=part_header(n // 3 % 256,
                                                        n % 3 + 1, 3)))
        for n in range(submits)) for c in range(2)]
    start, before = time.monotonic(), cpu_seconds(smsc)
    load(clients, blocks, 2 * submits)
    took, cpu = time.monotonic() - start, cpu_seconds(smsc) - before
    smsc.control('idle')
    stats = smsc.control('stats')
    equal((stats['accepted'], stats['displayed'],
           stats['receipts_answered']),
          (2 * submits, 2 * submits // 3, 2 * submits), 'all of them')
    with open(smsc.journal, 'rb') as file:
        lines = sum(1 for _ in file)
    ok(lines >= 5 * 2 * submits, 'and all in the journal: %d lines' % lines)
    print('# %d submits with receipts: %.0f/s by this client, %.0f/s of the '
          "simulator's CPU" % (2 * submits, 2 * submits / took,
                               2 * submits / cpu))
    smsc.stop()


def cpu_seconds(smsc):
    with open('/proc/%d/stat' % smsc.process.pid) as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

