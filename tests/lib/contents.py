"""Pushes of every kind of content that a phone may be sent, each with what
must be found on the phone.

A Content is pushed to a phone of its own. What the phone has got is judged by
foreign decoders: by wbxml2xml if it is a document (`document`), by tshark
(`fields`), and octet by octet if it goes as it is (`octets`).
"""

import base64
import email
import itertools
import subprocess
import tempfile

import push_initiator as pi
import wsp
from pushes import Push

SI, SL = 'text/vnd.wap.si', 'text/vnd.wap.sl'
TYPE, ID = 'wsp.header.content_type', 'wsp.header.x_wap_application_id'
BINARY = bytes(range(256))
HREFS = [f'{scheme}{name}{rest}'
         for scheme in ('http://', 'http://www.', 'https://', 'https://www.')
         for name, rest in (('example.com', '/a?b=1&c=2'),
                            ('example.edu', '/'), ('example.net', ''),
                            ('example.org', '/x/www.example.com/'))
         ] + ['wtai://wp/mc;+46701234567', 'ftp://ftp.example.com/file',
              'mailto:a@b.example', 'deck/card.wml#one', 'x']


class Content(Push):
    """`headers` are the lines of the content's part, `request` further ones
    of the HTTP request; `header` are octets that must be among the headers on
    the phone."""

    def __init__(self, name, headers, octets, document=None, fields=None,
                 header=b'', request=None):
        super().__init__(f'+4674{next(_receivers):07}', 1)
        self.name, self.part, self.octets = name, headers, octets
        self.document, self.decoded = document, octets
        self.fields, self.header = fields or {}, header
        self.headers = request or {}

    def body(self, notify_url):
        control = pi.push_message(self.push_id, self.receiver,
                                  notify_url=notify_url)
        boundary = f'--{pi.BOUNDARY}'
        return b'\r\n'.join([
            boundary.encode(), b'Content-Type: application/xml', b'',
            control.encode(), boundary.encode(), *(
                line.encode() for line in self.part), b'', self.octets,
            f'{boundary}--\r\n'.encode()])

    def __repr__(self):
        return self.name


_receivers = itertools.count(1)


# --- documents --------------------------------------------------------------

def indication(attributes, text='Hello', more=''):
    """A Service Indication; `more` may hold an info element."""
    return ('<?xml version="1.0"?>\n'
            '<!DOCTYPE si PUBLIC "-//WAPFORUM//DTD SI 1.0//EN" '
            '"http://www.wapforum.org/DTD/si.dtd">\n'
            f'<si><indication {attributes}>{text}</indication>{more}</si>')


def loading(attributes):
    return ('<?xml version="1.0"?>\n'
            '<!DOCTYPE sl PUBLIC "-//WAPFORUM//DTD SL 1.0//EN" '
            f'"http://www.wapforum.org/DTD/sl.dtd">\n<sl {attributes}/>')


def quoted(href):
    return href.replace('&', '&amp;')


def document(name, kind, text, wanted=None, octets=None, **keys):
    """Content that the PPG compiles; the phone must have `wanted`."""
    return Content(name, [f'Content-Type: {kind}'], octets or text.encode(),
                   document=wanted or text, **keys)


def service_indications():
    sic = {TYPE: ['application/vnd.wap.sic']}
    for href in HREFS:
        yield document(f'SI to {href}', SI,
                       indication(f'href="{quoted(href)}"'), fields=sic)
    for action in ('signal-none', 'signal-low', 'signal-medium',
                   'signal-high', 'delete'):
        yield document(f'SI, {action}', SI, indication(
            f'href="http://x/" si-id="id@pi.example" action="{action}"'))
    for date in ('2030-05-17T15:04:05Z', '2030-05-17T15:04:00Z',
                 '2030-05-17T15:00:00Z', '2030-05-20T00:00:00Z',
                 '2030-10-10T10:10:10Z'):
        yield document(f'SI, created and expires {date}', SI, indication(
            f'href="http://x/" created="{date}" si-expires="{date}"'))
    yield document('SI with all attributes', SI, indication(
        'action="signal-high" si-expires="2030-06-01T00:00:00Z" '
        'si-id="1" created="2030-05-17T15:00:00Z" '
        'href="http://www.example.com/"'))
    yield document('SI with info', SI, indication(
        'href="http://x/"', more='<info><item class="one">1</item>'
        '<item class="two">2 &amp; 3</item></info>'))
    yield document('SI without text', SI, indication('href="http://x/"', ''))
    yield document('SI without href', SI, indication('si-id="no-href"'))
    yield document('SI of 600 characters', SI, indication(
        'href="http://x/"', '0123456789' * 60))


