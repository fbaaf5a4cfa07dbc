"""PAP requests that hang, half-parse or lie, each with a name.

`refused()` are those that must be answered with an error; `cut_off()` are
no complete HTTP requests, so that nothing may come but the end of the
connection.
"""

import socket

import push_initiator as pi
from pushes import Push

BOUNDARY = pi.BOUNDARY
SI = pi.service_indication('http://pi.example/hostile', 'hello')
GOOD_ADDRESS = 'WAPPUSH=+46709999999/TYPE=PLMN@ppg'

BOMB = ('<!DOCTYPE {root} [<!ENTITY a "aaaaaaaaaa">' + ''.join(
    f'<!ENTITY {one} "{f"&{other};" * 10}">'
    for one, other in zip('bcdefghij', 'abcdefghi')) + ']>')
EXTERNAL = '<!DOCTYPE {root} [<!ENTITY j SYSTEM "file:///etc/passwd">]>'


def control(push_id='hostile@pi.example.com', address=GOOD_ADDRESS, head='',
            attributes='', doctype=pi.DOCTYPE, addresses=None):
    """A control entity as text, right but for what is given."""
    addresses = addresses or f'<address address-value="{address}"/>'
    return (f'<?xml version="1.0"{head}?>{doctype}<pap><push-message '
            f'push-id="{push_id}" {attributes}>{addresses}'
            '<quality-of-service delivery-method="unconfirmed"/>'
            '</push-message></pap>')


def parts(*entities, end=f'--{BOUNDARY}--\r\n'):
    """A multipart body of (content type, text or octets)."""
    body = b''
    for kind, entity in entities:
        octets = entity if isinstance(entity, bytes) else entity.encode()
        body += (f'--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n'.encode()
                 + octets + b'\r\n')
    return body + end.encode()


def push(control_entity, content=SI, kind='text/vnd.wap.si'):
    return parts(('application/xml', control_entity), (kind, content))


def documents():
    """Control entities that are wrong."""
    yield 'eleven segments', Push('+46709999999', 11).body(None)
    yield 'neither WAPPUSH= nor TYPE=', push(control(address='+46701234567'))
    yield 'no WAPPUSH=', push(control(address='+46701234567/TYPE=PLMN@ppg'))
    yield 'no TYPE=', push(control(address='WAPPUSH=+46701234567@ppg'))
    yield 'no number', push(control(address='WAPPUSH=/TYPE=PLMN@ppg'))
    yield 'a number without plus', push(control(
        address='WAPPUSH=46701234567/TYPE=PLMN@ppg'))
    yield 'letters for a number', push(control(
        address='WAPPUSH=+467o1234567/TYPE=PLMN@ppg'))
    yield 'an unknown type', push(control(
        address='WAPPUSH=+46701234567/TYPE=PIGEON@ppg'))
    yield 'an address of a user', push(control(
        address='WAPPUSH=john/TYPE=USER@ppg'))
    yield 'an IPv6 address over any bearer', push(control(addresses=(
        '<address address-value="WAPPUSH=2001:db8::1/TYPE=IPv6@ppg"/>'
        '<quality-of-service network="Any" bearer="Any"/>')))
    yield 'an empty address', push(control(address=''))
    yield 'an address of 100,000 digits', push(control(
        address=f'WAPPUSH=+{"4" * 100000}/TYPE=PLMN@ppg'))
    yield 'slashes for an address', push(control(address='/' * 5000))
    yield 'no address', push(control(addresses=' '))
    yield '1,001 addresses', push(control(addresses=''.join(
        f'<address address-value="WAPPUSH=+4670{n:07}/TYPE=PLMN@ppg"/>'
        for n in range(1001))))
    many = ''.join(f' a{n:x}=""' for n in range(2000))
    yield 'two thousand attributes, eight times', push(control(
        addresses=f'<x{many}/>' * 8))
    yield 'two addresses, neither good', push(control(addresses=(
        '<address address-value="WAPPUSH=+/TYPE=PLMN@ppg"/>'
        '<address address-value="WAPPUSH=10.0.0.1/TYPE=IPv4@ppg"/>')))
    yield 'what it replaces is not known', push(control(
        attributes='replace-push-id="never@seen"'))
    yield 'several addresses, confirmed', push(control(addresses=(
        f'<address address-value="{GOOD_ADDRESS}"/>' * 2)).replace(
            '"unconfirmed"', '"confirmed"'))
    yield 'no push-id', push(control().replace('push-id=', 'push-no='))
    yield 'an empty push-id', push(control(push_id=''))
    yield 'a push-id of 100,000 octets', push(control(push_id='x' * 100000))
    yield 'two push-ids', push(control(attributes='push-id="two"'))
    yield 'a month 13', push(control(
        attributes='deliver-before-timestamp="2030-13-01T00:00:00Z"'))
    yield 'a time without time', push(control(
        attributes='deliver-before-timestamp="2030-05-17"'))
    yield 'a control entity that is no XML', push('pap')
    yield 'an empty control entity', push('')
    yield 'an XML document that is no PAP', push(
        '<?xml version="1.0"?><html/>')
    yield 'an empty pap', push(f'<?xml version="1.0"?>{pi.DOCTYPE}<pap/>')
    yield 'elements 20,000 deep', push(
        '<?xml version="1.0"?>' + '<pap>' * 20000 + '</pap>' * 20000)
    yield 'a document cut short', push(control()[:-20])
    yield 'a NUL octet in the document', push(control().replace(
        '<pap>', '<pap>\0'))
    yield 'a NUL octet in the push-id', push(control(push_id='a\0b'))
    yield 'a NUL character in the push-id', push(control(push_id='a&#0;b'))
    yield 'a NUL octet in the address', push(control(
        address='WAPPUSH=+46701\x0034567/TYPE=PLMN@ppg'))
    yield 'octets that are no UTF-8', push(
        control(push_id='@@@').encode().replace(b'@@@', b'\xc3\x28\xff\xfe'))
    yield 'a charset that does not exist', push(control(
        head=' encoding="klingon"'))
    yield 'a charset that it is not in', push(control(
        head=' encoding="UTF-16"').encode() + b'\0')
    yield 'an entity bomb in the control entity', push(control(
        push_id='&j;', doctype=BOMB.format(root='pap')))
    yield 'an external entity in the control entity', push(control(
        push_id='&j;', doctype=EXTERNAL.format(root='pap')))
    si = '<?xml version="1.0"?>{}<si><indication href="http://x/">&j;' \
         '</indication></si>'
    yield 'an entity bomb in the content', push(
        control(push_id='bomb'), si.format(BOMB.format(root='si')))
    yield 'a Service Indication that is no XML', push(
        control(push_id='no-xml'), '<si><indication')


