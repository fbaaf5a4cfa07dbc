"""What generated traces push: the bodies of PAP requests, binary and text,
and how many segments a gateway makes of each.

The octets that a gateway adds (WSP and WBXML headers) are not known exactly;
sizes are chosen so that the last segment is about half full.
"""

import push_initiator as pi

SEGMENT = 128           # octets of a segment beside its user data header
HALF = 64
# Octets of the SMS that are not the text, about.
SI_OVERHEAD, MMS_OVERHEAD, URL = 40, 120, 'http://{}.example.net/{:08x}'
WORDS = ('meeting moved to room invoice due on parcel arrived at your order '
         'train delayed by minutes new message from weather tomorrow rain '
         'goal in minute score final call back please').split()


class Content:
    """A push: `pi` who pushes, `segments` of it, and its two entities."""

    def __init__(self, pi_name, kind, segments, content, headers=()):
        self.pi, self.kind, self.segments = pi_name, kind, segments
        self.content, self.headers = content, list(headers)

    def body(self, push_id, receiver):
        """The multipart body, octets."""
        control = pi.push_message(
            push_id, receiver,
            notify_url=f'http://pi.{self.pi}.example.com/result')
        headers = ''.join(f'{line}\r\n' for line in self.headers)
        return (f'--{pi.BOUNDARY}\r\nContent-Type: application/xml\r\n\r\n'
                f'{control}\r\n--{pi.BOUNDARY}\r\nContent-Type: {self.kind}'
                f'\r\n{headers}\r\n').encode() + self.content + \
            f'\r\n--{pi.BOUNDARY}--\r\n'.encode()


def text_of(chance, length):
    """Words, exactly so many characters."""
    words = []
    while sum(map(len, words)) + len(words) <= length:
        words.append(chance.one_of(WORDS))
    return ' '.join(words)[:length].rstrip().ljust(length, '.')


def indication(name, sizes):
    """A kind of Service Indications; sizes: [(segments, share)]."""
    def make(chance, number):
        segments = chance.weighted(sizes)
        text = text_of(chance, SEGMENT * (segments - 1) + HALF - SI_OVERHEAD
                       if segments > 1 else HALF - SI_OVERHEAD // 2)
        href = URL.format(name, chance.below(1 << 32))
        return Content(name, 'text/vnd.wap.si', segments,
                       pi.service_indication(href, text).encode())
    return make


def loading(chance, number):
    href = URL.format('portal', chance.below(1 << 32))
    return Content('portal', 'text/vnd.wap.sl', 1, (
        '<?xml version="1.0"?>\n<!DOCTYPE sl PUBLIC "-//WAPFORUM//DTD SL '
        '1.0//EN" "http://www.wapforum.org/DTD/sl.dtd">\n'
        f'<sl href="{href}"/>\n').encode())


def mms(chance, number):
    """m-notification-ind (WAP-209, 7.2), from a phone or, longer, from a
    service."""
    def text(value):
        return value.encode() + b'\0'
    segments = chance.weighted([(2, .8), (3, .2)])
    sender = b'\x80' + text('+46709%06d/TYPE=PLMN' % chance.below(1000000))
    subject = b'\xea' + text(text_of(
        chance, SEGMENT * (segments - 1) + HALF - MMS_OVERHEAD))
    url = URL.format('mmsc', chance.below(1 << 32))
    message = b''.join([
        b'\x8c\x82\x98', text(f'N{number:05}'), b'\x8d\x92\x89',
        bytes([len(sender)]), sender,
        b'\x96', bytes([len(subject)]) if len(subject) < 31 else
        b'\x1f' + bytes(uintvar(len(subject))), subject,
        b'\x8a\x80\x8e\x02\x40\x00',
        b'\x88\x05\x81\x03\x03\xf4\x80\x83', text(url)])
    return Content('mmsc', 'application/vnd.wap.mms-message', segments,
                   message,
                   ['X-Wap-Application-Id: x-wap-application:mms.ua'])


def uintvar(value):
    """WAP-230, 8.1.2: seven bits an octet."""
    octets = [value & 0x7f]
    while value > 0x7f:
        value >>= 7
        octets.insert(0, value & 0x7f | 0x80)
    return octets


KINDS = {'mms': mms, 'load': loading,
         'mail': indication('mail', [(1, .2), (2, .5), (3, .3)]),
         'news': indication('news', [(1, .3), (2, .4), (4, .3)])}