def texts():
    """How a text may be written, and in which character set."""
    href = 'href="http://x/"'
    umlauts = indication(href, '\u00e5\u00e4\u00f6 \u00df')
    greek = indication(href, '\u03b1\u03b2\u03b3 \u20ac')
    yield document('SI in UTF-8, undeclared', SI, greek)
    yield document('SI in UTF-8, charset', f'{SI}; charset=utf-8', greek)
    yield document('SI in UTF-8, encoding', SI, greek, octets=declared(
        greek, 'UTF-8'))
    yield document('SI in ISO-8859-1, charset', f'{SI}; charset=ISO-8859-1',
                   umlauts, octets=umlauts.encode('latin-1'))
    yield document('SI in ISO-8859-1, encoding', SI, umlauts,
                   octets=declared(umlauts, 'ISO-8859-1'))
    yield document('SI in ISO-8859-1, undeclared', SI, umlauts,
                   octets=umlauts.encode('latin-1'))
    yield document('SI in ISO-8859-7, quoted charset',
                   f'{SI}; x=y; charset="ISO-8859-7"',
                   indication(href, '\u03b1\u03b2\u03b3'),
                   octets=indication(href, '\u03b1\u03b2\u03b3').encode(
                       'iso-8859-7'))
    yield document('SI with character references', SI,
                   indication(href, '&#229;&#x20ac; &amp;&lt;&gt;&quot;'))
    yield document('SI with CDATA', SI, indication(
        href, 'if <![CDATA[a < b && c]]> then'), indication(
        href, 'if a &lt; b &amp;&amp; c then'))
    yield document('SI with comments', SI, indication(
        href, 'one<!-- not this --> two<?nor this?> three'),
        indication(href, 'one two three'))
    yield document('a type in capitals', 'Text/VND.wap.SI; Charset=UTF-8',
                   greek)


def declared(text, encoding):
    return text.replace('"1.0"?>', f'"1.0" encoding="{encoding}"?>').encode(
        encoding)


def service_loadings():
    slc = {TYPE: ['application/vnd.wap.slc']}
    for href in HREFS:
        yield document(f'SL to {href}', SL,
                       loading(f'href="{quoted(href)}"'), fields=slc)
    for action in 'execute-low', 'execute-high', 'cache':
        yield document(f'SL, {action}', SL, loading(
            f'action="{action}" href="http://www.example.com/"'))


def decks():
    wml = ('<?xml version="1.0"?>\n<!DOCTYPE wml PUBLIC "-//WAPFORUM//DTD '
           'WML 1.1//EN" "http://www.wapforum.org/DTD/wml_1.1.xml">\n'
           '<wml><card id="one"><p>Hello</p></card></wml>')
    yield document('WML', 'text/vnd.wap.wml', wml,
                   fields={TYPE: ['application/vnd.wap.wmlc']})


# --- provisioning -----------------------------------------------------------

