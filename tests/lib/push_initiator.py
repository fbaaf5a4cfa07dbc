"""A Push Initiator: pushes documents over PAP and is notified of results."""

import http.server
import queue
import threading
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

BOUNDARY = 'convoy-boundary'
DOCTYPES = {
    '1.0': '<!DOCTYPE pap PUBLIC "-//WAPFORUM//DTD PAP 1.0//EN" '
           '"http://www.wapforum.org/DTD/pap_1.0.dtd">',
    '2.0': '<!DOCTYPE pap PUBLIC "-//WAPFORUM//DTD PAP 2.0//EN" '
           '"http://www.wapforum.org/DTD/pap_2.0.dtd" '
           '[<?wap-pap-ver supported-versions="2.0,1.*"?>]>',
    '2.1': '<!DOCTYPE pap PUBLIC "-//WAPFORUM//DTD PAP 2.1//EN" '
           '"http://www.openmobilealliance.org/tech/DTD/pap_2.1.dtd">'}
DOCTYPE = DOCTYPES['1.0']


def service_indication(href, text, **attributes):
    """A Service Indication document. The attributes are those of the element
    indication, with `si_id` for si-id and so on."""
    extra = ''.join(f' {name.replace("_", "-")}={quoteattr(value)}'
                    for name, value in attributes.items())
    return ('<?xml version="1.0"?>\n'
            '<!DOCTYPE si PUBLIC "-//WAPFORUM//DTD SI 1.0//EN" '
            '"http://www.wapforum.org/DTD/si.dtd">\n'
            f'<si><indication href={quoteattr(href)}{extra}>{text}'
            '</indication></si>\n')


def timestamp(at):
    """PAP's form of a time in seconds since the epoch; a part of a second is
    left out."""
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(at))


def address(receiver):
    """The address-value of an international number; others are one."""
    return receiver if '=' in receiver else f'WAPPUSH={receiver}/TYPE=PLMN@ppg'


def push_message(push_id, *receivers, notify_url=None, priority=None,
                 **attributes):
    """The PAP control entity for these receivers, see address(). The
    attributes are further ones of push-message, with `_` for `-`."""
    if notify_url:
        attributes['ppg_notify_requested_to'] = notify_url
    extra = ''.join(f' {name.replace("_", "-")}={quoteattr(value)}'
                    for name, value in attributes.items())
    quality = f'priority="{priority}" ' if priority else ''
    addresses = ''.join(
        f'<address address-value={quoteattr(address(one))}/>'
        for one in receivers)
    return (f'<?xml version="1.0"?>\n{DOCTYPE}\n'
            f'<pap><push-message push-id={quoteattr(push_id)}{extra}>'
            f'{addresses}'
            f'<quality-of-service {quality}delivery-method="unconfirmed"/>'
            '</push-message></pap>\n')


def inquiry(kind, push_id, addresses=(), version='1.0'):
    """A document that asks about a push: kind is statusquery or cancel."""
    named = ''.join(f'<address address-value={quoteattr(one)}/>'
                    for one in addresses)
    return (f'<?xml version="1.0"?>\n{DOCTYPES[version]}\n'
            f'<pap><{kind}-message push-id={quoteattr(push_id)}>{named}'
            f'</{kind}-message></pap>\n').encode()


def findings(document):
    """The results of a statusquery-response or cancel-response: a dictionary
    of each one's attributes, with `addresses`, the list of its addresses, and
    `qos`, the attributes of its quality-of-service or None."""
    found = []
    for one in ET.fromstring(document).iter():
        if one.tag in ('statusquery-result', 'cancel-result'):
            quality = one.find('quality-of-service')
            found.append(dict(
                one.attrib, qos=None if quality is None else quality.attrib,
                addresses=[child.get('address-value')
                           for child in one.findall('address')]))
    return found


def multipart(control, content, content_type='text/vnd.wap.si'):
    """The body of a push: control entity and content."""
    parts = ''.join(
        f'--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n{entity}\r\n'
        for kind, entity in (('application/xml', control),
                             (content_type, content)))
    return f'{parts}--{BOUNDARY}--\r\n'.encode()


CONTENT_TYPE = f'multipart/related; boundary={BOUNDARY}; type="application/xml"'


def post(url, body, headers=(), timeout=30):
    """POSTs one PAP body; returns (HTTP status, body of the answer)."""
    request = urllib.request.Request(
        url, body, dict(headers) or {'Content-Type': CONTENT_TYPE})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def response(document):
    """(code, desc) of a push-response or a badmessage-response."""
    root = ET.fromstring(document)
    for element in root.iter():
        if 'code' in element.attrib:
            return int(element.get('code')), element.get('desc', '')
    raise ValueError('no code in ' + document.decode(errors='replace'))


class Notifications:
    """An HTTP server on a free port of 127.0.0.1 that takes result
    notifications and acknowledges each."""

    def __init__(self):
        self.received = queue.Queue()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                length = int(self.headers.get('Content-Length', 0))
                document = self.rfile.read(length)
                answer = acknowledgement(document)
                self.send_response(202)
                self.send_header('Content-Type', 'application/xml')
                self.send_header('Content-Length', str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                outer.received.put(result(document))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0),
                                                      Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/result'
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def result(document):
    """The attributes of a resultnotification-message, with its address and
    the attributes of its quality-of-service."""
    message = ET.fromstring(document).find('resultnotification-message')
    quality = message.find('quality-of-service')
    return dict(message.attrib,
                address=message.find('address').get('address-value'),
                quality={} if quality is None else quality.attrib)


def acknowledgement(document):
    """The resultnotification-response to a resultnotification-message."""
    push_id = result(document)['push-id']
    return (f'<?xml version="1.0"?>\n{DOCTYPE}\n<pap>'
            f'<resultnotification-response push-id={quoteattr(push_id)} '
            'code="1000" desc="OK"/></pap>\n').encode()
