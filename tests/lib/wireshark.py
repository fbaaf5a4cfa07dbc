"""What tshark reads in pushes: a decoder of WSP, WBXML and MMS that shares no
code with Kannel."""

import struct
import subprocess
import tempfile
import xml.etree.ElementTree as ET

RAW_IP = 101                # a link type of pcap files
PUSH_PORTS = 9200, 2948     # source and destination, by which it knows WSP


def decode(payloads):
    """For each payload, the WDP payload of a push, what it says: {field:
    [value, ...]}, with the names that tshark uses ('wsp.header.content_type',
    'mmse.message_type'). The field `malformed` is there if it cannot be read
    to its end."""
    with tempfile.NamedTemporaryFile(suffix='.pcap') as file:
        file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535,
                               RAW_IP))
        for payload in payloads:
            packet = _packet(payload)
            file.write(struct.pack('<IIII', 0, 0, len(packet), len(packet)))
            file.write(packet)
        file.flush()
        pdml = subprocess.run(['tshark', '-n', '-r', file.name, '-T', 'pdml'],
                              check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout
    return [_fields(packet) for packet in ET.fromstring(pdml).iter('packet')]


def _packet(payload):
    """The payload in UDP over IP."""
    udp = struct.pack('>HHHH', *PUSH_PORTS, 8 + len(payload), 0) + payload
    return struct.pack('>BBHHHBBHII', 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                       0x7f000001, 0x7f000001) + udp


def _fields(packet):
    found = {}
    for element in packet.iter():
        name = element.get('name', '')
        if name == '_ws.malformed':
            name = 'malformed'
        found.setdefault(name, []).append(element.get('show', ''))
    return found