PROVISIONING = '''<?xml version="1.0"?>
<!DOCTYPE wap-provisioningdoc PUBLIC "-//WAPFORUM//DTD PROV 1.0//EN"
 "http://www.wapforum.org/DTD/prov.dtd">
<wap-provisioningdoc version="1.0"><characteristic type="BOOTSTRAP">
<parm name="NAME" value="Internet"/><parm name="PROVURL" value="pi.example"/>
</characteristic><characteristic type="NAPDEF">
<parm name="NAPID" value="NAP1"/><parm name="BEARER" value="GSM-GPRS"/>
<parm name="NAP-ADDRESS" value="internet.example"/>
<parm name="NAP-ADDRTYPE" value="APN"/></characteristic>
</wap-provisioningdoc>'''


def compiled(text):
    """What xml2wbxml makes of a document."""
    with tempfile.NamedTemporaryFile('w', suffix='.xml') as file:
        file.write(text)
        file.flush()
        return subprocess.run(['xml2wbxml', '-v', '1.3', '-o', '-',
                               file.name], check=True, stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE).stdout


def provisioning():
    """A document that the PI has compiled, as all PIs do; and settings in the
    older format, which only its phones can read."""
    kind = 'application/vnd.wap.connectivity-wbxml'
    mac = '0123456789ABCDEF0123456789ABCDEF01234567'
    wbxml = compiled(PROVISIONING)
    for name, keys, method in (
            ('', '', None), (', PIN', f'; SEC=1; MAC="{mac}"', '0x01'),
            (', named PIN', f';MAC={mac};SEC=NETWPIN', '0x00')):
        fields = {TYPE: [kind]}
        if method:
            fields.update({'wsp.parameter.sec': [method],
                           'wsp.parameter.mac': [mac]})
        yield Content('provisioning' + name, [f'Content-Type: {kind}{keys}'],
                      wbxml, document=PROVISIONING, fields=fields)
    for kind in ('application/x-wap-prov.browser-settings',
                 'application/x-wap-prov.browser-bookmarks'):
        # <CHARACTERISTIC-LIST><CHARACTERISTIC TYPE=NAME><PARM ...>: a
        # public id of its own, so that no common decoder knows it.
        yield Content(kind, [f'Content-Type: {kind}'], bytes.fromhex(
            '01016a0045c67f0187151103426f6f6b6d61726b00010101'),
            fields={TYPE: [kind]})


# --- MMS notifications ------------------------------------------------------

def notification(name):
    """m-notification-ind as WAP-209 encodes it, 7.2: field numbers with the
    high bit set, each followed by a text with a NUL, a token or a length."""
    def text(value):
        return value.encode() + b'\0'
    sender = b'\x80' + text('+46701234567/TYPE=PLMN')
    subject = b'\xea' + text('Hello')
    return b''.join([
        b'\x8c\x82', b'\x98' + text(name), b'\x8d\x92',
        b'\x89', bytes([len(sender)]), sender,
        b'\x96', bytes([len(subject)]), subject,
        b'\x8a\x80', b'\x8e\x02\x00\x80', b'\x88\x05\x81\x03\x03\xf4\x00',
        b'\x83' + text(f'http://mmsc.example.com/{name}')])


def multimedia():
    kind = 'application/vnd.wap.mms-message'
    for number, (name, encode, lines, request) in enumerate((
            ('', bytes, [f'Content-Type: {kind}',
                         'X-Wap-Application-Id: x-wap-application:mms.ua'],
             None),
            (' in base64', base64_lines,
             ['X-WAP-Application-ID: 4', f'content-type: {kind}',
              'Content-Transfer-Encoding: BASE64'], None),
            (' as binary, application in the request', bytes,
             [f'Content-Type: {kind}', 'Content-Transfer-Encoding: binary'],
             {'X-WAP-Application-Id': 'mms.ua'}))):
        message = notification(f'N{number}')
        content = Content(
            f'an MMS notification{name}', lines, encode(message),
            request=request, fields={
                TYPE: [kind], ID: ['x-wap-application:mms.ua'],
                'mmse.message_type': ['0x82'],
                'mmse.transaction_id': [f'N{number}'],
                'mmse.mms_version': ['1.2'],
                'mmse.from': ['+46701234567/TYPE=PLMN'],
                'mmse.subject': ['Hello'],
                'mmse.message_class.id': ['0x80'],
                'mmse.message_size': ['128'],
                'mmse.content_location': [f'http://mmsc.example.com/N{number}']
            })
        content.decoded = message
        yield content