def bombs():
    """Documents that are small to send and large to read."""
    def control_with(doctype, **keys):
        return push(control(push_id=keys.pop('push_id', 'bomb'),
                            doctype=doctype, **keys))
    many = ' '.join(f'a{number}="1"' for number in range(100_000))
    yield 'an attribute of a megabyte', push(control(
        attributes=f'source-reference="{"r" * 900_000}"'))
    yield '100,000 attributes', push(control(attributes=many))
    yield '6,000 attributes of no namespace', push(control(
        attributes=' '.join(f'x:a{number}="1"'
                            for number in range(6_000))))
    yield 'a namespace for each of 6,000 attributes', push(control(
        attributes=' '.join(f'xmlns:n{number}="u{number}"'
                            for number in range(6_000))))
    yield 'entities that name each other', control_with(
        '<!DOCTYPE pap [<!ENTITY a "&b;"><!ENTITY b "&a;">]>', push_id='&a;')
    yield 'a bomb of parameter entities', control_with(
        '<!DOCTYPE pap [<!ENTITY % a "aaaaaaaaaa">' + ''.join(
            f'<!ENTITY % {one} "{f"&#37;{other};" * 10}">'
            for one, other in zip('bcdefghij', 'abcdefghi')) + '%j;]>')
    yield 'a bomb in the default of an attribute', control_with(
        BOMB.format(root='pap').replace(
            ']>', '<!ATTLIST push-message source-reference CDATA "&j;">]>'),
        push_id='&j;')
    yield 'an entity of 60,000 octets, a thousand times', control_with(
        f'<!DOCTYPE pap [<!ENTITY a "{"a" * 50_000}">]>',
        push_id='&a;' * 1000)
    yield 'a comment of a megabyte', push(
        control().replace('<pap>', f'<!--{"c" * 900_000}--><pap>'))
    yield '60,000 processing instructions', push(
        control().replace('<pap>', '<?p i?>' * 60_000 + '<pap>'))
    si = '<?xml version="1.0"?>{}<si>{}</si>'
    yield 'a content 20,000 elements deep', push(control(push_id='deep'), (
        si.format('', '<indication>' * 20_000 + '</indication>' * 20_000)))
    for count in 6_000, 50_000:
        attributes = ' '.join(f'a{number}="1"' for number in range(count))
        yield f'a content of {count} attributes', push(
            control(push_id='wide'), si.format(
                '', f'<indication href="http://x/" {attributes}>x'
                '</indication>'))


