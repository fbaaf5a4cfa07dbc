"""What a phone reads in a push: the WSP header, and WBXML in its body, the
latter by wbxml2xml, a decoder that shares no code with Kannel."""

import subprocess
import tempfile
import xml.etree.ElementTree as ET

PUSH = 0x06


def push_body(payload):
    """(headers, body) of a WSP Push PDU; headers begin with the content
    type. Raises ValueError if it is none."""
    if len(payload) < 3 or payload[1] != PUSH:
        raise ValueError('not a WSP Push PDU')
    length, at = 0, 2
    while True:                 # uintvar: seven bits an octet
        octet = payload[at]
        at += 1
        length = length << 7 | octet & 0x7f
        if not octet & 0x80:
            break
    if at + length > len(payload):
        raise ValueError('headers longer than the PDU')
    return payload[at:at + length], payload[at + length:]


def decode_wbxml(body):
    """The XML text of a WBXML document; ValueError if it is none."""
    with tempfile.NamedTemporaryFile(suffix='.wbxml') as file:
        file.write(body)
        file.flush()
        result = subprocess.run(['wbxml2xml', '-o', '-', file.name],
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
    if result.returncode:
        raise ValueError('wbxml2xml: ' + result.stderr.decode().strip())
    return result.stdout.decode()


def same_document(one, other):
    """True if both XML texts say the same, whatever their layout."""
    return _canonical(one) == _canonical(other)


def _canonical(text):
    # The document type is no part of it: decoders spell it as they like.
    root = ET.fromstring(text)
    return ET.canonicalize(ET.tostring(root, 'unicode'), strip_text=True)