# --- other octets, encodings, applications, headers -------------------------

def base64_lines(octets):
    return base64.encodebytes(octets).replace(b'\n', b'\r\n')


def quoted_printable(octets):
    """Every octet but letters quoted, in lines of twenty."""
    coded = [b'%c' % octet if chr(octet).isalpha() and octet < 128
             else b'=%02X' % octet for octet in octets]
    return b'=\r\n'.join(b''.join(coded[at:at + 20])
                         for at in range(0, len(coded), 20))


def encodings():
    kind = 'Content-Type: application/octet-stream'
    coding = 'Content-Transfer-Encoding: '
    for name, octets in (
            ('all octets, four times', BINARY * 4),
            ('line ends at both ends', b'\r\n\r\nx\r\n\r\ny\r\n'),
            ('words of headers', b'content: no\r\n\r\nContent-Type: no\r\n'),
            ('nothing but NULs', bytes(300))):
        yield Content(name, [kind], octets)
        for coded, encode in (('base64', base64_lines),
                              ('quoted-printable', quoted_printable),
                              ('8BIT', bytes)):
            content = Content(f'{name}, {coded}', [kind, coding + coded],
                              encode(octets))
            content.decoded = octets
            yield content
    text = indication('href="http://www.example.com/"', 'a=b')
    yield document('SI in base64', f'{SI}\r\n{coding}base64', text,
                   octets=base64.b64encode(text.encode()))
    yield document('SI in quoted-printable', f'{SI}\r\n{coding}'
                   'Quoted-Printable', text,
                   octets=quoted_printable(text.encode()))


def applications():
    """X-WAP-Application-Id: names with a number, numbers, other names. Two
    numbers are younger than tshark's table: their octets are given."""
    for given, found in (
            ('x-wap-application:wml.ua', None), ('wml.ua', None), ('2', None),
            ('x-wap-application:*', 'x-wap-application:*'),
            ('x-wap-application:push.syncml', 'x-wap-application:push.syncml'),
            ('x-wap-application:syncml.dm', 'x-wap-application:syncml.dm'),
            ('x-wap-application:drm.ua', 'x-wap-application:drm.ua'),
            ('emn.ua', 'x-wap-application:emn.ua'),
            ('10', 'x-wap-application:wv.ua'),
            ('x-oma-application:ulp.ua', b'\xaf\x90'),
            ('x-wap-docomo:imode.mail2.ua', b'\xaf\x02\x90\x00'),
            ('http://pi.example/app;app-encoding=9',
             'x-wap-application:emn.ua'),
            ('x-wap-application:acme.mms.ua',
             'x-wap-application:acme.mms.ua')):
        yield Content(f'to the application {given}', [
            'Content-Type: application/octet-stream',
            f'X-WAP-Application-Id: {given}'], BINARY,
            **({'header': found} if isinstance(found, bytes) else
               {'fields': {ID: [found] if found else None}}))


def types_and_headers():
    yield Content('plain text', ['Content-Type: text/plain; charset=utf-8'],
                  '\u03b1\u03b2\u03b3'.encode(),
                  fields={TYPE: ['text/plain'],
                          'wsp.parameter.charset': ['UTF-8']})
    yield Content('a type without number', ['Content-Type: '
                                            'application/x-acme+thing'],
                  BINARY, fields={TYPE: ['application/x-acme+thing']})
    yield Content('further headers, one of them folded', [
        'X-Acme: thing', 'Content-Type: image/gif', 'Content-Language: en',
        'X-Wap-Content-URI: http://pi.example/a', 'Content-Location: a.gif',
        'Expires: Fri, 17 May 2030 15:00:00 GMT', 'X-Folded: one',
        '  two', 'MIME-Version: 1.0'], BINARY, fields={
            TYPE: ['image/gif'],
            'wsp.header.content_language': ['English (en)'],
            'wsp.header.content_uri': ['http://pi.example/a'],
            'wsp.header.content_location': ['a.gif'],
            'wsp.header.name_string': ['X-Acme', 'X-Folded'],
            'wsp.header_text_value': ['thing', 'one two']})
    text = indication('href="http://x/"')
    yield Content('an SI that must not be compiled', [
        f'Content-Type: {SI}', 'Cache-Control: no-transform'], text.encode(),
        fields={TYPE: [SI]})