def foreign(url):
    """Documents that want `url`, or a file, to be read."""
    for where, target in ('a URL', url), ('a file', 'file:///etc/passwd'):
        yield f'an external entity, {where}', push(control(
            push_id='&j;', doctype='<!DOCTYPE pap [<!ENTITY j SYSTEM '
            f'"{target}">]>'))
        yield f'an external parameter entity, {where}', push(control(
            push_id='&j;', doctype='<!DOCTYPE pap [<!ENTITY % d SYSTEM '
            f'"{target}"> %d;]>'))
        yield f'a DTD that is elsewhere, {where}', push(control(
            push_id='&j;', doctype=f'<!DOCTYPE pap SYSTEM "{target}">'))
        yield f'an XInclude, {where}', push(control().replace(
            '<pap>', '<pap xmlns:xi="http://www.w3.org/2001/XInclude">'
            f'<xi:include href="{target}" parse="text"/>'))
        yield f'an external entity in the content, {where}', push(
            control(push_id=f'content {where}'), '<?xml version="1.0"?>'
            f'<!DOCTYPE si [<!ENTITY j SYSTEM "{target}">]><si><indication '
            'href="http://x/">&j;</indication></si>')


def encodings():
    """Control entities that are not in the encoding that they claim."""
    for name in ('UTF-7', 'UTF-32', 'UCS-4', 'UTF-16LE', 'IBM037', 'EBCDIC',
                 'ISO-2022-JP', 'x' * 30_000):
        text = control(push_id='+AOQ-\u00e4', head=f' encoding="{name}"')
        yield f'{name[:12]} that is Latin-1', push(text.encode('latin-1'))
    text = control(push_id='cut', head=' encoding="UTF-16"')
    yield 'UTF-16 that is cut in a character', push(
        text.encode('utf-16')[:-3])
    yield 'UTF-8 of half a surrogate', push(control(push_id='@@@').encode()
                                            .replace(b'@@@', b'\xed\xa0\x80'))
    yield 'UTF-8 that is longer than need be', push(
        control(push_id='@@@').encode().replace(b'@@@', b'\xc0\xae'))


def bodies():
    """Multipart bodies that are wrong."""
    good = push(control(push_id='bodies'))
    yield 'no body', b''
    yield 'one part only', parts(('application/xml', control()))
    yield 'no part at all', parts()
    yield 'no multipart at all', b'hello'
    yield 'another boundary', good.replace(BOUNDARY.encode(), b'other')
    yield 'NUL octets only', b'\0' * 10000
    yield 'boundaries only', f'--{BOUNDARY}\r\n'.encode() * 10000
    yield 'the content cut off', good[:good.index(b'<si>')]
    yield 'the control entity cut off', good[:150]
    yield 'parts without headers', (
        f'--{BOUNDARY}\r\n{control()}\r\n--{BOUNDARY}\r\n{SI}\r\n'
        f'--{BOUNDARY}--\r\n').encode()


def large():
    """Bodies of ten megabytes."""
    yield '10 MB of nothing in particular', b'x' * 10_000_000
    yield '10 MB of content', push(control(push_id='large'),
                                   pi.service_indication('http://x/',
                                                         'y' * 10_000_000))
    yield '10 MB of control entity', push(control(push_id='z' * 10_000_000))


def requests(path):
    """Whole HTTP requests that are wrong: (name, octets)."""
    good = push(control(push_id='requests'))
    length = f'Content-Length: {len(good)}\r\n'
    kind = f'Content-Type: {pi.CONTENT_TYPE}\r\n'

    def request(method='POST', where=path, headers=kind + length, body=good):
        return (f'{method} {where} HTTP/1.1\r\nHost: ppg\r\n{headers}\r\n'
                .encode() + body)
    yield 'another path', request(where='/nowhere')
    yield 'no content type', request(headers=length)
    yield 'no boundary', request(
        headers=f'Content-Type: multipart/related\r\n{length}')
    yield 'an empty boundary', request(
        headers=f'Content-Type: multipart/related; boundary=\r\n{length}')
    yield 'another content type', request(
        headers=f'Content-Type: text/plain\r\n{length}')
    yield 'a GET', request('GET', headers='', body=b'')


