"""Captures made by hand: TCP conversations as the packets of a pcap file.

A conversation is a list of steps, (connection, side, octets); packets() makes
segments of them, each with its acknowledgement, which a test may then split,
repeat, overtake, lose or cut before pcap() writes them down.
"""

import dataclasses
import ipaddress
import struct

CLIENT, SERVER = 0, 1
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
BEGIN = 1_900_000_000           # of the capture, seconds since the epoch

ETHERNET, RAW, NULL, COOKED, COOKED_2 = 1, 101, 0, 113, 276


@dataclasses.dataclass
class Connection:
    server: int                 # port
    client: int = 40000
    addresses: tuple = ('192.0.2.1', '192.0.2.2')
    numbers: tuple = (1000, 0xfffffff0)     # initial; one wraps soon

    def end(self, side):
        return (self.addresses[side],
                self.server if side == SERVER else self.client)


@dataclasses.dataclass
class Packet:
    connection: Connection
    side: int                   # who sends it
    seq: int                    # counted from the side's SYN, which is 0
    ack: int
    flags: int = ACK
    octets: bytes = b''
    t: int = 0                  # microseconds since BEGIN
    cut: int = None             # so many octets of the payload are captured

    def tcp(self):
        mine, other = self.connection.numbers
        if self.side == SERVER:
            mine, other = other, mine
        (_, source), (_, destination) = (self.connection.end(self.side),
                                         self.connection.end(1 - self.side))
        return struct.pack('>HHIIBBHHH', source, destination,
                           (mine + self.seq) % 2 ** 32,
                           (other + self.ack) % 2 ** 32 if self.flags & ACK
                           else 0, 5 << 4, self.flags, 65535, 0,
                           0) + self.octets

    def ip(self):
        source, destination = (
            ipaddress.ip_address(self.connection.end(side)[0])
            for side in (self.side, 1 - self.side))
        tcp = self.tcp()
        if source.version == 4:
            return struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0x4000,
                               64, 6, 0) + source.packed + destination.packed \
                + tcp
        return struct.pack('>IHBB', 6 << 28, len(tcp), 6, 64) \
            + source.packed + destination.packed + tcp


class Talk:
    """Makes the packets of connections, a millisecond apart."""

    def __init__(self):
        self.packets, self.t, self.next = [], 0, {}

    def add(self, connection, side, flags=ACK, octets=b''):
        sent = self.next.setdefault(id(connection), [0, 0])
        self.packets.append(Packet(
            connection, side, sent[side], sent[1 - side], flags, octets,
            self.t))
        self.t += 1000
        sent[side] += len(octets) + bool(flags & (SYN | FIN))

    def open(self, connection):
        self.add(connection, CLIENT, SYN)
        self.add(connection, SERVER, SYN | ACK)
        self.add(connection, CLIENT)

    def say(self, connection, side, octets):
        self.add(connection, side, PSH | ACK, octets)
        self.add(connection, 1 - side)

    def close(self, connection, side=CLIENT):
        self.add(connection, side, FIN | ACK)
        self.add(connection, 1 - side, FIN | ACK)
        self.add(connection, side)


def split(packets, size, step=None):
    """Each payload in pieces of `size`, a new one every `step` octets."""
    step = step or size
    for packet in packets:
        if not packet.octets:
            yield packet
        for at in range(0, len(packet.octets), step):
            yield dataclasses.replace(packet, seq=packet.seq + at,
                                      octets=packet.octets[at:at + size])


# --- files ------------------------------------------------------------------

def frame(link, ip):
    kind = 0x0800 if ip[0] >> 4 == 4 else 0x86dd
    if link == ETHERNET:
        return bytes(12) + struct.pack('>H', kind) + ip
    if link == NULL:
        return struct.pack('<I', 2 if kind == 0x0800 else 10) + ip
    if link == COOKED:
        return bytes(14) + struct.pack('>H', kind) + ip
    if link == COOKED_2:
        return struct.pack('>H', kind) + bytes(18) + ip
    return ip


def with_vlan(framed):
    """An Ethernet frame with two tags."""
    return framed[:12] + bytes.fromhex('88a8000281000003') + framed[12:]


def captured(packets, link=ETHERNET, change=lambda framed: framed):
    """(time in microseconds, octets captured, length) of each frame."""
    for packet in packets:
        framed = change(frame(link, packet.ip()))
        size = len(framed)
        if packet.cut is not None:
            size -= len(packet.octets) - min(packet.cut, len(packet.octets))
        yield BEGIN * 1_000_000 + packet.t, framed[:size], len(framed)


def pcap(frames, link=ETHERNET, order='<', nano=False):
    """The octets of a pcap file."""
    magic = 0xa1b23c4d if nano else 0xa1b2c3d4
    out = [struct.pack(f'{order}IHHiIII', magic, 2, 4, 0, 0, 262144, link)]
    for t, octets, length in frames:
        out.append(struct.pack(f'{order}IIII', t // 1_000_000,
                               t % 1_000_000 * (1000 if nano else 1),
                               len(octets), length) + octets)
    return b''.join(out)


def pcapng(frames, link=ETHERNET):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack('<I', len(body) + 12)
        return struct.pack('<I', kind) + size + body + size
    out = [block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)),
           block(1, struct.pack('<HHI', link, 0, 262144))]
    for t, octets, length in frames:
        out.append(block(6, struct.pack('<IIIII', 0, t >> 32, t % 2 ** 32,
                                        len(octets), length) + octets))
    return b''.join(out)