def multiparts():
    """Text parts with their boundary, and parts as WSP packs them (8.5)."""
    inner = (b'--inner\r\nContent-Type: text/plain\r\n\r\nhello\r\n--inner\r\n'
             b'Content-Type: image/gif\r\nContent-Transfer-Encoding: binary'
             b'\r\n\r\nGIF89a\0\xff\r\n--inner--\r\n')
    yield Content('multipart/mixed', ['Content-Type: multipart/mixed;\r\n'
                                      '\tboundary="inner"'], inner,
                  fields={TYPE: ['multipart/mixed']})
    packed = b'\x02' + b''.join(
        bytes([len(kind), len(octets)]) + kind + octets for kind, octets in
        ((b'\x83', b'hello'), (b'\x9d', b'GIF89a\0\xff')))
    for kind in ('mixed', 'related', 'alternative'):
        kind = f'application/vnd.wap.multipart.{kind}'
        yield Content(kind, [f'Content-Type: {kind}'], packed,
                      fields={TYPE: [kind]})


def all_contents():
    return [*service_indications(), *texts(), *service_loadings(), *decks(),
            *provisioning(), *multimedia(), *encodings(), *applications(),
            *types_and_headers(), *multiparts()]


def refused():
    """Content that cannot become what it says: (name, Content)."""
    href = 'href="http://x/"'
    for name, lines, octets in (
            ('an SI created yesterday', [SI],
             indication(href + ' created="yesterday"')),
            ('an SI with an unknown action', [SI],
             indication(href + ' action="explode"')),
            ('an SI with an unknown attribute', [SI],
             indication(href + ' colour="red"')),
            ('an SL with an unknown action', [SL],
             loading(href + ' action="explode"')),
            ('an SI that is no XML', [SI], '<si><indication'),
            ('an unknown encoding',
             ['text/plain\r\nContent-Transfer-Encoding: uuencode'], 'x'),
            ('broken base64',
             ['text/plain\r\nContent-Transfer-Encoding: base64'], 'A(='),
            ('broken quoted-printable',
             ['text/plain\r\nContent-Transfer-Encoding: quoted-printable'],
             'a=b')):
        yield Content(name, ['Content-Type: ' + ''.join(lines)],
                      octets.encode())


# --- the phone --------------------------------------------------------------

def wrong(content, payload, fields):
    """What is wrong with what the phone got, a line each."""
    found = [f'{content}: {name} is {fields.get(name)}, not {value}'
             for name, value in content.fields.items()
             if fields.get(name) != value]
    headers, body = wsp.push_body(payload)
    if content.header not in headers:
        found.append(f'{content}: no {content.header} in {headers}')
    if content.document is not None:
        text = wsp.decode_wbxml(body)
        if not wsp.same_document(text, content.document):
            found.append(f'{content}: decodes to {text}')
    elif body != content.decoded:
        found.append(f'{content}: the octets differ: {body!r}')
    if 'malformed' in fields and 'x-wap-prov' not in content.name:
        found.append(f'{content}: tshark cannot read it')
    return found


def mime_parts(payload_fields, body):
    """The parts of a multipart, by Python's reader of MIME."""
    boundary = payload_fields['wsp.untype.quote_text'][0].strip('"')
    message = email.message_from_bytes(
        f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'
        .encode() + body)
    return [(part.get_content_type(), part.get_payload(decode=True))
            for part in message.get_payload()]