def inquiries():
    """Status queries and cancels that are wrong: (name, body)."""
    def message(kind, attributes='push-id="1"', children='', doctype=''):
        return (f'<?xml version="1.0"?>{doctype}<pap><{kind}-message '
                f'{attributes}>{children}</{kind}-message></pap>').encode()
    for kind in 'statusquery', 'cancel':
        yield f'a {kind} of what there is not', message(kind)
        yield f'a {kind} without push-id', message(kind, '')
        yield f'a {kind} of an empty push-id', message(kind, 'push-id=""')
        yield f'a {kind} of a push-id of 50,000 octets', message(
            kind, f'push-id="{"x" * 50000}"')
        yield f'a {kind} with an address that is none', message(
            kind, children='<address/>')
        yield f'a {kind} with 1,000 addresses', message(
            kind, children='<address address-value="+1"/>' * 1000)
        yield f'a {kind} with an entity bomb', message(
            kind, 'push-id="&j;"', doctype=BOMB.format(root='pap'))
    yield 'a push that is no multipart', control().encode()
    yield 'an answer for a question', (
        b'<pap><statusquery-response push-id="1"/></pap>')
    yield 'a question that is no XML', b'cancel'
    yield 'a question of NUL octets', b'\0' * 1000
    yield 'an empty question', b''


def cut_off(path):
    """Requests after which the client just goes away: (name, octets)."""
    good = push(control(push_id='cut-off'))
    head = f'POST {path} HTTP/1.1\r\nHost: ppg\r\n'
    kind = f'Content-Type: {pi.CONTENT_TYPE}\r\n'
    yield 'half a body', (f'{head}{kind}Content-Length: {len(good)}\r\n\r\n'
                          .encode() + good[:len(good) // 2])
    yield 'a length of 99 GB', (f'{head}{kind}Content-Length: 99999999999'
                                '\r\n\r\n'.encode() + good)
    yield 'a negative length', (f'{head}{kind}Content-Length: -1\r\n\r\n'
                                .encode() + good)
    yield 'half a header', head.encode()
    yield 'a header of a megabyte', (head + 'X: ' + 'x' * 1_000_000).encode()
    yield 'no HTTP', b'\0\1\2\3' * 1000
    yield 'nothing', b''


def refused(path):
    """(name, octets of a whole HTTP request) of all that must be refused,
    but for the large ones."""
    for name, body in [*documents(), *encodings(), *bodies()]:
        yield name, wrap(path, body)
    for name, body in inquiries():
        yield name, wrap(path, body, 'application/xml')
    yield 'a question in klingon', wrap(
        path, pi.inquiry('cancel', '1'), 'application/xml; charset=klingon')
    yield from requests(path)


def wrap(path, body, kind=pi.CONTENT_TYPE):
    """A whole HTTP request with this body."""
    return (f'POST {path} HTTP/1.1\r\nHost: ppg\r\nContent-Type: '
            f'{kind}\r\nContent-Length: {len(body)}\r\n\r\n'
            .encode() + body)


def exchange(address, octets, seconds):
    """Sends these octets over a connection of their own; returns (HTTP
    status, body), or None if the connection ended without an answer. Raises
    TimeoutError if nothing comes."""
    with socket.create_connection(address, seconds) as client:
        try:
            client.sendall(octets)
        except ConnectionError:
            pass        # refused before all was read; the answer may be there
        answer = b''
        while not complete(answer):
            try:
                more = client.recv(65536)
            except ConnectionError:
                break
            if not more:
                break
            answer += more
    if not answer.startswith(b'HTTP/'):
        return None
    head, _, body = answer.partition(b'\r\n\r\n')
    return int(head.split()[1]), body


def complete(answer):
    head, blank, body = answer.partition(b'\r\n\r\n')
    if not blank:
        return False
    for line in head.split(b'\r\n'):
        name, _, value = line.partition(b':')
        if name.lower() == b'content-length':
            return len(body) >= int(value)
    return False
